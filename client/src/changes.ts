// changes.ts: the changes of one thread that are not answered, in the order in which they were made.
//
// One that has no number yet (the store is giving it) has an `op` below 0: it is shown, not sent.

import type { PendingChange, RefusedChange, Settled } from "./types.js";
import type { Cursor } from "./wire.js";

export interface Changes {
  readonly pending: readonly PendingChange[];
  readonly refused: readonly RefusedChange[];
  /** `former`: the number under which it was shown till now. Its outcome, if that was faster. */
  add(change: PendingChange, former?: number): Settled | null;
  merge(changes: readonly PendingChange[]): void;
  /** What is to be sent next. */
  batch(): readonly PendingChange[];
  /** Takes off what is answered or dismissed; returns the outcomes that were news. */
  settle(outcomes: readonly Settled[]): readonly Settled[];
  /** A request was answered. True: without a word on a change of it, though nothing was reset. */
  answered(ops: readonly number[], outcomes: readonly Settled[], reset: boolean): boolean;
  /** Which change spoiled its request? Undefined: not known yet; fewer are sent together next. */
  blame(ops: readonly number[], index: number | undefined): PendingChange | undefined;
  /** Nothing is sent until those that are meant have new numbers. */
  hold(meant: (seen: Cursor | null) => boolean): readonly number[];
  renumbered(changes: readonly PendingChange[], former: readonly number[]): void;
}

const batchMax = 64;
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
    const place = pending.findIndex(({ op }) => op === former || op === change.op);
    const others = pending.filter((_, at) => at !== place);
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
    batch: () => (held.size ? [] : pending.filter(({ op }) => op > 0).slice(0, limit)),
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
      const ops = pending.filter(({ op, seen }) => op > 0 && meant(seen)).map(({ op }) => op);
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
