// SPDX-License-Identifier: Apache-2.0
// load.mjs: producers at a steady pace, two followers each, and a stopwatch.
//
// Every step's text is `NUMBER:TIME `: its number and its planned sending time, so that a client
// that falls behind can't hide it. Followers check each frame's `prev` and `at`, and every number.
// The client is lean, because it shares the machine with the server; its own load is reported too.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

import { EventBlocks } from "./frames.mjs";
import { request, stream } from "./http.mjs";
import { Producer, finishes, opens } from "./producer.mjs";
import { pushes } from "./scene.mjs";
import { Front } from "./front.mjs";
import { Screen } from "./screen.mjs";
import { Server } from "./server.mjs";
import { Socket } from "./socket.mjs";
import { each, pause, until } from "./wait.mjs";

const tickMs = 4;
const now = () => performance.now();

// The state of one follower of one thread.
class Tally {
  held = undefined;
  length = 0;
  next = 0;
  broken = [];

  constructor(thread, latencies) {
    Object.assign(this, { thread, latencies });
  }

  take(frame) {
    if (frame.frame === "entry") this.takeEntry(frame);
    else if (frame.frame === "failure") this.broken.push(JSON.stringify(frame));
    else if (frame.frame === "diff" && this.held !== undefined) this.broken.push("a diff in mid-stream");
    else if (frame.cursor) this.held ??= Number(frame.cursor.split("@")[0]);
  }

  takeEntry(frame) {
    if (this.held !== undefined && frame.prev !== this.held) this.fault(`a gap at ${frame.ts}`);
    this.held = frame.ts;
    for (const event of frame.events) {
      if (event.type === "content_appended") this.takeText(event);
      if (event.type === "part_started") this.takeText({ at: 0, text: event.value.text });
    }
  }

  takeText({ at, text }) {
    if (at !== this.length) this.fault(`text at ${at}, not ${this.length}`);
    this.length = at + text.length;
    const arrived = now();
    for (const step of text.split(" ")) {
      if (!step) continue;
      const colon = step.indexOf(":");
      if (Number(step.slice(0, colon)) !== this.next) this.fault(`${step}, not ${this.next}`);
      this.next += 1;
      this.latencies.push(arrived - Number(step.slice(colon + 1)));
    }
  }

  fault(what) {
    if (this.broken.length < 5) this.broken.push(`${this.thread}: ${what}`);
  }
}

// CPU seconds and memory of a process, as the kernel counts them.
export function usage(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+) kB`))[1]) / 1024;
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / 100,
    rss: Math.round(megabytes("VmRSS")),
    peak: Math.round(megabytes("VmHWM")),
  };
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
const rounded = (value) => Math.round(value * 100) / 100;

function summary(latencies) {
  const sorted = Float64Array.from(latencies).sort();
  const at = (q) => rounded(quantile(sorted, q) ?? Number.NaN);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1), count: sorted.length };
}

export async function load(options) {
  const server = await Server.start({ name: "load", config: { agents: { push: { kind: "push" } } } });
  try {
    return await measured(server, options);
  } finally {
    await server.dispose();
  }
}

async function measured(server, options) {
  const sockets = await Promise.all(Array.from({ length: 6 }, () => Socket.open(server)));
  const lanes = await each(Array.from({ length: options.threads }), 20, (_, index) =>
    prepare(server, sockets, index, options),
  );
  const before = { server: usage(server.pid), client: process.cpuUsage(), at: now() };
  const sent = await paced(lanes, options);
  const { behind } = sent;
  const tallies = lanes.flatMap((lane) => lane.tallies);
  const all = () => tallies.every((tally) => tally.next >= sent.each);
  await until(all, "every follower has every step", { withinMs: 30_000, everyMs: 20 }).catch(() => {});
  const after = { server: usage(server.pid), client: process.cpuUsage(before.client), at: now() };
  await Promise.all(lanes.map((lane) => lane.producer.write(finishes())));
  const stored = await storedWell(server, lanes, sent.each);
  for (const socket of sockets) socket.web.close();
  for (const lane of lanes) lane.drop?.();
  const wall = (after.at - before.at) / 1000;
  const client = (after.client.user + after.client.system) / 1e6;
  return {
    threads: options.threads,
    rate: options.rate,
    seconds: options.seconds,
    followers: tallies.length,
    overSse: lanes.filter((lane) => lane.overSse).length,
    steps: sent.each * lanes.length,
    refused: sent.refused,
    lost: tallies.reduce((sum, tally) => sum + sent.each - tally.next, 0),
    broken: [...tallies.flatMap((tally) => tally.broken), ...stored].slice(0, 20),
    stepToFrontMs: summary(lanes[0].latencies),
    stepToAckMs: summary(sent.acks),
    senderBehindMs: summary(behind),
    serverCpu: rounded((after.server.cpu - before.server.cpu) / wall),
    serverRssMb: after.server.rss,
    serverPeakMb: after.server.peak,
    clientCpu: rounded(client / wall),
  };
}

const latencies = [];

// One thread with its run, its producer and its two followers.
async function prepare(server, sockets, index, options) {
  const thread = `load-${index}`;
  const run = `${thread}-run`;
  const author = new Front(server, thread);
  await author.change([pushes(run, "go")]);
  const producer = new Producer(sockets[index % 2], thread, run);
  await producer.write(opens(`${thread}-m`));
  const overSse = index < options.overSse;
  const tallies = [new Tally(thread, latencies), new Tally(thread, latencies)];
  const [first, second] = [2 + (index % 4), 2 + ((index + 1) % 4)].map((it) => sockets[it]);
  follow(first, thread, tallies[0]);
  const lane = { thread, producer, tallies, latencies, overSse };
  if (overSse) lane.drop = await followSse(server, thread, tallies[1]);
  else follow(second, thread, tallies[1]);
  const opened = () => tallies.every((tally) => tally.held !== undefined);
  await until(opened, `${thread} is followed`);
  return lane;
}

function follow(socket, thread, tally) {
  socket.send("sync", { thread, follow: "live" }, (frame) => tally.take(frame));
}

async function followSse(server, thread, tally) {
  const { json } = await request(`${server.url}/v1/threads/${thread}`);
  const parser = new EventBlocks(({ frame }) => tally.take(frame));
  const url = `${server.url}/v1/threads/${thread}/events?after=${json.cursor}&follow=live`;
  const headers = { accept: "text/event-stream" };
  const answer = await stream(url, { headers, onChunk: (chunk) => parser.push(chunk) });
  tally.held ??= Number(json.cursor.split("@")[0]);
  return answer.drop;
}

// Sends every lane's steps when they are due; the lanes' phases are spread over one period.
async function paced(lanes, { rate, seconds }) {
  const period = 1000 / rate;
  const total = Math.floor(rate * seconds);
  const result = { each: total, refused: 0, acks: [], behind: [], unanswered: 0 };
  const start = now() + 50;
  for (const [index, lane] of lanes.entries()) lane.due = start + (index / lanes.length) * period;
  for (let left = lanes.length * total; left > 0; ) {
    const time = now();
    for (const lane of lanes) left -= sendDue(lane, time, period, total, result);
    await pause(tickMs);
  }
  const answered = () => result.unanswered === 0;
  await until(answered, "every step is acknowledged", { withinMs: 30_000, everyMs: 20 });
  return result;
}

// All that is due of one lane, as one message.
function sendDue(lane, time, period, total, result) {
  const steps = [];
  lane.number ??= 0;
  for (; lane.due <= time && lane.number < total; lane.due += period) {
    const text = `${lane.number}:${lane.due.toFixed(2)} `;
    steps.push({ type: "content_appended", message: `${lane.thread}-m`, text });
    result.behind.push(time - lane.due);
    lane.number += 1;
  }
  if (steps.length === 0) return 0;
  const meant = lane.due - period;
  result.unanswered += 1;
  lane.producer.write(...steps).then(
    () => result.acks.push(now() - meant),
    () => (result.refused += steps.length),
  ).finally(() => (result.unanswered -= 1));
  return steps.length;
}

// Checks that the stored text has every sent number once.
async function storedWell(server, lanes, total) {
  const faults = [];
  await each(lanes, 10, async (lane) => {
    const stored = Screen.of(await server.read(lane.thread));
    const numbers = stored.text(`${lane.thread}-run`).trimEnd().split(" ").map((it) => Number(it.split(":")[0]));
    const well = numbers.length === total && numbers.every((number, index) => number === index);
    if (!well) faults.push(`${lane.thread}: stored ${numbers.length} steps of ${total}`);
  });
  return faults;
}
