// SPDX-License-Identifier: Apache-2.0
// resume.test.mjs: a stream can be dropped anywhere and resumed anywhere.
//
// Readers follow one answer of the model server and one run of our own back end. Some drop after
// every single entry, some begin at every entry while the run goes on, and some begin at every
// entry after its end. All of them must get the same bytes, and every diff must lead to the same
// state.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { answer } from "./lib/aimock.mjs";
import { assertSame } from "./lib/compare.mjs";
import { Events, backlog, bytesOf, endsRun } from "./lib/events.mjs";
import { Front } from "./lib/front.mjs";
import { Producer, ends, finishes, opens, says, starts } from "./lib/producer.mjs";
import { asks, isOver, pushes, scene } from "./lib/scene.mjs";
import { Screen } from "./lib/screen.mjs";
import { chance, pieces, seed, text } from "./lib/texts.mjs";
import { each } from "./lib/wait.mjs";

const entries = Number(process.env.LOCKSTEP_E2E_ENTRIES ?? 60);
const random = chance(seed);
const content = text(random, entries * 5, 5);

// Follows `/events` to the end of a run, and drops the connection after each `every` entries.
async function dropping(server, thread, run, { every, header }) {
  const blocks = [];
  let drops = 0;
  for (let tries = 0; tries < 4 * entries + 100; tries += 1) {
    const last = blocks.at(-1)?.id;
    const where = last ? (header ? { lastEventId: last } : { after: last }) : {};
    const events = await Events.open(server, thread, { ...where, follow: "live" });
    const enough = (it) => it.entries.length >= every || it.entries.some(endsRun(run));
    await events.when(enough, `${run}: ${every} more entries after ${last}`);
    events.drop();
    drops += 1;
    blocks.push(...events.entries.slice(0, every));
    if (blocks.some(endsRun(run))) return { blocks, drops };
  }
  throw new Error(`${run} did not end`);
}

// Opens a reader behind every block that `from` gets to see, while the run goes on.
function fanOut(server, thread, run) {
  const readers = [];
  const onBlock = (block) => {
    if (block.frame.frame !== "entry" || endsRun(run)(block)) return;
    readers.push(readToEnd(server, thread, run, block.id));
  };
  return { onBlock, readers };
}

async function readToEnd(server, thread, run, cursor) {
  const events = await Events.open(server, thread, { after: cursor, follow: "live" });
  await events.when((it) => it.entries.some(endsRun(run)), `${run}: the rest after ${cursor}`);
  events.drop();
  return { cursor, bytes: events.bytes };
}

// The bytes behind each block of the reference.
const suffixes = (reference) =>
  new Map(reference.map((block, index) => [block.id, bytesOf(reference.slice(index + 1))]));

async function check(server, thread, run, started) {
  const fan = fanOut(server, thread, run);
  const watcher = await Events.open(server, thread, { follow: "live", onBlock: fan.onBlock });
  const everyEntry = dropping(server, thread, run, { every: 1, header: true });
  const someEntries = dropping(server, thread, run, { every: 7, header: false });
  started();
  await watcher.when((it) => it.entries.some(endsRun(run)), `${run} ends`, 60_000);
  watcher.drop();

  const reference = await backlog(server, thread);
  assert.equal(watcher.bytes, bytesOf(reference), "one reader that never dropped");
  for (const dropped of [await everyEntry, await someEntries]) {
    assert.equal(bytesOf(dropped.blocks), bytesOf(reference), "a reader that dropped and came back");
  }
  const rests = suffixes(reference);
  for (const { cursor, bytes } of await Promise.all(fan.readers)) {
    assert.equal(bytes, rests.get(cursor), `a reader from ${cursor} in mid-stream`);
  }
  for (const [cursor, bytes] of rests) {
    const read = await backlog(server, thread, { after: cursor });
    assert.equal(bytesOf(read), bytes, `a reader from ${cursor} after the end`);
  }
  return { reference, readers: fan.readers.length, drops: (await everyEntry).drops };
}

// A front that holds the state at each entry is brought to the end by one diff.
async function checkSyncs(server, thread, reference) {
  const stored = Screen.of(await server.read(thread));
  const epoch = reference[0].id.split("@")[1];
  const states = [];
  const screen = new Screen();
  for (const block of reference) {
    screen.applyEntry(block.frame);
    states.push(screen.clone());
  }
  assertSame(screen, stored, "the fold of the log");
  await each(states, 8, async (state) => {
    const front = new Front(server, thread);
    Object.assign(front, { screen: state, cursor: `${state.ts}@${epoch}`, epoch });
    const at = Screen.of(await server.read(thread, state.ts));
    assertSame(at, state, `State(${state.ts})`);
    await front.sync({ follow: "none" });
    assertSame(front.screen, stored, `a diff from ${state.ts}`);
  });
}

describe("Drop and resume", { timeout: 300_000 }, () => {
  let stage;
  before(async () => (stage = await scene("resume", [answer("resume", content, { chunkSize: 5, tps: 40 })])));
  after(() => stage.dispose());

  test("an answer of a model, dropped and resumed at every entry", async (context) => {
    const { server } = stage;
    const front = new Front(server, "model");
    await front.follow({ changes: front.prepare([asks("model-run", "resume")]), follow: "run" }).opened;

    const found = await check(server, "model", "model-run", () => {});

    await front.when((it) => isOver(it, "model-run"), "the run ends");
    assert.equal(front.screen.text("model-run"), content);
    await checkSyncs(server, "model", found.reference);
    context.diagnostic(`entries: ${found.reference.length}, mid-stream readers: ${found.readers}`);
    context.diagnostic(`connections dropped by the reader that drops at every entry: ${found.drops}`);
    assert.ok(found.readers >= entries / 2, "readers began in mid-stream");
  });

  test("steps of many kinds, dropped and resumed at every entry", async (context) => {
    const { server } = stage;
    const front = new Front(server, "steps");
    await front.change([pushes("steps-run", "go")]);
    const producer = new Producer(server, "steps", "steps-run");

    let written;
    const found = await check(server, "steps", "steps-run", () => (written = writeAll(producer)));

    await written;
    await checkSyncs(server, "steps", found.reference);
    context.diagnostic(`entries: ${found.reference.length}, mid-stream readers: ${found.readers}`);
    assert.ok(found.readers >= 20, "readers began in mid-stream");
  });

  test("NDJSON and SSE carry the same frames", async () => {
    const lines = (await stage.server.logOf("model")).trimEnd().split("\n");
    const blocks = await backlog(stage.server, "model");
    const entryLines = lines.filter((line) => JSON.parse(line).frame === "entry");
    assert.deepEqual(entryLines, blocks.map((block) => block.data));
  });

  test("a reconnect without anything left to follow gets 204", async () => {
    const { server } = stage;
    const last = (await backlog(server, "model")).at(-1).id;
    const headers = { accept: "text/event-stream", "last-event-id": last };
    const answer = await server.get("/v1/threads/model/events?follow=run", { headers });
    assert.equal(answer.status, 204);
  });

  test("Last-Event-ID beats the cursor in the address", async () => {
    const { server } = stage;
    const all = await backlog(server, "model");
    const read = await backlog(server, "model", { after: all[0].id, lastEventId: all.at(-3).id });
    assert.equal(bytesOf(read), bytesOf(all.slice(-2)));
  });

  test("until ends the stream at its timestamp", async () => {
    const { server } = stage;
    const all = await backlog(server, "model");
    const middle = all[Math.floor(all.length / 2)];
    const read = await backlog(server, "model", { until: middle.frame.ts });
    assert.equal(bytesOf(read), bytesOf(all.slice(0, all.indexOf(middle) + 1)));
  });

  test("a cursor ahead of the log, or of no known epoch, is unknown history", async () => {
    const { server } = stage;
    const last = (await backlog(server, "model")).at(-1).id;
    const [ts, epoch] = last.split("@");
    for (const cursor of [`${Number(ts) + 1}@${epoch}`, `${ts}@0123456789abcdef`]) {
      const front = new Front(server, "model");
      front.cursor = cursor;
      await assert.rejects(front.sync(), { code: "unknown_history" });
    }
  });
});

// Two messages interleaved, reasoning, a tool call with its result, and text.
async function writeAll(producer) {
  await producer.write(opens("one"), opens("two", { parent: "steps-run-asked", author: "second" }));
  await producer.write(starts("one", 0, { type: "reasoning", text: "" }));
  for (const piece of pieces(text(random, 60), 6)) await producer.write(says("one", piece));
  for (const piece of pieces(text(random, 100), 6)) {
    await producer.write(says("one", piece, 1), says("two", piece));
  }
  await producer.write(starts("one", 2, { type: "tool_call", id: "c1", name: "find", arguments: "" }));
  for (const piece of pieces('{"query":"你好 😀","limit":10}', 4)) await producer.write(says("one", piece, 2));
  await producer.write(ends("one"), ends("two"));
  await producer.write(opens("three", { parent: "one", role: "tool" }));
  await producer.write(starts("three", 0, { type: "tool_result", call: "c1", content: "nothing 🚀" }));
  await producer.write(ends("three"), finishes());
}
