// SPDX-License-Identifier: Apache-2.0
// reading.test.mjs: the other ways to read: pages, windows, lists, the feed, and the formats of an
// answer.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { answer } from "./lib/aimock.mjs";
import { assertSame } from "./lib/compare.mjs";
import { digestOf } from "./lib/digest.mjs";
import { EventBlocks } from "./lib/frames.mjs";
import { Front } from "./lib/front.mjs";
import { request, stream } from "./lib/http.mjs";
import { asks, isOver, scene } from "./lib/scene.mjs";
import { Screen, shownText } from "./lib/screen.mjs";
import { until } from "./lib/wait.mjs";

const put = (id, text, more = {}) => ({ type: "put_message", message: { id, text }, ...more });
const content = "an answer of some length, 你好 😀 🚀. ".repeat(4);

describe("Reading", { timeout: 120_000 }, () => {
  let stage;
  before(async () => (stage = await scene("reading", [answer("read", content, { tps: 60 })])));
  after(() => stage.dispose());

  // A chain of ten messages, 0 to 9.
  async function chain(thread) {
    const front = new Front(stage.server, thread);
    const puts = Array.from({ length: 10 }, (_, index) =>
      put(`${thread}-${index}`, `text ${index} 😀`, { parent: index ? `${thread}-${index - 1}` : null }),
    );
    await front.change(puts);
    return front;
  }

  for (const form of ["sse", "ndjson", "socket", "json"]) {
    test(`a run asked for in the form ${form} ends on the same screen`, async () => {
      const thread = `form-${form}`;
      const socket = form === "socket" ? await stage.socket() : undefined;
      const front = new Front(stage.server, thread, { socket, form });
      const changes = front.prepare([asks(`${thread}-run`, "read")]);
      if (form === "json") await front.sync({ changes, follow: "run" });
      else assert.equal(await front.follow({ changes }).ended, "end");

      const stored = Screen.of(await stage.server.read(thread));
      assert.equal(stored.text(`${thread}-run`), content);
      assert.equal(stored.runs.get(`${thread}-run`).status, "completed");
      assertSame(front.screen, stored);
      front.assertWell();
    });
  }

  test("the default title is the first user message", async () => {
    const { thread } = await stage.server.read("form-sse");
    assert.equal(thread.title, "please [read]");
    const front = new Front(stage.server, "titled");
    await front.change([put("long", "😀".repeat(100), { parent: null })]);
    assert.equal((await stage.server.read("titled")).thread.title, "😀".repeat(80));
  });

  test("State(at) is the front's copy of then", async () => {
    const front = new Front(stage.server, "at");
    const stream = front.follow({ changes: front.prepare([asks("at-run", "read")]), follow: "run" });
    const held = [];
    front.recorder = (frame) => frame.frame === "entry" && queueMicrotask(() => held.push(front.screen.clone()));
    await stream.ended;
    assert.ok(held.length > 10);
    for (const screen of held) assertSame(Screen.of(await stage.server.read("at", screen.ts)), screen);
  });

  test("pages of messages lead from the head to the root", async () => {
    await chain("pages");
    const { cursor } = await stage.server.read("pages");
    const seen = [];
    let before = "pages-9";
    for (let page = 0; page < 10 && before; page += 1) {
      const query = `before=${before}&limit=4&at=${encodeURIComponent(cursor)}`;
      const { json } = await stage.server.get(`/v1/threads/pages/messages?${query}`);
      seen.unshift(...json.messages.map((it) => it.id));
      before = json.messages[0]?.id;
    }
    assert.deepEqual(seen, Array.from({ length: 9 }, (_, index) => `pages-${index}`));
  });

  test("a window holds the last messages, and marks that there are more", async () => {
    const author = await chain("window");
    const front = new Front(stage.server, "window");
    const diff = await front.sync({ window: 3 });
    assert.deepEqual([...front.screen.messages.keys()], ["window-7", "window-8", "window-9"]);
    assert.equal(diff.older, true);
    assert.match(diff.edge_digest, /^[0-9a-f]{64}$/);
    await author.change([put("window-10", "more")]);
    await front.sync({ window: 3 });
    assert.equal(shownText(front.screen.messages.get("window-10")), "more");
    const whole = await new Front(stage.server, "window").sync({ window: 50 });
    assert.equal(whole.older ?? false, false);
  });

  test("the digest is the one that the protocol describes", async () => {
    for (const thread of ["form-sse", "window", "pages"]) {
      const reading = await stage.server.read(thread);
      assert.equal(reading.digest, digestOf(Screen.of(reading).path()), thread);
    }
  });

  test("a run can be read, and an unknown one is unknown", async () => {
    const { json } = await stage.server.get("/v1/threads/form-sse/runs/form-sse-run");
    assert.deepEqual(json, (await stage.server.read("form-sse")).runs[0]);
    assert.equal((await stage.server.get("/v1/threads/form-sse/runs/none")).json.code, "unknown_run");
  });

  test("the list is in order of the latest change, and its pages have no gap", async () => {
    const { server } = stage;
    for (const name of ["list-a", "list-b", "list-c"]) await chain(name);
    await new Front(server, "list-a").change([put("list-a-more", "more", { parent: "list-a-9" })]);
    const first = (await server.get("/v1/threads?limit=2")).json;
    assert.deepEqual(first.threads.map((it) => it.id), ["list-a", "list-c"]);
    const all = (await server.get("/v1/threads?limit=1000")).json.threads.map((it) => it.id);
    const paged = [];
    let next;
    for (let page = 0; page < all.length + 1; page += 1) {
      const query = next ? `&before=${encodeURIComponent(next)}` : "";
      const { json } = await server.get(`/v1/threads?limit=2${query}`);
      paged.push(...json.threads.map((it) => it.id));
      if (!(next = json.next)) break;
    }
    assert.deepEqual(paged, all);
    assert.equal(new Set(all).size, all.length);
  });

  test("the feed tells of each thread that changes, and can be taken up again", async () => {
    const { server } = stage;
    const { cursor } = (await server.get("/v1/threads?limit=1")).json;
    const items = [];
    const follow = async (after) => {
      const blocks = new EventBlocks((block) => items.push(block));
      const url = `${server.url}/v1/feed?after=${encodeURIComponent(after)}`;
      return stream(url, { headers: { accept: "text/event-stream" }, onChunk: (it) => blocks.push(it) });
    };
    const told = (id) => until(() => items.some((it) => it.frame.thread?.id === id), `the feed tells of ${id}`);
    const first = await follow(cursor);
    await chain("feed-1");
    await told("feed-1");
    first.drop();
    const last = items.at(-1);
    await chain("feed-2");
    await server.get("/v1/threads/feed-1", { method: "DELETE" });
    items.length = 0;
    const second = await follow(last.id ?? last.frame.cursor);
    await told("feed-2");
    await until(() => items.some((it) => it.frame.removed === "feed-1"), "the feed tells of the deletion");
    assert.ok(!items.some((it) => it.frame.thread?.id === "feed-1"), "nothing is told twice");
    second.drop();
  });

  test("the feed does not report every token", async () => {
    const { server } = stage;
    const { cursor } = (await server.get("/v1/threads?limit=1")).json;
    const items = [];
    const socket = await stage.socket();
    socket.send("feed", { cursor }, (frame) => items.push(frame));
    const front = new Front(server, "tokens");
    await front.follow({ changes: front.prepare([asks("tokens-run", "read")]), follow: "run" }).ended;
    const done = () => items.some((it) => it.thread?.id === "tokens" && !it.thread.running);
    await until(done, "the feed tells that the run has ended");
    assert.ok(isOver(front.screen, "tokens-run"));
    assert.ok(items.length <= 6, `${items.length} items for one run`);
  });

  test("health, readiness and metrics are there", async () => {
    const { server } = stage;
    assert.equal((await server.get("/healthz")).status, 200);
    assert.equal((await server.get("/readyz")).status, 200);
    const metrics = await request(`${server.url}/metrics`);
    assert.match(metrics.text, /^# TYPE lockstep_/m);
    assert.match(server.printed, new RegExp(`http://127\\.0\\.0\\.1:${server.port}`));
  });
});
