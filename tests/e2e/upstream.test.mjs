// SPDX-License-Identifier: Apache-2.0
// upstream.test.mjs: faults of a model server in mid-stream, as a front sees them.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Aimock, answer, keyed } from "./lib/aimock.mjs";
import { assertSame } from "./lib/compare.mjs";
import { Front } from "./lib/front.mjs";
import { asks, isOver, scene } from "./lib/scene.mjs";
import { Screen } from "./lib/screen.mjs";
import { until } from "./lib/wait.mjs";

const families = "👩‍👩‍👧👨‍👩‍👦😀🚀🇩🇪".repeat(6);
const fast = { tps: 200 };
const fixtures = [
  ...[1, 3, 5, 7].map((chunkSize) => answer(`split-${chunkSize}`, families, { ...fast, chunkSize })),
  answer("tools", { content: "I will look.", toolCalls: [{ id: "c1", name: "find", arguments: '{"q":"你好"}' }] }, fast),
  answer("thinks", { content: "42", reasoning: "Let me think 😀 about it." }, fast),
  answer("truncated", "this will not be whole", { ...fast, truncateAfterChunks: 4 }),
  answer("refused", { error: { message: "Bad key.", type: "invalid_request_error" }, status: 401 }),
  answer("after", "fine", fast),
];

describe("A model server", { timeout: 120_000 }, () => {
  let stage;
  before(async () => (stage = await scene("upstream", fixtures)));
  after(() => stage.dispose());

  async function ask(thread, key) {
    const front = new Front(stage.server, thread);
    const run = `${thread}-${key}`;
    await front.follow({ changes: front.prepare([asks(run, key)]), follow: "run" }).opened;
    await front.when((it) => isOver(it, run), `${run} ends`, 30_000);
    const stored = Screen.of(await stage.server.read(thread));
    await front.when((it) => it.ts >= stored.ts, "the front is there");
    assertSame(front.screen, stored);
    return { front, stored, run: stored.runs.get(run), written: stored.written(run) };
  }

  for (const chunkSize of [1, 3, 5, 7]) {
    test(`emoji cut between two chunks of ${chunkSize} come out whole`, async () => {
      const { stored, run } = await ask(`split-${chunkSize}`, `split-${chunkSize}`);
      assert.equal(run.status, "completed");
      assert.equal(stored.text(run.id), families);
    });
  }

  test("tool calls come out as they were sent, and are closed before the next turn", async () => {
    const { written, run } = await ask("tools", "tools");
    assert.equal(run.status, "completed");
    const call = written.flatMap((it) => it.parts).find((part) => part.type === "tool_call");
    assert.deepEqual(call, { type: "tool_call", id: "c1", name: "find", arguments: '{"q":"你好"}' });
  });

  test("reasoning is a part of its own, and is not sent as text", async () => {
    const { written } = await ask("thinks", "thinks");
    const parts = written.flatMap((it) => it.parts);
    assert.deepEqual(parts.map((part) => part.type), ["reasoning", "text"]);
    assert.equal(parts[0].text, "Let me think 😀 about it.");
    await ask("thinks", "after");
    const journal = await stage.aimock.journal();
    const [sent] = Aimock.sentFor(journal, "after");
    assert.deepEqual(sent[1], { role: "assistant", text: "42" });
  });

  test("a stream that breaks off keeps the shown text, and does not count as done", async () => {
    const { run, written } = await ask("truncated", "truncated");
    assert.ok(["failed", "interrupted"].includes(run.status), run.status);
    assert.ok(run.error.code);
    assert.notEqual(written.at(-1).status, "complete");
    const text = written.flatMap((it) => it.parts).map((part) => part.text).join("");
    assert.ok("this will not be whole".startsWith(text));
    const journal = await stage.aimock.journal();
    assert.equal(Aimock.sentFor(journal, "truncated").length, text ? 1 : Aimock.sentFor(journal, "truncated").length);
  });

  test("a refusal of the model server fails the run with a reason", async () => {
    const { run, written } = await ask("refused", "refused");
    assert.equal(run.status, "failed");
    assert.ok(run.error.code);
    assert.match(run.error.detail, /Bad key|401/);
    assert.deepEqual(written.flatMap((it) => it.parts), []);
  });

  test("context shows the bytes that the model was sent", async () => {
    const { run } = await ask("context", "after");
    const answer = await stage.server.get(`/v1/threads/context/runs/${run.id}/context`);
    assert.equal(answer.status, 200);
    const { path, sent } = answer.json;
    assert.deepEqual(path.map((it) => it.id), [`${run.id}-asked`]);
    const body = typeof sent === "string" ? JSON.parse(sent) : sent;
    const seen = await until(async () => {
      const journal = await stage.aimock.journal();
      return journal.findLast((it) => JSON.stringify(it.body).includes(keyed("after")));
    }, "aimock's journal has the request");
    const { _endpointType, ...received } = seen.body;
    assert.deepEqual(received, body);
  });
});
