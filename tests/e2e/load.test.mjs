// SPDX-License-Identifier: Apache-2.0
// load.test.mjs: some load, for as long as a test may run.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./lib/load.mjs";

const seconds = Number(process.env.LOCKSTEP_LOAD_SECONDS ?? 60);

test(`100 threads at 50 steps a second, two followers each, for ${seconds} s`, { timeout: 240_000 }, async (context) => {
  const report = await load({ threads: 100, rate: 50, seconds, overSse: 20 });
  for (const [name, value] of Object.entries(report)) context.diagnostic(`${name}: ${JSON.stringify(value)}`);
  assert.equal(report.refused, 0);
  assert.equal(report.lost, 0);
  assert.deepEqual(report.broken, []);
});
