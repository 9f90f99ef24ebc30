// SPDX-License-Identifier: Apache-2.0
// kept.mjs: unpacks the stores, backups and clients of earlier versions.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

import { temporaryFolder } from "../e2e/lib/tidy.mjs";

const here = dirname(fileURLToPath(import.meta.url));

// Whose threads they are, and their tokens.
export const tokens = { ada: "the-token-of-ada", bob: "the-token-of-bob", carl: "the-token-of-carl" };

export function unpack(archive, into = temporaryFolder("kept")) {
  mkdirSync(into, { recursive: true });
  execFileSync("tar", ["-xzf", join(here, archive), "-C", into]);
  return into;
}

export const said = (format) => JSON.parse(gunzipSync(readFileSync(join(here, format, "said.json.gz"))));

// The client's package as it was published.
export const client = (version) =>
  import(pathToFileURL(join(unpack(`lockstep-client-${version}.tgz`), "package/dist/index.js")).href);

// The client's storage in a browser, as a value: the client changes `kept`.
export function keptStore(kept) {
  return {
    shared: null,
    device: kept.device,
    async add(change) {
      kept.last += 1;
      const numbered = { ...change, op: kept.last };
      kept.pending.push(numbered);
      return numbered;
    },
    async settle(thread, outcomes) {
      const settled = (it) => it.thread === thread && outcomes.some(({ op }) => op === it.op);
      kept.pending = kept.pending.filter((it) => !settled(it));
    },
    async renumber() {
      throw new Error("nothing was rewound");
    },
    pending: async () => kept.pending,
    thread: async (id) => kept.threads[id] ?? null,
    async keepThread(thread) {
      kept.threads[thread.id] = thread;
    },
    async dropThread(id) {
      delete kept.threads[id];
    },
    threads: async () => kept.list,
    async keepThreads(list) {
      kept.list = list;
    },
    close() {},
  };
}
