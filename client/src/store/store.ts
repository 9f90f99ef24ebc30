// SPDX-License-Identifier: Apache-2.0
// store.ts: the store of a page, which is loaded when there is something to keep it in.
//
// A server, a script or a test has no IndexedDB, and does not load what handles it. Where it fails
// (a private window, a broken disk, a page whose files are gone) the store ends with the page: better
// than a chat that does not work.

import { newId } from "../id.js";
import { memoryStore, renumbering } from "./memory.js";
import type { Store } from "../types.js";

export interface IndexedDbOptions {
  readonly indexedDB?: IDBFactory | undefined;
  /** Can tabs take turns? By default: are there Web Locks. */
  readonly turns?: boolean | undefined;
}

/** `name`: of the database. Users who share a browser should not share a name. Never rejects. */
export const indexedDbStore = async (
  name = "lockstep",
  { indexedDB = globalThis.indexedDB as IDBFactory | undefined, turns }: IndexedDbOptions = {},
): Promise<Store> => {
  if (!indexedDB) return memoryStore();
  return import("./indexeddb.js")
    .then(({ openStore }) => openStore(name, indexedDB, turns, { fresh: newId("d"), renumbering }))
    .catch(memoryStore);
};
