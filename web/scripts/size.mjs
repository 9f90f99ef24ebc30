// SPDX-License-Identifier: Apache-2.0
// size.mjs: prints the gzipped size of the built page, and fails above the limit.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT = 350_000;
const folder = process.argv[2] ?? "dist";

const filesBelow = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path).flatMap((name) => filesBelow(join(path, name)))
    : [path];

let all = 0;
for (const file of filesBelow(folder)) {
  const bytes = gzipSync(readFileSync(file), { level: 9 }).length;
  all += bytes;
  console.log(`${String(bytes).padStart(8)}  ${file}`);
}
console.log(`${String(all).padStart(8)}  gzipped in all (at most ${LIMIT})`);
if (all > LIMIT) process.exit(1);
