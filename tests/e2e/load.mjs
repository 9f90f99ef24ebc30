// SPDX-License-Identifier: Apache-2.0
// load.mjs: many threads at once, at a steady pace: measures how long a step takes to reach a
// front.
//
//   node tests/e2e/load.mjs
//   LOCKSTEP_LOAD_THREADS=100 LOCKSTEP_LOAD_RATE=50 LOCKSTEP_LOAD_SECONDS=60 LOCKSTEP_LOAD_SSE=20
//
// Prints one JSON object. The exit code is 1 if a step was lost, repeated, or out of order.

import { load } from "./lib/load.mjs";

const number = (name, fallback) => Number(process.env[`LOCKSTEP_LOAD_${name}`] ?? fallback);

const report = await load({
  threads: number("THREADS", 100),
  rate: number("RATE", 50),
  seconds: number("SECONDS", 60),
  overSse: number("SSE", 20),
});
console.log(JSON.stringify(report, null, 2));
process.exit(report.lost || report.broken.length ? 1 : 0);
