// SPDX-License-Identifier: Apache-2.0
// golden.test.mjs: a front that shares no code with the writer reads the protocol's examples.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { assertSame } from "./lib/compare.mjs";
import { Screen } from "./lib/screen.mjs";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../golden");
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));

const screenOf = (state) => (state.ts > 0 ? Screen.of({ ...state, cursor: `${state.ts}@golden` }) : new Screen());

for (const name of names) {
  const { before, entry, diff, after } = JSON.parse(readFileSync(join(folder, name), "utf8"));

  if (entry) {
    test(`${name}: the entry leads from before to after`, () => {
      const screen = screenOf(before);
      screen.applyEntry(entry);
      assertSame(screen, screenOf(after));
    });
  }
  if (diff) {
    test(`${name}: the diff leads from before to after, also twice`, () => {
      const screen = screenOf(before);
      screen.applyDiff([diff].flat());
      screen.applyDiff([diff].flat());
      assertSame(screen, screenOf(after));
    });
  }
}

test("there are examples", () => assert.ok(names.length >= 12, `${names.length} files in ${folder}`));
