// changes.ts: the changes of one thread that are not answered, in the order in which they were made.
//
// One that has no number yet (the store is giving it) has an `op` below 0: it is shown, not sent.

import type { PendingChange, RefusedChange } from "./types.js";
import type { Ack, Cursor, Outcome, Timestamp } from "./wire.js";

const batchMax = 64;
const rememberedMax = 512;

export class Changes {
  readonly #thread: string;
  readonly #done = new Map<number, Outcome | null>();
  readonly #held = new Set<number>();
  #pending: readonly PendingChange[] = [];
  #refused: readonly RefusedChange[] = [];
  #limit = batchMax;

  constructor(thread: string) {
    this.#thread = thread;
  }

  get pending(): readonly PendingChange[] {
    return this.#pending;
  }

  get refused(): readonly RefusedChange[] {
    return this.#refused;
  }

  /** `former`: the number under which it was shown till now. Its outcome, if that was faster. */
  add(change: PendingChange, former?: number): Outcome | null {
    const known = this.#done.get(change.op);
    if (known !== undefined) {
      this.#pending = this.#pending.filter((it) => it.op !== former);
      return known;
    }
    const place = this.#pending.findIndex((it) => it.op === former || it.op === change.op);
    if (place >= 0) this.#pending = this.#pending.map((it, at) => (at === place ? change : it));
    else this.#pending = [...this.#pending, change];
    if (change.op > 0) this.#sort();
    return null;
  }

  merge(changes: readonly PendingChange[]): void {
    for (const change of changes) {
      if (change.thread === this.#thread) this.add(change);
    }
  }

  // By number; what has none yet is the latest.
  #sort(): void {
    const place = (op: number) => (op > 0 ? op : Number.MAX_SAFE_INTEGER);
    this.#pending = [...this.#pending].sort((a, b) => place(a.op) - place(b.op));
  }

  batch(): readonly PendingChange[] {
    if (this.#held.size > 0) return [];
    return this.#pending.filter((it) => it.op > 0).slice(0, this.#limit);
  }

  /** Takes off what is answered; returns the outcomes that were news. */
  settle(outcomes: readonly Outcome[]): readonly Outcome[] {
    const news: Outcome[] = [];
    for (const outcome of outcomes) {
      const { op } = outcome;
      if (op === undefined || this.#done.has(op)) continue;
      this.#remember(op, outcome);
      news.push(outcome);
      const found = this.#pending.find((it) => it.op === op);
      if (found === undefined) continue;
      this.#pending = this.#pending.filter((it) => it !== found);
      if (outcome.outcome === "applied") continue;
      const { code = "refused", detail = "" } = outcome;
      this.#refused = [...this.#refused, { op, change: found.change, code, detail }];
    }
    return news;
  }

  #remember(op: number, outcome: Outcome | null): void {
    this.#done.set(op, outcome);
    if (this.#done.size <= rememberedMax) return;
    for (const oldest of this.#done.keys()) {
      this.#done.delete(oldest);
      return;
    }
  }

  outcomes(acks: readonly Ack[], ts: Timestamp): readonly Outcome[] {
    return acks.flatMap(({ op, outcome }) => {
      const found = this.#pending.find((it) => it.op === op);
      return found === undefined ? [] : [{ op, type: found.change.type, outcome, ts }];
    });
  }

  /** A request was answered. True: without a word on a change of it, though nothing was reset. */
  answered(ops: readonly number[], outcomes: readonly Outcome[], reset: boolean): boolean {
    this.#limit = batchMax;
    const named = new Set(outcomes.map((it) => it.op));
    return !reset && ops.some((op) => !named.has(op));
  }

  /** Which change spoiled its request? Null: not known yet; fewer are sent together next. */
  blame(ops: readonly number[], index: number | null): number | null {
    const blamed = ops.length === 1 ? ops[0] : index === null ? undefined : ops[index];
    this.#limit = blamed === undefined ? Math.ceil(ops.length / 2) : batchMax;
    return blamed ?? null;
  }

  /** Nothing is sent until those that are meant have new numbers. */
  hold(meant: (seen: Cursor | null) => boolean): readonly number[] {
    const ops = this.#pending.filter((it) => it.op > 0 && meant(it.seen)).map((it) => it.op);
    for (const op of ops) this.#held.add(op);
    return ops;
  }

  renumbered(changes: readonly PendingChange[], former: readonly number[]): void {
    for (const op of former) {
      this.#held.delete(op);
      this.#remember(op, null);
    }
    this.#pending = this.#pending.filter((it) => !former.includes(it.op));
    this.merge(changes);
  }

  dismiss(op: number): boolean {
    const left = this.#refused.filter((it) => it.op !== op);
    const found = left.length < this.#refused.length;
    this.#refused = left;
    return found;
  }
}
