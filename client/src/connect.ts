// SPDX-License-Identifier: Apache-2.0
// connect.ts: makes a client.

import { createClient } from "./client.js";
import { indexedDbStore } from "./store/store.js";
import type { Client, Options } from "./types.js";

/** Returns at once; the client connects in the background, and again whenever it is lost. */
export const connect = (options: Options = {}): Client => {
  const page = globalThis.location as Location | undefined;
  const url = (options.url ?? page?.origin ?? "").replace(/\/+$/, "");
  if (!/^https?:\/\//.test(url)) {
    throw new Error("`url` must begin with http");
  }
  return createClient(options, url, options.store ?? indexedDbStore(`lockstep ${url}`));
};
