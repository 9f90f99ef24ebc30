// SPDX-License-Identifier: Apache-2.0
// vite.config.ts: builds, tests and serves the pages.
//
// The client comes from its sources, so that it need not be built first. React must then be
// resolved in this folder only: hooks fail if there are two copies of it.

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Writes sw.js with the names of all built files: it caches these for use without a network. */
function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    generateBundle(_options, bundle) {
      const files = Object.keys(bundle).filter((name) => name !== "index.html");
      const paths = ["/", "/icon.svg", "/manifest.webmanifest", ...files.map((name) => `/${name}`)];
      const contents = Object.values(bundle).map((file) =>
        "code" in file ? file.code : file.source,
      );
      const hash = createHash("sha256").update(paths.join("\n"));
      for (const content of contents) hash.update(content);
      const version = hash.digest("hex").slice(0, 12);
      const source = this.fs
        .readFile(at("src/sw.js"), { encoding: "utf8" })
        .then((text) =>
          text.replace("__VERSION__", version).replace("[/* files */]", JSON.stringify(paths)),
        );
      return source.then((text) => {
        this.emitFile({ type: "asset", fileName: "sw.js", source: text });
      });
    },
  };
}

const server = process.env["LOCKSTEP_SERVER"] ?? "http://127.0.0.1:7070";
const proxy = { "/v1": { target: server, ws: true, changeOrigin: true } };

// As strict as the server's headers, so that a violation shows in development too.
const headers = {
  "Content-Security-Policy":
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; media-src 'self' data: blob:; object-src 'none'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
};

export default defineConfig({
  plugins: [react(), serviceWorker()],
  resolve: {
    alias: [
      { find: /^lockstep-client\/react$/, replacement: at("../client/react/index.ts") },
      { find: /^lockstep-client$/, replacement: at("../client/src/index.ts") },
    ],
    dedupe: ["react", "react-dom"],
  },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy, fs: { allow: [at("..")] } },
  preview: { proxy, headers },
  test: { environment: "happy-dom", include: ["tests/**/*.test.{ts,tsx}"] },
});
