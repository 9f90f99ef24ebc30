// SPDX-License-Identifier: Apache-2.0
// store.ts: opens the store of a page.
//
// The code for IndexedDB is loaded only where there is one, so not in Node. If it fails (a private
// window, a broken disk, a page whose files are gone), the store is in memory and ends with the
// page: the chat still works.

import { newId } from "../id.js";
import { memoryStore, renumbering } from "./memory.js";
import type { Store } from "../types.js";

export interface IndexedDbOptions {
  readonly indexedDB?: IDBFactory | undefined;
  /** Can tabs take turns? Default: whether there are Web Locks. */
  readonly turns?: boolean | undefined;
}

/** `name`: the database. Users who share a browser should not share it. Never rejects. */
export const indexedDbStore = async (
  name = "lockstep",
  { indexedDB = globalThis.indexedDB as IDBFactory | undefined, turns }: IndexedDbOptions = {},
): Promise<Store> => {
  if (!indexedDB) return memoryStore();
  return import("./indexeddb.js")
    .then(({ openStore }) => openStore(name, indexedDB, turns, { fresh: newId("d"), renumbering }))
    .catch(memoryStore);
};
