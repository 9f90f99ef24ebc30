// SPDX-License-Identifier: Apache-2.0
// crash_start.mjs: measures a start that finds many open runs.
//
//   node tests/e2e/crash_start.mjs [RUNS] [KILOBYTES]     default: 1,000 runs of 1,000 kB
//
// Back ends write the runs, the server is killed with -9, and started again with a configuration in
// which their agent has another kind: so the start ends all of them. It prints when the server is
// ready, when it first answers lists and one of those threads, how long others wait meanwhile, and
// when all runs have ended.

import { writeFileSync } from "node:fs";

import { Front } from "./lib/front.mjs";
import { Producer, opens, says } from "./lib/producer.mjs";
import { pushes } from "./lib/scene.mjs";
import { Server, toml } from "./lib/server.mjs";
import { until } from "./lib/wait.mjs";

const runs = Number(process.argv[2] ?? 1000);
const kilobytes = Number(process.argv[3] ?? 1000);
const stepsOfABatch = 100;
const atOnce = 8;
const word = "some words, and others; ".repeat(43).slice(0, 1000);

const server = await Server.start({ name: "crash_start", config: { agents: { other: { kind: "push" } } } });
await new Front(server, "calm").change([{ type: "put_message", message: { text: "nothing runs here" } }]);

async function writeRun(thread) {
  await new Front(server, thread).change([pushes("r1", "go", { agent: "other" })]);
  const producer = new Producer(server, thread, "r1");
  await producer.write(opens("m1"));
  for (let left = kilobytes; left > 0; left -= stepsOfABatch) {
    const steps = Math.min(left, stepsOfABatch);
    await producer.write(...Array.from({ length: steps }, () => says("m1", word)));
  }
}
let next = 0;
const writers = Array.from({ length: atOnce }, async () => {
  while (next < runs) await writeRun(`t${next++}`);
});
await Promise.all(writers);
console.log(`${runs} open runs of ${kilobytes} kB are written`);

await server.kill();
writeFileSync(server.configFile, toml({ agents: { other: { kind: "demo" } } }));
const began = performance.now();
const since = () => `${Math.round(performance.now() - began)} ms`;
await server.launch();
console.log(`ready after ${since()}`);
const list = (await server.get("/v1/threads?limit=1000")).json.threads;
console.log(`a list after ${since()}: ${list.filter((it) => it.running).length} of ${list.length} shown as running`);
const last = await server.read(`t${runs - 1}`);
console.log(`a thread of those after ${since()}: ${last.runs[0].status}`);

const waits = [];
const left = async () => Number(/threads_to_mend\S* (\d+)/.exec((await server.get("/metrics")).text)[1]);
await until(
  async () => {
    const asked = performance.now();
    await server.read("calm");
    waits.push(performance.now() - asked);
    return waits.length % 20 === 0 && (await left()) === 0;
  },
  "all are mended",
  { withinMs: 600_000 },
);
waits.sort((one, other) => one - other);
const at = (part) => Math.round(waits[Math.floor((waits.length - 1) * part)]);
console.log(`all have ended after ${since()}`);
console.log(`a reader of another thread waited p50 ${at(0.5)}, p99 ${at(0.99)}, at most ${at(1)} ms (${waits.length} reads)`);
await server.dispose();
