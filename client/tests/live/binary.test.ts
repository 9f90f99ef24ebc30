// SPDX-License-Identifier: Apache-2.0
// binary.test.ts: without the server's binary, a test that needs it fails.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { existing } from "./lib/server.js";

test("without the binary a test fails, and names the command that builds it", () => {
  expect(() => existing("/nowhere/lockstep")).toThrow(
    /no server at \/nowhere\/lockstep.*cmake --build build\/release --target lockstep.*LOCKSTEP_BINARY/,
  );
});

test("no test of the client is skipped", () => {
  const folder = join(import.meta.dirname, "..");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const tests = files.filter((file) => /\.test\.tsx?$/.test(file));
  expect(tests.length).toBeGreaterThan(20);
  const skipping = tests.filter((file) =>
    /\b(describe|test|it)\.(skip|todo|only)/.test(readFileSync(join(folder, file), "utf8")),
  );
  expect(skipping).toEqual([]);
});
