// store.ts: the store of a page, which is loaded when there is something to keep it in.
//
// A server, a script or a test has no IndexedDB, and does not load what handles it. Where it fails
// (a private window, a broken disk, a page whose files are gone) the store ends with the page: better
// than a chat that does not work.

import { memoryStore, renumbering } from "./memory.js";
import type { PendingChange, Store, StoredThread } from "./types.js";
import type { Cursor, Thread } from "./wire.js";

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
  return new PageStore(async (fresh) => {
    const { openStore } = await import("./indexeddb.js");
    return openStore(name, factory, turns, fresh, renumbering);
  });
}

class PageStore implements Store {
  readonly #open: (fresh: string) => Promise<Store>;
  #store = memoryStore();

  constructor(open: (fresh: string) => Promise<Store>) {
    this.#open = open;
  }

  /** Known once `device` has resolved, as all the rest is there only then. */
  get shared(): string | null {
    return this.#store.shared;
  }

  async device(fresh: string): Promise<string> {
    this.#store = await this.#open(fresh).catch(memoryStore);
    return this.#store.device(fresh);
  }

  add = (change: Omit<PendingChange, "op">) => this.#store.add(change);
  remove = (thread: string, ops: readonly number[]) => this.#store.remove(thread, ops);
  renumber = (thread: string, ops: readonly number[], seen: Cursor | null) =>
    this.#store.renumber(thread, ops, seen);
  pending = () => this.#store.pending();
  thread = (id: string) => this.#store.thread(id);
  keepThread = (thread: StoredThread) => this.#store.keepThread(thread);
  dropThread = (id: string) => this.#store.dropThread(id);
  threads = () => this.#store.threads();
  keepThreads = (threads: readonly Thread[]) => this.#store.keepThreads(threads);
  close = () => this.#store.close();
}
