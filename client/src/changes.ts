// SPDX-License-Identifier: Apache-2.0
// changes.ts: the unanswered changes of one thread, in the order in which they were made.
//
// Until the store has given a change its number, its `op` is below 0: it is shown, but not sent.

import { runsOf } from "./runs.js";
import type { ThreadState } from "./state.js";
import type { PendingChange, RefusedChange, Settled } from "./types.js";
import type { ChangeBody, MessageInput } from "./wire.js";

export interface Changes {
  readonly pending: readonly PendingChange[];
  readonly refused: readonly RefusedChange[];
  /** `former`: its provisional number. Returns its outcome if that came first. */
  add(change: PendingChange, former?: number): Settled | null;
  merge(changes: readonly PendingChange[]): void;
  /** The changes to send next, and whether some are held back until the server has room. */
  batch(state: ThreadState): readonly [now: readonly PendingChange[], heldBack: boolean];
  /** Is it a turn (a start of a run), which may have to wait for earlier ones? */
  isTurn(op: number | undefined): boolean;
  /** Removes answered and dismissed changes; returns the outcomes that were new. */
  settle(outcomes: readonly Settled[]): readonly Settled[];
  /** A request was answered. True: a change of it has no outcome, though there was no reset. */
  answered(ops: readonly number[], outcomes: readonly Settled[], reset: boolean): boolean;
  /** The faulty change of a refused request. Undefined: not known; the next batch is smaller. */
  blame(ops: readonly number[], index: number | undefined): PendingChange | undefined;
  /** Sends nothing until the changes that `meant` selects have new numbers. Returns their ops. */
  hold(meant: (change: PendingChange) => boolean): readonly number[];
  renumbered(changes: readonly PendingChange[], former: readonly number[]): void;
}

const batchMax = 64;
// The server lets 32 turns of a thread wait; later ones wait here.
const turnsMax = 32;
const rememberedMax = 512;

export const createChanges = (thread: string): Changes => new ChangeList(thread);

class ChangeList implements Changes {
  pending: readonly PendingChange[] = [];
  refused: readonly RefusedChange[] = [];
  readonly #thread: string;
  /** The outcomes of the last 512 changes; null: the change has another number now. */
  readonly #done = new Map<number, Settled | null>();
  readonly #held = new Set<number>();
  #limit = batchMax;

  constructor(thread: string) {
    this.#thread = thread;
  }

  add(change: PendingChange, former?: number): Settled | null {
    const known = this.#done.get(change.op);
    // Under both numbers: another tab may have sent it before this one got its number.
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

/** By number; changes without one come last, in the order in which they were made. */
const inOrder = (pending: readonly PendingChange[], change: PendingChange) => {
  const all = [...pending, change];
  return change.op < 0 ? all : all.sort((a, b) => rank(a) - rank(b));
};

const rank = ({ op }: PendingChange) => (op > 0 ? op : 2 ** 53);

// --- Room ----------------------------------------------------------------------------------------

/** The server lets no more turns wait. */
export const isFull = ({ runs }: ThreadState): boolean => runsOf(runs).queued.length >= turnsMax;

/** All but the turns for which the server has no room, and changes that name a part of those. */
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
    if ((waits && waiting >= turnsMax) || namesIn(change).some((it) => it && heldBack.has(it))) {
      for (const made of [op, ...madeBy(change)]) heldBack.add(made);
      return false;
    }
    if (waits && (change.when_busy ?? (change.parent === undefined && "queue")) === "queue")
      waiting += 1;
    busy ||= turn;
    return true;
  });
};

/** The ids that a change makes and later changes may name. */
const madeBy = (change: ChangeBody): readonly unknown[] => {
  if (change.type === "put_message") return [change.message.id];
  if (change.type !== "start_run") return [];
  return [change.run, ...(change.input ?? []).map((it) => it.id)];
};

const namesIn = (change: ChangeBody): readonly unknown[] => {
  const { message, head, after, parent, continue: cut, needs = [] } = change as Naming;
  const own = (message as MessageInput | undefined)?.id ?? message; // an id has no `id`
  return [own, head, after, parent, cut, change.type === "stop_run" && change.run, ...needs];
};

/** All fields of changes that name something, but the id of a run, which a start makes. */
interface Naming {
  readonly message?: string | MessageInput;
  readonly head?: string | null;
  readonly after?: string | null;
  readonly parent?: string | null;
  readonly continue?: string;
  readonly needs?: readonly number[];
}
