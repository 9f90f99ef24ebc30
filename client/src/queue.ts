// SPDX-License-Identifier: Apache-2.0
// queue.ts: the changes of this client, from the call to the outcome.
//
// Every change takes the same way: the session shows it, the store numbers and keeps it, the
// session of its thread in the leading tab sends it, and the store drops it when its outcome has
// come.

import type { Held, Turn } from "./held.js";
import type { Tabs } from "./net/tabs.js";
import { closed, gone, resultOf } from "./results.js";
import type { Session } from "./session_face.js";
import type { PendingChange, Result, Settled, Store } from "./types.js";
import type { Cursor } from "./wire.js";

/** The part of the client that the queue calls. */
export interface QueueHost {
  readonly ready: Promise<Store>;
  readonly tabs: Tabs | undefined;
  /** Null: deletions can't be undone. */
  readonly held: Pick<Held, "flush"> | null;
  readonly over: boolean;
  session(thread: string): Session;
  /** Does the client show the whole thread as deleted? */
  isHidden(thread: string): boolean;
}

export interface Queue {
  /** The unanswered changes of this client's callers, by number. */
  readonly asked: ReadonlyMap<number, Asked>;
  add(change: Omit<PendingChange, "op">, turn?: Turn): Promise<Result>;
  /** Outcomes came to this tab: stores them, answers the callers, tells the other tabs. */
  settled(thread: string, outcomes: readonly Settled[]): void;
  answer(outcomes: readonly Settled[]): void;
  renumber(thread: string, ops: readonly number[], seen: Cursor | null | undefined): Promise<void>;
  renumbered(thread: string, changes: readonly PendingChange[], former: readonly number[]): void;
  /** Takes over the stored changes, of before a reload or of the tab that led until now. */
  takeOver(): Promise<void>;
  /** Writes in order. If the store fails, only the stored copy is lost. */
  write(task: (to: Store) => Promise<unknown>): void;
  /** Resolves when the store has everything. */
  end(): Promise<unknown>;
}

interface Asked {
  readonly change: PendingChange;
  readonly resolve: (result: Result) => void;
}

export const createQueue = (host: QueueHost): Queue => new ChangeQueue(host);

class ChangeQueue implements Queue {
  readonly asked = new Map<number, Asked>();
  readonly #host: QueueHost;
  #provisional = 0;
  #adding: Promise<unknown>;
  #writing: Promise<unknown>;

  constructor(host: QueueHost) {
    this.#host = host;
    this.#adding = this.#writing = host.ready;
  }

  add(change: Omit<PendingChange, "op">, turn?: Turn): Promise<Result> {
    const { thread } = change;
    const session = this.#host.session(thread);
    if (this.#host.isHidden(thread)) return Promise.resolve(gone);
    // The change builds on the view, so send the deletions that the view shows before it.
    if (!turn) this.#host.held?.flush(thread);
    const shown = { ...change, op: --this.#provisional };
    session.add(shown);
    return new Promise((resolve) => {
      this.#adding = this.#adding.then(async () => {
        if (turn && !(await turn.mine())) {
          session.settle([{ op: shown.op, outcome: "dismissed" }]);
          return resolve(gone);
        }
        const kept = await (await this.#host.ready).add(change);
        await turn?.kept();
        this.#kept(kept, shown.op, resolve);
      });
    });
  }

  #kept(kept: PendingChange, former: number, resolve: Asked["resolve"]): void {
    const { tabs, over } = this.#host;
    if (over) {
      tabs?.added(kept);
      return resolve(closed);
    }
    this.asked.set(kept.op, { change: kept, resolve });
    const known = this.#host.session(kept.thread).add(kept, former);
    if (known) this.answer([known]);
    else tabs?.added(kept);
  }

  settled(thread: string, outcomes: readonly Settled[]): void {
    this.write((to) => to.settle(thread, outcomes));
    this.answer(outcomes);
    this.#host.tabs?.settled(thread, outcomes);
  }

  answer(outcomes: readonly Settled[]): void {
    for (const outcome of outcomes) {
      const { op = 0 } = outcome;
      this.asked.get(op)?.resolve(resultOf(outcome));
      this.asked.delete(op);
    }
  }

  async renumber(
    thread: string,
    ops: readonly number[],
    seen: Cursor | null | undefined,
  ): Promise<void> {
    const changes = await (await this.#host.ready).renumber(thread, ops, seen);
    this.renumbered(thread, changes, ops);
    this.#host.tabs?.renumbered(thread, changes, ops);
  }

  renumbered(thread: string, changes: readonly PendingChange[], former: readonly number[]): void {
    for (const [at, op] of former.entries()) {
      const told = this.asked.get(op);
      const change = changes[at];
      if (told && change) this.asked.set(change.op, { ...told, change });
      this.asked.delete(op);
    }
    this.#host.session(thread).renumbered(changes, former);
  }

  async takeOver(): Promise<void> {
    await this.#writing;
    for (const change of await (await this.#host.ready).pending()) {
      const { thread, refused } = change;
      const known = refused ? null : this.#host.session(thread).add(change);
      // Another tab sent its outcome, and closed before it stored it.
      if (known) this.settled(thread, [known]);
    }
  }

  write(task: (to: Store) => Promise<unknown>): void {
    this.#writing = this.#writing
      .then(async () => task(await this.#host.ready))
      .catch(() => undefined);
  }

  end(): Promise<unknown> {
    for (const { resolve } of this.asked.values()) resolve(closed);
    this.asked.clear();
    return Promise.allSettled([this.#adding, this.#writing]);
  }
}
