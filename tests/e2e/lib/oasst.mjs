// SPDX-License-Identifier: Apache-2.0
// oasst.mjs: the Open Assistant trees, if this machine has them.
//
// They are foreign data and no part of the project: LOCKSTEP_SHARED_DATA names the folder, the
// default is ../shared/data next to the source tree.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const shared = process.env.LOCKSTEP_SHARED_DATA ?? join(root, "../shared/data");

export const file = join(shared, "oasst/en_100_tree.jsonl");
export const present = existsSync(file);

export function trees() {
  return readFileSync(file, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
}

// From the prompt to the deepest reply; the first one of several.
export function longestPath(message) {
  const below = (message.replies ?? []).map(longestPath);
  const best = below.reduce((a, b) => (b.length > a.length ? b : a), []);
  return [message, ...best];
}

export function count(message) {
  return 1 + (message.replies ?? []).reduce((sum, reply) => sum + count(reply), 0);
}
