// SPDX-License-Identifier: Apache-2.0
// memory.ts: a store that ends with the page: for Node, for tests, and where IndexedDB fails.

import { newId } from "../id.js";
import type { HeldDeletion, PendingChange, Store, StoredThread } from "../types.js";
import type { Thread } from "../wire.js";

export const memoryStore = (): Store => {
  let last = 0;
  let pending: readonly PendingChange[] = [];
  let list: readonly Thread[] = [];
  let held: readonly HeldDeletion[] = [];
  const threads = new Map<string, StoredThread>();
  return {
    shared: null,
    device: newId("d"),
    async add(change) {
      const numbered = { ...change, op: ++last };
      pending = [...pending, numbered];
      return numbered;
    },
    // A refused change needs no place here: the session shows it, and lives as long as this store.
    async settle(thread, outcomes) {
      pending = pending.filter(
        (it) => it.thread !== thread || !outcomes.some(({ op }) => op === it.op),
      );
    },
    async renumber(thread, ops, seen) {
      const [renumbered, next] = renumbering(pending, { thread, ops, seen }, last);
      last = next;
      pending = [
        ...pending.filter((it) => it.thread !== thread || !ops.includes(it.op)),
        ...renumbered,
      ];
      return renumbered;
    },
    async pending() {
      return pending;
    },
    async thread(id) {
      return threads.get(id) ?? null;
    },
    async keepThread(thread) {
      threads.set(thread.id, thread);
    },
    async dropThread(id) {
      threads.delete(id);
    },
    async held(change) {
      if (change) held = change(held);
      return held;
    },
    async threads() {
      return list;
    },
    async keepThreads(kept) {
      list = kept;
    },
    close() {},
  };
};

export type Renumbering = typeof renumbering;

/** The changes that get new numbers. */
interface Renumber {
  readonly thread: string;
  readonly ops: readonly number[];
  readonly seen: string | null | undefined;
}

/** These changes with new numbers, seen at `seen` (undefined: as before); `needs` follows them. */
export const renumbering = (
  pending: readonly PendingChange[],
  { thread, ops, seen }: Renumber,
  last: number,
): [readonly PendingChange[], number] => {
  const names = new Map<number, number>();
  const renumbered: PendingChange[] = [];
  for (const old of pending) {
    if (old.thread !== thread || !ops.includes(old.op)) continue;
    names.set(old.op, ++last);
    let { change } = old;
    if (change.type === "start_run" && change.needs !== undefined) {
      change = { ...change, needs: change.needs.map((op) => names.get(op) ?? op) };
    }
    renumbered.push({ ...old, change, op: last, seen: seen === undefined ? old.seen : seen });
  }
  return [renumbered, last];
};
