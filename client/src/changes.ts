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

export const changesOf = (thread: string): Changes => {
  const done = new Map<number, Settled | null>();
  const held = new Set<number>();
  let pending: readonly PendingChange[] = [];
  let refused: readonly RefusedChange[] = [];
  let limit = batchMax;

  const remember = (op: number, outcome: Settled | null): void => {
    done.set(op, outcome);
    const [oldest] = done.keys();
    if (done.size > rememberedMax && oldest !== undefined) done.delete(oldest);
  };

  const add = (change: PendingChange, former?: number): Settled | null => {
    const known = done.get(change.op);
    // Under both: the store has told of it before whoever said it learnt its number.
    const others = pending.filter(({ op }) => op !== former && op !== change.op);
    if (known !== undefined) {
      pending = others;
      return known;
    }
    // By number; what has none yet is the latest, and stays where it is among its like.
    pending =
      change.op < 0 ? [...others, change] : [...others, change].sort((a, b) => rank(a) - rank(b));
    if (change.refused) settle([{ ...change.refused, op: change.op, outcome: "refused" }]);
    return null;
  };

  const settle = (outcomes: readonly Settled[]): readonly Settled[] =>
    outcomes.filter((it) => {
      const { op, outcome, code = "refused", detail = "" } = it;
      if (op === undefined || (done.has(op) && outcome !== "dismissed")) return false;
      remember(op, it);
      const found = pending.find((one) => one.op === op);
      pending = pending.filter((one) => one !== found);
      refused = refused.filter((one) => one.op !== op);
      if (found && outcome === "refused") {
        refused = [...refused, { op, change: found.change, code, detail }];
      }
      return true;
    });

  const merge = (changes: readonly PendingChange[]): void => {
    for (const change of changes) if (change.thread === thread) add(change);
  };

  return {
    get pending() {
      return pending;
    },
    get refused() {
      return refused;
    },
    add,
    merge,
    batch(state) {
      const numbered = held.size ? [] : pending.filter(({ op }) => op > 0);
      const fit = fitting(numbered, state);
      return [fit.slice(0, limit), fit.length < numbered.length];
    },
    isTurn: (op) => pending.some((it) => it.op === op && it.change.type === "start_run"),
    settle,
    answered(ops, outcomes, reset) {
      limit = batchMax;
      return !reset && ops.some((op) => outcomes.every((it) => it.op !== op));
    },
    blame(ops, index) {
      const blamed = ops.length === 1 ? ops[0] : ops[index ?? -1];
      limit = blamed === undefined ? Math.ceil(ops.length / 2) : batchMax;
      return pending.find(({ op }) => op === blamed);
    },
    hold(meant) {
      const ops = pending.filter((it) => it.op > 0 && meant(it)).map(({ op }) => op);
      for (const op of ops) held.add(op);
      return ops;
    },
    renumbered(changes, former) {
      for (const op of former) {
        held.delete(op);
        remember(op, null);
      }
      pending = pending.filter(({ op }) => !former.includes(op));
      merge(changes);
    },
  };
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
