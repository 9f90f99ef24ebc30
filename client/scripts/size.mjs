// SPDX-License-Identifier: Apache-2.0
// size.mjs: how much of the client a page loads, and whether that is within the limit.
//
// Counted as a page has it that imports the built package (`npm run build`): bundled, minified,
// gzipped. The core is all that is loaded at once by a page that imports `connect`, and all that it
// needs to keep threads and their list in step over a WebSocket. What the browser makes possible or
// needs beside that (a store that outlives the page, other tabs, deletions that can be undone, events
// where sockets are blocked, SHA-256 without https) is loaded when it is called for; it is told, and
// not counted.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "vite";

// What it takes that a tab which joins, a full queue, a refused edit and an undone deletion lose nothing
// is in the core: 3,000 bytes more than the first version had.
const limit = 15_000;
const client = fileURLToPath(new URL("../dist/index.js", import.meta.url));
const page = "page";
if (!existsSync(client)) throw new Error("There is no dist/: `npm run build` comes first.");

/** What a page that imports these names loads: its chunks, by name. */
async function bundle(names) {
  const [{ output }] = await build({
    configFile: false,
    logLevel: "error",
    build: {
      target: "es2022",
      write: false,
      lib: { entry: page, formats: ["es"] },
      rollupOptions: { output: { minify: true, comments: false } },
    },
    plugins: [
      {
        name: page,
        enforce: "pre",
        resolveId: (id) => (id.endsWith(`/${page}`) ? page : null),
        load: (id) => (id === page ? `export { ${names} } from ${JSON.stringify(client)};` : null),
      },
    ],
  });
  return new Map(output.filter((it) => it.type === "chunk").map((it) => [it.fileName, it]));
}
const gzipped = (chunk) => gzipSync(chunk.code, { level: 9 }).length;

const chunks = await bundle("connect");
const size = (name) => gzipped(chunks.get(name));
const sum = (names) => [...names].reduce((total, name) => total + size(name), 0);

const atOnce = new Set([...chunks.values()].filter((it) => it.isEntry).map((it) => it.fileName));
for (const name of atOnce) chunks.get(name).imports.forEach((it) => atOnce.add(it));

const total = sum(atOnce);
console.log(`the core: ${total} bytes of at most ${limit}, minified and gzipped`);
for (const name of chunks.keys()) {
  if (!atOnce.has(name)) console.log(`when needed: ${name}, ${size(name)} bytes`);
}
const kept = [...chunks.keys()].filter((name) => /^(held|indexeddb|sharing)-/.test(name));
console.log(
  `the core, the store, the tabs and the undoing of a page over https: ${total + sum(kept)} bytes`,
);
const [pure] = (await bundle("fold, apply, emptyState")).values();
console.log(`fold and apply alone, of a page that imports nothing else: ${gzipped(pure)} bytes`);
if (total > limit) process.exitCode = 1;
