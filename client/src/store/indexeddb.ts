// SPDX-License-Identifier: Apache-2.0
// indexeddb.ts: the store in IndexedDB, which outlives the page.
//
// A queue of changes belongs to a device. Where tabs can take turns (Web Locks), all tabs of a
// browser are one device and share one queue. Where they can't (plain http), each tab is a device,
// and the next tab that starts takes over the device and queue of a tab that is gone. A change that
// was sent already is sent again then, and counts once (its number is an idempotency key).

import type { Renumbering } from "./memory.js";
import type { HeldDeletion, PendingChange, Settled, Store, StoredThread } from "../types.js";
import type { Cursor, Thread } from "../wire.js";

const version = 1;
const [meta, pending, threads] = ["meta", "pending", "threads"] as const;
type Kept = PendingChange & { readonly device: string };

/** Rejects if the database can't be opened. */
export const openStore = async (
  name: string,
  factory: IDBFactory,
  turns: boolean | undefined,
  { fresh, renumbering }: Given,
): Promise<Store> => {
  const database = await open(name, factory);
  if (turns ?? globalThis.navigator?.locks) {
    const device = await ours(database, fresh);
    return new IndexedDbStore(database, renumbering, { device, shared: name });
  }
  const { claimDevice } = await import("./claim.js");
  const claimed = await claimDevice(name, fresh, await owners(database));
  return new IndexedDbStore(database, renumbering, claimed);
};

/** Values of the core, handed in so that this chunk need not contain them. */
interface Given {
  /** A name for the device, if it has none yet. */
  readonly fresh: string;
  readonly renumbering: Renumbering;
}

/** The device that owns the queue. */
interface Owner {
  readonly device: string;
  readonly shared?: string;
  readonly release?: () => void;
}

class IndexedDbStore implements Store {
  readonly shared: string | null;
  readonly #database: IDBDatabase;
  readonly #renumbering: Renumbering;
  readonly device: string;
  readonly #release: () => void;
  #last = 0;
  // Changes for which there was no room: they live as long as the page.
  #spare: readonly PendingChange[] = [];
  // The deletions that wait, from the moment when the database fails to keep them.
  #held: readonly HeldDeletion[] | undefined;

  constructor(database: IDBDatabase, renumbering: Renumbering, { device, shared, release }: Owner) {
    this.#database = database;
    this.#renumbering = renumbering;
    this.shared = shared ?? null;
    this.device = device;
    this.#release = release ?? (() => undefined);
  }

  async add(change: Omit<PendingChange, "op">): Promise<PendingChange> {
    const keep = async () => {
      const [op] = await this.#number(1, (last) => [{ ...change, op: last + 1 }]);
      return { ...change, op: op?.op ?? 0 };
    };
    // Perhaps the disk is full. The server has the threads, so their copies go; changes are only
    // here.
    const makeRoom = async () => {
      await done(this.#database, [threads], (it) => it(threads).clear());
      return keep();
    };
    return keep()
      .catch(makeRoom)
      .catch(async () => {
        const numbered = { ...change, op: (await this.#spareNumbers(1)) + 1 };
        this.#spare = [...this.#spare, numbered];
        return numbered;
      });
  }

  async settle(thread: string, outcomes: readonly Settled[]): Promise<void> {
    this.#spare = this.#spare.flatMap((it) => {
      const found = it.thread === thread && outcomes.find(({ op }) => op === it.op);
      return found ? kept(it, found) : it;
    });
    await done(this.#database, [pending], (it) => {
      for (const outcome of outcomes) {
        if (outcome.op === undefined) continue;
        const key = [this.device, outcome.op];
        const held: IDBRequest<Kept | undefined> = it(pending).get(key);
        held.onsuccess = () => {
          it(pending).delete(key);
          for (const left of held.result ? kept(held.result, outcome) : []) it(pending).put(left);
        };
      }
    });
  }

  async renumber(
    thread: string,
    ops: readonly number[],
    seen: Cursor | null | undefined,
  ): Promise<readonly PendingChange[]> {
    const all = await this.pending();
    const make = (last: number) => this.#renumbering(all, { thread, ops, seen }, last)[0];
    const made = await this.#number(ops.length, make, ops).catch(async () => {
      const spare = make(await this.#spareNumbers(ops.length));
      this.#spare = [...this.#spare, ...spare];
      return spare;
    });
    this.#drop(thread, ops);
    return made;
  }

  async pending(): Promise<readonly PendingChange[]> {
    const own = IDBKeyRange.bound([this.device], [this.device, []]);
    const all = await answer<Kept[]>(this.#database, pending, (it) => it.getAll(own)).catch(
      () => [],
    );
    return [...all.map(({ device: _, ...change }) => change), ...this.#spare];
  }

  // A copy that can't be read counts as missing: the server has the thread.
  thread(id: string): Promise<StoredThread | null> {
    const kept = answer<StoredThread | undefined>(this.#database, threads, (it) => it.get(id));
    return kept.then((it) => it ?? null).catch(() => null);
  }

  keepThread(thread: StoredThread): Promise<void> {
    return done(this.#database, [threads], (it) => it(threads).put(thread));
  }

  dropThread(id: string): Promise<void> {
    return done(this.#database, [threads], (it) => it(threads).delete(id));
  }

  async held(
    change: (held: readonly HeldDeletion[]) => readonly HeldDeletion[] = (it) => it,
  ): Promise<readonly HeldDeletion[]> {
    let held: readonly HeldDeletion[] = [];
    const turn = (it: Table) => {
      const kept: IDBRequest<readonly HeldDeletion[] | undefined> = it(meta).get("held");
      kept.onsuccess = () => {
        held = kept.result ?? [];
        const changed = change(held);
        if (changed !== held) it(meta).put(changed, "held");
        held = changed;
      };
    };
    if (!this.#held) {
      await done(this.#database, [meta], turn).catch(() => (this.#held = held));
      if (!this.#held) return held;
    }
    return (this.#held = change(this.#held));
  }

  threads(): Promise<readonly Thread[]> {
    const kept = answer<Thread[] | undefined>(this.#database, meta, (it) => it.get("threads"));
    return kept.then((it) => it ?? []).catch(() => []);
  }

  keepThreads(list: readonly Thread[]): Promise<void> {
    return done(this.#database, [meta], (it) => it(meta).put(list, "threads"));
  }

  close(): void {
    this.#release();
    this.#database.close();
  }

  /** Takes `count` numbers and keeps the changes made with them, in place of the `former` ones. */
  async #number(
    count: number,
    make: (last: number) => readonly PendingChange[],
    former: readonly number[] = [],
  ): Promise<readonly PendingChange[]> {
    let made: readonly PendingChange[] = [];
    const { device } = this;
    await done(this.#database, [meta, pending], (it) => {
      const counter = it(meta).get(`op ${device}`);
      counter.onsuccess = () => {
        const last = Math.max(Number(counter.result ?? 0), this.#last);
        made = make(last);
        it(meta).put(last + count, `op ${device}`);
        this.#delete(it, former);
        for (const change of made) it(pending).put({ ...change, device });
      };
    });
    this.#last = Math.max(this.#last, ...made.map((change) => change.op));
    return made;
  }

  /** Takes `count` numbers for changes that can't be kept. Returns the number before the first. */
  async #spareNumbers(count: number): Promise<number> {
    const counter = (it: IDBObjectStore) => it.get(`op ${this.device}`);
    const kept = await answer<number | undefined>(this.#database, meta, counter).catch(() => 0);
    const last = Math.max(this.#last, kept ?? 0);
    this.#last = last + count;
    return last;
  }

  #delete(it: Table, ops: readonly number[]): void {
    for (const op of ops) it(pending).delete([this.device, op]);
  }

  #drop(thread: string, ops: readonly number[]): void {
    this.#spare = this.#spare.filter((it) => it.thread !== thread || !ops.includes(it.op));
  }
}

/** The rest of a settled change: a refused one stays, with the reason; others leave no trace. */
const kept = <Change extends PendingChange>(
  change: Change,
  { outcome, code = "refused", detail = "" }: Settled,
): readonly Change[] => (outcome === "refused" ? [{ ...change, refused: { code, detail } }] : []);

// --- Devices -------------------------------------------------------------------------------------

const ours = async (database: IDBDatabase, fresh: string): Promise<string> => {
  let device = fresh;
  await done(database, [meta], (it) => {
    const known = it(meta).get("device");
    known.onsuccess = () => {
      if (typeof known.result === "string") device = known.result;
      else it(meta).put(device, "device");
    };
  });
  return device;
};

/** Devices that have unanswered changes. */
const owners = async (database: IDBDatabase): Promise<readonly string[]> => {
  const kept = await answer<Kept[]>(database, pending, (it) => it.getAll());
  return [...new Set(kept.map((it) => it.device))];
};

// --- Transactions --------------------------------------------------------------------------------

const open = (name: string, factory: IDBFactory): Promise<IDBDatabase> => {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, version);
    request.onupgradeneeded = () => {
      const database = request.result;
      database.createObjectStore(meta);
      database.createObjectStore(pending, { keyPath: ["device", "op"] });
      database.createObjectStore(threads, { keyPath: "id" });
    };
    request.onsuccess = () => {
      // A later version of this page, in another tab, must not wait for us.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
};

type Table = (name: string) => IDBObjectStore;

/** One transaction that writes. Resolves when it is on the disk. */
const done = (
  database: IDBDatabase,
  tables: readonly string[],
  work: (it: Table) => void,
): Promise<void> => {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction([...tables], "readwrite", { durability: "strict" });
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
    work((name) => transaction.objectStore(name));
  });
};

const answer = <Value>(
  database: IDBDatabase,
  table: string,
  ask: (it: IDBObjectStore) => IDBRequest,
): Promise<Value> => {
  return new Promise((resolve, reject) => {
    const request = ask(database.transaction([table], "readonly").objectStore(table));
    request.onsuccess = () => resolve(request.result as Value);
    request.onerror = () => reject(request.error);
  });
};
