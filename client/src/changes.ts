// SPDX-License-Identifier: Apache-2.0
// changes.ts: the changes of one thread that are not answered, in the order in which they were made.
//
// One that has no number yet (the store is giving it) has an `op` below 0: it is shown, not sent.

import { runsOf } from "./runs.js";
import type { ThreadState } from "./state.js";
import type { PendingChange, RefusedChange, Settled } from "./types.js";
import type { ChangeBody } from "./wire.js";

export interface Changes {
  readonly pending: readonly PendingChange[];
  readonly refused: readonly RefusedChange[];
  /** `former`: the number under which it was shown till now. Its outcome, if that was faster. */
  add(change: PendingChange, former?: number): Settled | null;
  merge(changes: readonly PendingChange[]): void;
  /** What is to be sent next, and whether some of it is held back until there is room for it. */
  batch(state: ThreadState): readonly [now: readonly PendingChange[], heldBack: boolean];
  /** Is it a turn, which may have to wait for those before it? */
  isTurn(op: number | undefined): boolean;
  /** Takes off what is answered or dismissed; returns the outcomes that were news. */
  settle(outcomes: readonly Settled[]): readonly Settled[];
  /** A request was answered. True: without a word on a change of it, though nothing was reset. */
  answered(ops: readonly number[], outcomes: readonly Settled[], reset: boolean): boolean;
  /** Which change spoiled its request? Undefined: not known yet; fewer are sent together next. */
  blame(ops: readonly number[], index: number | undefined): PendingChange | undefined;
  /** Nothing is sent until those that are meant have new numbers. */
  hold(meant: (change: PendingChange) => boolean): readonly number[];
  renumbered(changes: readonly PendingChange[], former: readonly number[]): void;
}

const batchMax = 64;
// So many turns wait on the server; those behind them wait here.
const turnsMax = 32;
const rememberedMax = 512;

export const createChanges = (thread: string): Changes => new ChangeList(thread);

class ChangeList implements Changes {
  pending: readonly PendingChange[] = [];
  refused: readonly RefusedChange[] = [];
  readonly #thread: string;
  /** What became of the last of them; null: it has another number now. */
  readonly #done = new Map<number, Settled | null>();
  readonly #held = new Set<number>();
  #limit = batchMax;

  constructor(thread: string) {
    this.#thread = thread;
  }

  add(change: PendingChange, former?: number): Settled | null {
    const known = this.#done.get(change.op);
    // Under both: the store has told of it before whoever said it learnt its number.
    this.pending = this.pending.filter(({ op }) => op !== former && op !== change.op);
    if (known !== undefined) return known;
    this.pending = inOrder(this.pending, change);
    if (change.refused) this.settle([{ ...change.refused, op: change.op, outcome: "refused" }]);
    return null;
  }

  merge(changes: readonly PendingChange[]): void {
    for (const change of changes) if (change.thread === this.#thread) this.add(change);
  }

  batch(state: ThreadState): readonly [now: readonly PendingChange[], heldBack: boolean] {
    const numbered = this.#held.size ? [] : this.pending.filter(({ op }) => op > 0);
    const fit = fitting(numbered, state);
    return [fit.slice(0, this.#limit), fit.length < numbered.length];
  }

  isTurn(op: number | undefined): boolean {
    return this.pending.some((it) => it.op === op && it.change.type === "start_run");
  }

  settle(outcomes: readonly Settled[]): readonly Settled[] {
    return outcomes.filter((it) => {
      const { op, outcome, code = "refused", detail = "" } = it;
      if (op === undefined || (this.#done.has(op) && outcome !== "dismissed")) return false;
      this.#remember(op, it);
      const found = this.pending.find((one) => one.op === op);
      this.pending = this.pending.filter((one) => one !== found);
      this.refused = this.refused.filter((one) => one.op !== op);
      if (found && outcome === "refused") {
        this.refused = [...this.refused, { op, change: found.change, code, detail }];
      }
      return true;
    });
  }

  answered(ops: readonly number[], outcomes: readonly Settled[], reset: boolean): boolean {
    this.#limit = batchMax;
    return !reset && ops.some((op) => outcomes.every((it) => it.op !== op));
  }

  blame(ops: readonly number[], index: number | undefined): PendingChange | undefined {
    const blamed = ops.length === 1 ? ops[0] : ops[index ?? -1];
    this.#limit = blamed === undefined ? Math.ceil(ops.length / 2) : batchMax;
    return this.pending.find(({ op }) => op === blamed);
  }

  hold(meant: (change: PendingChange) => boolean): readonly number[] {
    const ops = this.pending.filter((it) => it.op > 0 && meant(it)).map(({ op }) => op);
    for (const op of ops) this.#held.add(op);
    return ops;
  }

  renumbered(changes: readonly PendingChange[], former: readonly number[]): void {
    for (const op of former) {
      this.#held.delete(op);
      this.#remember(op, null);
    }
    this.pending = this.pending.filter(({ op }) => !former.includes(op));
    this.merge(changes);
  }

  #remember(op: number, outcome: Settled | null): void {
    this.#done.set(op, outcome);
    const [oldest] = this.#done.keys();
    if (this.#done.size > rememberedMax && oldest !== undefined) this.#done.delete(oldest);
  }
}

/** By number; what has none yet is the latest, and stays where it is among its like. */
const inOrder = (pending: readonly PendingChange[], change: PendingChange) => {
  const all = [...pending, change];
  return change.op < 0 ? all : all.sort((a, b) => rank(a) - rank(b));
};

const rank = ({ op }: PendingChange) => (op > 0 ? op : 2 ** 53);

// --- Room ------------------------------------------------------------------------------------------

/** No more turns can wait on the server. */
export const isFull = ({ runs }: ThreadState): boolean => runsOf(runs).queued.length >= turnsMax;

/** All but the turns for which the server has no room, and what names something of them. */
const fitting = (
  pending: readonly PendingChange[],
  { runs }: ThreadState,
): readonly PendingChange[] => {
  const { running, queued } = runsOf(runs);
  let waiting = queued.length;
  let busy = running !== undefined || waiting > 0;
  const heldBack = new Set<unknown>();
  return pending.filter(({ op, change }) => {
    const turn = change.type === "start_run" && !runs.has(change.run ?? "");
    const waits = turn && change.when_busy !== "reject" && busy;
    if ((waits && waiting >= turnsMax) || namesIn(change).some((it) => heldBack.has(it))) {
      for (const made of [op, ...madeBy(change)]) heldBack.add(made);
      return false;
    }
    if (waits && (change.when_busy ?? (change.parent === undefined && "queue")) === "queue")
      waiting += 1;
    busy ||= turn;
    return true;
  });
};

/** What a change makes that others may name. */
const madeBy = (change: ChangeBody): readonly unknown[] => {
  if (change.type === "put_message") return [change.message.id];
  if (change.type !== "start_run") return [];
  return [change.run, ...(change.input ?? []).map((it) => it.id)];
};

const namesIn = (change: ChangeBody): readonly unknown[] => {
  switch (change.type) {
    case "start_run":
      return [change.after, change.parent, ...(change.needs ?? [])];
    case "put_message":
      return [change.message.id, change.after, change.parent];
    case "delete_message":
      return [change.message];
    case "stop_run":
      return [change.run];
    case "move_head":
      return [change.head];
    default:
      return [];
  }
};
