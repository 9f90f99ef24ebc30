// SPDX-License-Identifier: Apache-2.0
// worst_bodies.mjs: measures how long others wait while a client sends the worst bodies.
//
//   node tests/e2e/worst_bodies.mjs            one line a body
//   node tests/e2e/worst_bodies.mjs --report   one JSON object
//
// Worker threads send the bodies, one after another for a few seconds. Meanwhile a small thread is
// read every few milliseconds, whether the read before it was answered or not: all reads of a
// second see a server that is silent for that second. The exit code is 1 if a p99 is above 20 ms.
//
// A second process, which only answers with fixed bytes, is read at the same pace in the same way.
// Its waits (`bare`) show how much of the others is this machine and this program. A body whose bare
// reads are slow says nothing of the server, so it is measured again, at most five times.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

import { request } from "./lib/http.mjs";
import { collidingNames } from "./lib/colliding_names.mjs";

const mebibyte = 1 << 20;
const p99MostMs = 20;
const bareP99MostMs = p99MostMs / 2;
const attemptsMost = 5;
const secondsEach = Number(process.env.LOCKSTEP_WORST_SECONDS ?? 4);
const everyMs = 4;

const flood = (piece, bytes) => `[${Array.from({ length: Math.floor(bytes / (piece.length + 1)) }, () => piece).join(",")}]`;
const puts = (count, bytes) => ({
  changes: Array.from({ length: count }, (_, at) => ({
    type: "put_message",
    message: { id: `m${at}`, text: "x".repeat(bytes) },
  })),
});

const bodies = {
  "262,144 names that collide": () => `{${collidingNames(1 << 18).map((name) => `"${name}":0`).join(",")}}`,
  "16 MiB of [[],…]": () => flood("[]", 15.9 * mebibyte),
  "16 MiB of [1,1,…]": () => flood("1", 15.9 * mebibyte),
  "1,000,000 names": () => `{${Array.from({ length: 1e6 }, (_, at) => `"${at}":0`).join(",")}}`,
  "one name of 15 MiB": () => `{"${"k".repeat(15 * mebibyte)}":0}`,
  "64 puts of 250 KB": () => JSON.stringify(puts(64, 250_000)),
  "one message of 8 MB": () => JSON.stringify(puts(1, 8_000_000)),
};

async function attack({ url, name, until }) {
  const body = bodies[name]();
  parentPort.postMessage("made");
  const answers = {};
  while (Date.now() < until()) {
    const headers = { accept: "application/json" };
    const answer = await request(`${url}/v1/threads/worst/sync`, { method: "POST", body, headers, timeoutMs: 60_000 });
    answers[answer.status] = (answers[answer.status] ?? 0) + 1;
  }
  parentPort.postMessage(answers);
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

// Starts a process that answers each request with the same few bytes, and does nothing else.
async function startBare() {
  const program = `
    const server = require("node:http").createServer((_, answer) => answer.end('{"messages":[]}'));
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return { url: `http://127.0.0.1:${Number(line)}/`, stop: () => child.kill() };
}

// Reads at a steady pace until `over` settles; the waits in milliseconds, sorted, of each of `reads`.
async function readMeanwhile(reads, over) {
  const waits = reads.map(() => []);
  const open = new Set();
  let goes = true;
  over.finally(() => (goes = false));
  let next = performance.now();
  while (goes) {
    const meant = next;
    reads.forEach((read, at) => {
      const reading = read().then(() => {
        waits[at].push(performance.now() - meant);
        open.delete(reading);
      });
      open.add(reading);
    });
    next += everyMs;
    await new Promise((wake) => setTimeout(wake, Math.max(0, next - performance.now())));
  }
  await Promise.all(open);
  return waits.map((list) => list.sort((a, b) => a - b));
}

async function measure(server, bare, name) {
  const workerOptions = { workerData: { url: server.url, name, seconds: secondsEach } };
  const worker = name && new Worker(fileURLToPath(import.meta.url), workerOptions);
  let answers = {};
  const over = new Promise((done, failed) => {
    if (!worker) return setTimeout(done, secondsEach * 1000);
    worker.on("message", (message) => {
      if (message !== "made") answers = message;
    });
    worker.on("error", failed);
    worker.on("exit", done);
  });
  if (worker) await new Promise((made) => worker.once("message", made));
  const small = () => server.get("/v1/threads/small", { timeoutMs: 60_000 });
  const [waits, bareWaits] = await readMeanwhile([small, () => request(bare.url, { timeoutMs: 60_000 })], over);
  const rounded = (ms) => Math.round(ms * 10) / 10;
  return {
    body: name ?? "nothing",
    answers,
    reads: waits.length,
    p50_ms: rounded(percentile(waits, 0.5)),
    p99_ms: rounded(percentile(waits, 0.99)),
    max_ms: rounded(waits.at(-1) ?? 0),
    bare_p99_ms: rounded(percentile(bareWaits, 0.99)),
    bare_max_ms: rounded(bareWaits.at(-1) ?? 0),
  };
}

// Measures until the machine is quiet; the last line if it never is.
async function measureQuietly(server, bare, name) {
  for (let attempt = 1; ; attempt++) {
    const line = { ...(await measure(server, bare, name)), attempt };
    line.quiet = line.bare_p99_ms <= bareP99MostMs;
    if (line.quiet || line.p99_ms <= p99MostMs || attempt === attemptsMost) return line;
  }
}

async function main() {
  const { Server } = await import("./lib/server.mjs");
  const server = await Server.start({ name: "worst" });
  const bare = await startBare();
  const report = [];
  try {
    await server.post("/v1/threads/small/sync", puts(1, 100), { headers: { accept: "application/json" } });
    for (const name of [undefined, ...Object.keys(bodies)]) {
      const line = await measureQuietly(server, bare, name);
      report.push(line);
      if (process.argv.includes("--report")) continue;
      const bareText = `bare p99 ${line.bare_p99_ms} ms, max ${line.bare_max_ms} ms; attempt ${line.attempt}`;
      console.log(`${line.body}: p50 ${line.p50_ms} ms, p99 ${line.p99_ms} ms, max ${line.max_ms} ms of ${line.reads} reads; ${bareText}; answered ${JSON.stringify(line.answers)}`);
    }
  } finally {
    bare.stop();
    await server.dispose();
  }
  if (process.argv.includes("--report")) console.log(JSON.stringify(report, null, 2));
  process.exit(report.every((line) => line.p99_ms <= p99MostMs) ? 0 : 1);
}

if (isMainThread) await main();
else {
  let end;
  await attack({ ...workerData, until: () => (end ??= Date.now() + workerData.seconds * 1000) });
}
