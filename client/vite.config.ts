// SPDX-License-Identifier: Apache-2.0
// vite.config.ts: how the package is built and tested.
//
// Three entries, which share chunks. SHA-256, which only plain-http pages need, is a chunk of its
// own: the package loads it at the first call.

import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const entries = {
  index: at("src/index.ts"),
  react: at("react/index.ts"),
  "assistant-ui": at("assistant-ui/index.ts"),
};

export default defineConfig({
  build: {
    target: "es2022",
    minify: false, // the application's bundler minifies
    sourcemap: true,
    lib: {
      formats: ["es"],
      entry: entries,
    },
    rollupOptions: {
      external: [/^react($|\/)/, /^@assistant-ui\//, "lockstep-client"],
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" },
    },
  },
  // The tests of types, *.test-d.ts, are the compiler's: `npm run types`.
  test: {
    // The package by its own name, as applications import it.
    alias: {
      "lockstep-client/react": at("react/index.ts"),
      "lockstep-client": at("src/index.ts"),
    },
    include: ["tests/**/*.test.{ts,tsx}", "{react,assistant-ui}/**/*.test.{ts,tsx}"],
  },
});
