// size.mjs: how much of the client a page loads at once, and whether that is within the limit.
//
// Counted as a page would have it: bundled, minified, gzipped, with everything that the entry loads
// before it runs. What is loaded when it is needed is told, and not counted; a page that connects, keeps
// what it has and shares it with other tabs needs most of it, so that sum is printed too.

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "vite";

const limit = 12_000;
const input = fileURLToPath(new URL("../src/index.ts", import.meta.url));

const [{ output }] = await build({
  configFile: false,
  logLevel: "error",
  build: {
    target: "es2022",
    write: false,
    minify: true,
    lib: { entry: input, formats: ["es"] },
    rollupOptions: { output: { minify: true } },
  },
});
const chunks = new Map(output.filter((it) => it.type === "chunk").map((it) => [it.fileName, it]));
const size = (name) => gzipSync(chunks.get(name).code, { level: 9 }).length;

const atOnce = new Set([...chunks.values()].filter((it) => it.isEntry).map((it) => it.fileName));
for (const name of atOnce) chunks.get(name).imports.forEach((it) => atOnce.add(it));

const total = [...atOnce].reduce((sum, name) => sum + size(name), 0);
console.log(`the core: ${total} bytes of at most ${limit}, minified and gzipped`);
for (const name of chunks.keys()) {
  if (!atOnce.has(name)) console.log(`when needed: ${name}, ${size(name)} bytes`);
}
const usual = /^(connection|indexeddb|tabs)-/;
const all = [...chunks.keys()].filter((name) => usual.test(name) || atOnce.has(name));
console.log(
  `a page over https loads in all: ${all.reduce((sum, name) => sum + size(name), 0)} bytes`,
);
if (total > limit) process.exitCode = 1;
