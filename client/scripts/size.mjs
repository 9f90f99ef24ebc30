// SPDX-License-Identifier: Apache-2.0
// size.mjs: measures how much of the client a page loads, and fails above the limit.
//
// It bundles, minifies and gzips a page that imports the built package (`npm run build`). The core
// is everything that a page with `connect` loads at once: enough to keep threads and their list in
// step over a WebSocket. Other parts (a store that outlives the page, other tabs, deletions that
// can be undone, events where sockets are blocked, SHA-256 without https) are loaded when they are
// needed; their sizes are printed, and do not count.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "vite";

// The first version had 12,000. The rest is for no loss when a tab joins, the queue is full, an
// edit is refused or a deletion is undone, and for calls that wait for people.
const limit = 16_000;
const client = fileURLToPath(new URL("../dist/index.js", import.meta.url));
const page = "page";
if (!existsSync(client)) throw new Error("There is no dist/: run `npm run build` first.");

/** The chunks of a page that imports these names, by file name. */
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
