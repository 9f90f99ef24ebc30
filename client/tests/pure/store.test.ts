// SPDX-License-Identifier: Apache-2.0
// store.test.ts: the promises of every store, and the store of a browser that fails.

import {
  IDBFactory,
  IDBKeyRange,
  IDBObjectStore,
  IDBDatabase as FakeDatabase,
} from "fake-indexeddb";
import { afterEach, describe, expect, test } from "vitest";

import { indexedDbStore, memoryStore } from "../../src/index.js";
import type { PendingChange, Store, StoredThread } from "../../src/types.js";
import { threadOf } from "../given.js";

globalThis.IDBKeyRange ??= IDBKeyRange;

const said = (thread: string, title: string): Omit<PendingChange, "op"> => ({
  thread,
  change: { type: "update_thread", title },
  seen: null,
});
const titles = (changes: readonly PendingChange[]) =>
  changes.map(({ change }) => (change.type === "update_thread" ? change.title : change.type));
const applied = (...ops: readonly number[]) =>
  ops.map((op) => ({ op, outcome: "applied" }) as const);

const stored = (id: string, cursor: string): StoredThread => ({
  id,
  cursor,
  thread: threadOf(id),
  messages: [],
  runs: [],
});

let opened = 0;
const makers: readonly [string, () => Promise<Store>][] = [
  ["in memory", async () => memoryStore()],
  ["in IndexedDB, shared by tabs", () => browser().open()],
  ["in IndexedDB, of one tab", () => browser(false).open()],
];

/** A browser with its own database. */
function browser(turns = true) {
  const indexedDB = new IDBFactory();
  const name = `store-${++opened}`;
  return { open: () => indexedDbStore(name, { indexedDB, turns }) };
}

describe.each(makers)("a store %s", (_, make) => {
  test("numbers changes in order, and gives no number twice", async () => {
    const store = await make();
    const first = await Promise.all(["a", "b", "c"].map((it) => store.add(said("t", it))));
    expect(titles(first)).toEqual(["a", "b", "c"]);
    expect(first.map((it) => it.op)).toEqual([1, 2, 3]);
    await store.settle("t", applied(1, 2, 3));
    expect((await store.add(said("t", "d"))).op).toBe(4);
    expect(titles(await store.pending())).toEqual(["d"]);
  });

  test("forgets applied and dismissed changes, and no others", async () => {
    const store = await make();
    for (const it of ["a", "b", "c"]) await store.add(said("t", it));
    await store.add(said("other", "d"));
    await store.settle("t", [...applied(1), { op: 3, outcome: "dismissed" }, ...applied(99)]);
    expect(titles(await store.pending())).toEqual(["b", "d"]);
  });

  test("gives new numbers after all others, in order, and changes `needs` with them", async () => {
    const store = await make();
    await store.add(said("t", "a"));
    await store.add({
      thread: "t",
      change: { type: "start_run", run: "r", needs: [1] },
      seen: "1@e",
    });
    await store.add(said("t", "stays"));
    const renumbered = await store.renumber("t", [1, 2], "5@f");
    expect(renumbered.map(({ op, seen }) => [op, seen])).toEqual([
      [4, "5@f"],
      [5, "5@f"],
    ]);
    expect(renumbered[1]?.change).toMatchObject({ needs: [4] });
    expect((await store.pending()).map((it) => it.op)).toEqual([3, 4, 5]);
    expect((await store.add(said("t", "last"))).op).toBe(6);
  });

  test("holds the last copy of a thread, and the last list", async () => {
    const store = await make();
    expect(await store.thread("t")).toBeNull();
    await store.keepThread(stored("t", "1@e"));
    await store.keepThread(stored("t", "2@e"));
    expect((await store.thread("t"))?.cursor).toBe("2@e");
    await store.dropThread("t");
    expect(await store.thread("t")).toBeNull();
    expect(await store.threads()).toEqual([]);
    await store.keepThreads([threadOf("a"), threadOf("b")]);
    expect((await store.threads()).map((it) => it.id)).toEqual(["a", "b"]);
    store.close();
  });
});

describe("the store of a browser", () => {
  const { put } = IDBObjectStore.prototype;
  const { transaction } = FakeDatabase.prototype;
  afterEach(() => {
    IDBObjectStore.prototype.put = put;
    FakeDatabase.prototype.transaction = transaction;
  });

  /** From now on these tables are full. */
  const fill = (...tables: readonly string[]) => {
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...args) {
      if (tables.includes(this.name)) throw new DOMException("full", "QuotaExceededError");
      return put.apply(this, args);
    };
  };

  test("is the same device after a reload, with its unanswered and refused changes", async () => {
    const { open } = browser();
    const before = await open();
    for (const it of ["a", "b"]) await before.add(said("t", it));
    await before.settle("t", [{ op: 1, outcome: "refused", code: "no", detail: "Not so." }]);
    before.close();
    const after = await open();
    expect(after.device).toBe(before.device);
    expect((await after.pending()).map((it) => it.refused)).toEqual([
      { code: "no", detail: "Not so." },
      undefined,
    ]);
    expect((await after.add(said("t", "c"))).op).toBe(3);
  });

  test("gives tabs that share it numbers of one row", async () => {
    const { open } = browser();
    const tabs = [await open(), await open()];
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, at) => tabs[at % 2]?.add(said("t", `${at}`))),
    );
    expect(new Set(all.map((it) => it?.op)).size).toBe(20);
    expect(await tabs[0]?.pending()).toHaveLength(20);
  });

  test("gives up its copies of threads if a change has no room", async () => {
    const store = await browser().open();
    await store.keepThread(stored("t", "1@e"));
    let full = true;
    const clear = IDBObjectStore.prototype.clear;
    IDBObjectStore.prototype.clear = function (this: IDBObjectStore) {
      full = false;
      return clear.apply(this);
    };
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...args) {
      if (full) throw new DOMException("full", "QuotaExceededError");
      return put.apply(this, args);
    };
    const kept = await store.add(said("t", "a"));
    IDBObjectStore.prototype.clear = clear;
    expect(kept.op).toBe(1);
    expect(await store.thread("t")).toBeNull();
    expect(titles(await store.pending())).toEqual(["a"]);
  });

  test("without any room, changes last as long as the page", async () => {
    const { open } = browser();
    const before = await open();
    for (const it of ["a", "b"]) await before.add(said("t", it));
    await before.settle("t", applied(1, 2));
    before.close();

    const store = await open();
    fill("pending", "meta");
    expect((await store.add(said("t", "c"))).op).toBe(3);
    expect((await store.add(said("t", "d"))).op).toBe(4);
    expect((await store.renumber("t", [3], "1@e")).map((it) => it.op)).toEqual([5]);
    expect((await store.pending()).map((it) => it.op)).toEqual([4, 5]);
    IDBObjectStore.prototype.put = put;
    expect((await store.add(said("t", "e"))).op).toBe(6);
    await store.settle("t", applied(4, 5, 6));
    expect(await store.pending()).toEqual([]);
  });

  test("a database that is taken away costs only the copies", async () => {
    const store = await browser().open();
    await store.keepThread(stored("t", "1@e"));
    await store.add(said("t", "a"));
    FakeDatabase.prototype.transaction = () => {
      throw new DOMException("closing", "InvalidStateError");
    };
    expect(await store.thread("t")).toBeNull();
    expect(await store.threads()).toEqual([]);
    expect((await store.add(said("t", "b"))).op).toBe(2);
    expect(titles(await store.pending())).toEqual(["b"]);
    await expect(store.keepThread(stored("t", "2@e"))).rejects.toThrow("closing");
  });

  test("opens the database of version 0.1.0 as it was left, with nothing lost", async () => {
    const indexedDB = new IDBFactory();
    await databaseOf010(indexedDB, "lockstep https://chat.example");
    const open = () => indexedDbStore("lockstep https://chat.example", { indexedDB, turns: true });
    const store = await open();
    expect(store.device).toBe("d-old");
    expect(titles(await store.pending())).toEqual(["said offline", "start_run", "refused"]);
    expect((await store.pending()).map((it) => it.refused?.code)).toEqual([
      undefined,
      undefined,
      "deleted",
    ]);
    expect(await store.thread("t")).toEqual({ ...stored("t", "7@e"), lost: [] });
    expect((await store.threads()).map((it) => it.id)).toEqual(["t", "u"]);
    expect(await store.held()).toEqual([]);
    expect((await store.add(said("t", "said now"))).op).toBe(10);
    await store.settle("t", applied(7));
    expect((await store.pending()).map((it) => it.op)).toEqual([8, 9, 10]);
    // A page of 0.1.0 that is still open in another tab goes on using the database.
    expect((await openAs010(indexedDB, "lockstep https://chat.example")).version).toBe(1);
  });

  test("keeps deletions that wait over a reload, and where there is no room as long as the page", async () => {
    const { open } = browser();
    const deletion = { id: "u", thread: "t", message: "m", until: 5, seen: null };
    const before = await open();
    await before.held((all) => [...all, deletion]);
    before.close();
    const store = await open();
    expect(await store.held()).toEqual([deletion]);
    fill("meta");
    expect(await store.held((all) => [...all, { ...deletion, id: "v" }])).toHaveLength(2);
    expect((await store.held()).map(({ id }) => id)).toEqual(["u", "v"]);
  });
});

const openAs010 = (factory: IDBFactory, name: string): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = factory.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("meta");
      request.result.createObjectStore("pending", { keyPath: ["device", "op"] });
      request.result.createObjectStore("threads", { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The database of version 0.1.0 with two unanswered changes and a refused one. */
async function databaseOf010(factory: IDBFactory, name: string): Promise<void> {
  const database = await openAs010(factory, name);
  const device = "d-old";
  const transaction = database.transaction(["meta", "pending", "threads"], "readwrite");
  const [meta, pending, threads] = ["meta", "pending", "threads"].map((it) =>
    transaction.objectStore(it),
  ) as [IDBObjectStore, IDBObjectStore, IDBObjectStore];
  meta.put(device, "device");
  meta.put(9, `op ${device}`);
  meta.put([threadOf("t"), threadOf("u")], "threads");
  pending.put({ ...said("t", "said offline"), frozen: undefined, op: 7, device });
  const change = { type: "start_run", run: "r", input: [{ id: "m", text: "hi" }], after: null };
  pending.put({ thread: "u", change, seen: "3@e", frozen: undefined, op: 8, device });
  const refused = { code: "deleted", detail: "The thread is deleted." };
  pending.put({ ...said("t", "refused"), op: 9, device, refused });
  threads.put({ ...stored("t", "7@e"), lost: [] });
  await new Promise((over) => (transaction.oncomplete = over));
  database.close();
}
