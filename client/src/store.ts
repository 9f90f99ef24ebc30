// store.ts: what outlives the page, in IndexedDB.
//
// A queue belongs to a device. Where tabs can take turns (Web Locks), all tabs of a browser are one
// device and share one queue. Where they can't (plain http), each tab is a device of its own, and a
// queue whose tab is gone is taken over, with its device, by the next tab that starts: sent twice, a
// change counts once.
//
// Without IndexedDB (a private window, a full or broken disk) the store ends with the page: better
// than a chat that does not work.

import { memoryStore, renumbering } from "./memory.js";
import { claimDevice } from "./claim.js";
import type { PendingChange, Store, StoredThread } from "./types.js";
import type { Cursor, Thread } from "./wire.js";

const version = 1;
const [meta, pending, threads] = ["meta", "pending", "threads"] as const;
type Kept = PendingChange & { readonly device: string };

export interface IndexedDbOptions {
  readonly indexedDB?: IDBFactory | undefined;
  /** Can tabs take turns? By default: are there Web Locks. */
  readonly turns?: boolean | undefined;
}

/** `name`: of the database. Users who share a browser should not share a name. */
export function indexedDbStore(name = "lockstep", options: IndexedDbOptions = {}): Store {
  const factory = options.indexedDB ?? (globalThis.indexedDB as IDBFactory | undefined);
  if (factory === undefined) return memoryStore();
  const turns = options.turns ?? globalThis.navigator?.locks !== undefined;
  return new IndexedDbStore(name, factory, turns);
}

class IndexedDbStore implements Store {
  readonly #name: string;
  readonly #turns: boolean;
  readonly #memory = memoryStore();
  readonly #opened: Promise<IDBDatabase | null>;
  #broken = false;
  #device = "";
  #last = 0;
  // Changes for which there was no room.
  #spare: readonly PendingChange[] = [];
  #release: () => void = () => undefined;

  constructor(name: string, factory: IDBFactory, turns: boolean) {
    this.#name = name;
    this.#turns = turns;
    this.#opened = open(name, factory).catch(() => null);
  }

  /** Known for good once `device` has resolved. */
  get shared(): string | null {
    return this.#turns && !this.#broken ? this.#name : null;
  }

  async device(fresh: string): Promise<string> {
    const database = await this.#opened;
    if (database === null) {
      this.#broken = true;
      return (this.#device = fresh);
    }
    if (this.#turns) this.#device = await this.#ours(database, fresh);
    else {
      const owners = await this.#owners(database);
      const claim = await claimDevice(this.#name, fresh, owners);
      this.#device = claim.device;
      this.#release = claim.release;
    }
    return this.#device;
  }

  add(change: Omit<PendingChange, "op">): Promise<PendingChange> {
    return this.#or(
      async (database) => {
        const make = () => this.#number(database, change);
        const made = await make().catch(async () => {
          // Perhaps there is no room: copies of threads can be had again, changes can't.
          await done(database, [threads], (it) => it(threads).clear());
          return make();
        });
        this.#last = Math.max(this.#last, made.op);
        return made;
      },
      async () => {
        const numbered = { ...change, op: ++this.#last };
        this.#spare = [...this.#spare, numbered];
        return numbered;
      },
    );
  }

  remove(thread: string, ops: readonly number[]): Promise<void> {
    this.#spare = this.#spare.filter((it) => it.thread !== thread || !ops.includes(it.op));
    return this.#or(
      (database) =>
        done(database, [pending], (it) => {
          for (const op of ops) it(pending).delete([this.#device, op]);
        }),
      async () => undefined,
    );
  }

  async renumber(
    thread: string,
    ops: readonly number[],
    seen: Cursor | null,
  ): Promise<readonly PendingChange[]> {
    const all = await this.pending();
    return this.#or(
      async (database) => {
        let renumbered: readonly PendingChange[] = [];
        await done(database, [meta, pending], (it) => {
          const counter = it(meta).get(this.#counter);
          counter.onsuccess = () => {
            const last = Math.max(Number(counter.result ?? 0), this.#last);
            const [made, next] = renumbering(all, thread, ops, seen, last);
            renumbered = made;
            it(meta).put(next, this.#counter);
            for (const op of ops) it(pending).delete([this.#device, op]);
            for (const change of made) it(pending).put({ ...change, device: this.#device });
          };
        });
        this.#spare = this.#spare.filter((it) => it.thread !== thread || !ops.includes(it.op));
        return renumbered;
      },
      async () => {
        const [made, last] = renumbering(all, thread, ops, seen, this.#last);
        this.#last = last;
        const others = this.#spare.filter((it) => it.thread !== thread || !ops.includes(it.op));
        this.#spare = [...others, ...made];
        return made;
      },
    );
  }

  async pending(): Promise<readonly PendingChange[]> {
    const kept = await this.#or(
      (database) => answer<Kept[]>(database, pending, (it) => it.getAll(this.#ownKeys())),
      async () => [],
    );
    return [...kept.map(({ device: _, ...change }) => change), ...this.#spare];
  }

  async thread(id: string): Promise<StoredThread | null> {
    return this.#or(
      async (database) =>
        (await answer<StoredThread | undefined>(database, threads, (it) => it.get(id))) ?? null,
      () => this.#memory.thread(id),
    );
  }

  keepThread(thread: StoredThread): Promise<void> {
    return this.#or(
      (database) => done(database, [threads], (it) => it(threads).put(thread)),
      () => this.#memory.keepThread(thread),
    );
  }

  dropThread(id: string): Promise<void> {
    return this.#or(
      (database) => done(database, [threads], (it) => it(threads).delete(id)),
      () => this.#memory.dropThread(id),
    );
  }

  async threads(): Promise<readonly Thread[]> {
    return this.#or(
      async (database) =>
        (await answer<readonly Thread[] | undefined>(database, meta, (it) => it.get("threads"))) ??
        [],
      () => this.#memory.threads(),
    );
  }

  keepThreads(list: readonly Thread[]): Promise<void> {
    return this.#or(
      (database) => done(database, [meta], (it) => it(meta).put(list, "threads")),
      () => this.#memory.keepThreads(list),
    );
  }

  close(): void {
    this.#release();
    void this.#opened.then((database) => database?.close());
  }

  // --- Transactions ------------------------------------------------------------------------------

  async #or<Value>(
    kept: (database: IDBDatabase) => Promise<Value>,
    otherwise: () => Promise<Value>,
  ): Promise<Value> {
    const database = await this.#opened;
    if (database === null) return otherwise();
    return kept(database).catch(otherwise);
  }

  async #number(database: IDBDatabase, change: Omit<PendingChange, "op">): Promise<PendingChange> {
    let op = 0;
    await done(database, [meta, pending], (it) => {
      const counter = it(meta).get(this.#counter);
      counter.onsuccess = () => {
        op = Math.max(Number(counter.result ?? 0), this.#last) + 1;
        it(meta).put(op, this.#counter);
        it(pending).put({ ...change, op, device: this.#device });
      };
    });
    return { ...change, op };
  }

  get #counter(): string {
    return `op ${this.#device}`;
  }

  #ownKeys(): IDBKeyRange {
    return IDBKeyRange.bound([this.#device, 0], [this.#device, Number.MAX_SAFE_INTEGER]);
  }

  async #ours(database: IDBDatabase, fresh: string): Promise<string> {
    let device = fresh;
    await done(database, [meta], (it) => {
      const known = it(meta).get("device");
      known.onsuccess = () => {
        if (typeof known.result === "string") device = known.result;
        else it(meta).put(device, "device");
      };
    });
    return device;
  }

  // Devices that have changes which nobody answered.
  async #owners(database: IDBDatabase): Promise<readonly string[]> {
    const kept = await answer<Kept[]>(database, pending, (it) => it.getAll()).catch(() => []);
    return [...new Set(kept.map((it) => it.device))];
  }
}

function open(name: string, factory: IDBFactory): Promise<IDBDatabase> {
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
}

type Table = (name: string) => IDBObjectStore;

/** One transaction that writes. Resolves when it is on the disk. */
function done(
  database: IDBDatabase,
  tables: readonly string[],
  work: (it: Table) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction([...tables], "readwrite", { durability: "strict" });
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
    work((name) => transaction.objectStore(name));
  });
}

function answer<Value>(
  database: IDBDatabase,
  table: string,
  ask: (it: IDBObjectStore) => IDBRequest,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const request = ask(database.transaction([table], "readonly").objectStore(table));
    request.onsuccess = () => resolve(request.result as Value);
    request.onerror = () => reject(request.error);
  });
}
