// connect.ts: where a front begins.

import { LockstepClient } from "./client.js";
import { indexedDbStore } from "./store.js";
import type { Client, Options } from "./types.js";

/** Returns at once; the connection is tried in the background, and tried again when it is lost. */
export function connect(options: Options = {}): Client {
  const page = typeof location === "undefined" ? undefined : location.origin;
  const url = (options.url ?? page)?.replace(/\/+$/, "");
  if (url === undefined || !/^https?:\/\//.test(url)) {
    throw new Error("`url` must be an http address.");
  }
  return new LockstepClient(options, url, options.store ?? indexedDbStore(`lockstep ${url}`));
}
