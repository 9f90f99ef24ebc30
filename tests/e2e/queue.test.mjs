// SPDX-License-Identifier: Apache-2.0
// queue.test.mjs: a front asks for a run while another run streams.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Aimock, answer, keyed, silentTurn } from "./lib/aimock.mjs";
import { assertSame } from "./lib/compare.mjs";
import { Front } from "./lib/front.mjs";
import { asks, isOver, isRunning, scene } from "./lib/scene.mjs";
import { Screen, shownText } from "./lib/screen.mjs";

const long = "One. Two 你好. Three 😀. ".repeat(6);
const keys = ["queue", "queue2", "interrupt", "rollback", "reject", "parent", "drop"];
const fixtures = keys.flatMap((key) => [
  answer(`${key}-first`, long, { chunkSize: 6, tps: 25 }),
  answer(`${key}-second`, `second of ${key}`, { tps: 60 }),
  answer(`${key}-third`, `third of ${key}`, { tps: 60 }),
]);
fixtures.push({ match: { userMessage: keyed("broken") }, response: { error: { message: "no" }, status: 400 } });

describe("A run started while one streams", { timeout: 120_000 }, () => {
  let stage;
  before(async () => (stage = await scene("queue", fixtures)));
  after(() => stage.dispose());

  // A front whose first answer has streamed some text.
  async function streaming(key) {
    const front = new Front(stage.server, key);
    const first = `${key}-1`;
    front.live = front.follow({ changes: front.prepare([asks(first, `${key}-first`)]), follow: "live" });
    await front.live.opened;
    await front.when((it) => it.text(first).length > 12, "some text");
    return { front, first };
  }

  const asked = (key) => ({ role: "user", text: `please ${keyed(key)}` });
  const assistant = (text) => ({ role: "assistant", text });
  const sent = async (key) => Aimock.sentFor(await stage.aimock.journal(), key);
  const ended = (front, run) => front.when((it) => isOver(it, run), `${run} ends`);

  async function assertSettled(front) {
    const stored = Screen.of(await stage.server.read(front.thread));
    await front.when((it) => it.ts >= stored.ts, "the front is there");
    assertSame(front.screen, stored);
    front.live.drop();
    return stored;
  }

  test("a queued run waits, and its input enters the tree behind the whole former answer", async () => {
    const { front } = await streaming("queue");
    await front.change([asks("queue-2", "queue-second")]);
    await front.change([asks("queue-3", "queue-third")]);
    assert.equal(front.screen.runs.get("queue-2").status, "queued");
    assert.equal(front.screen.runs.get("queue-2").input[0].id, "queue-2-asked");
    assert.ok(!front.screen.messages.has("queue-2-asked"), "a waiting input is not in the tree");

    await ended(front, "queue-3");

    const texts = [asked("queue-first").text, long, asked("queue-second").text, "second of queue"];
    const stored = await assertSettled(front);
    assert.deepEqual(stored.path().map(shownText), [...texts, asked("queue-third").text, "third of queue"]);
    assert.deepEqual(await sent("queue-second"), [
      [asked("queue-first"), assistant(long), asked("queue-second")],
    ]);
    assert.equal((await sent("queue-third"))[0].length, 5);
  });

  test("a stream carries the end of the former, then the new one", async () => {
    const { front, first } = await streaming("queue2");
    const second = new Front(stage.server, "queue2");
    await second.sync();
    const statuses = [];
    second.recorder = (frame) => {
      for (const event of frame.events ?? []) {
        if (/^run_/.test(event.type)) statuses.push(`${event.type} ${event.run}`);
      }
    };
    const stream = second.follow({ changes: second.prepare([asks("queue2-2", "queue2-second")]), follow: "run" });

    assert.equal(await stream.ended, "end");

    assert.equal(stream.endFrame.reason, "done");
    assert.deepEqual(statuses, [`run_ended ${first}`, "run_started queue2-2", "run_ended queue2-2"]);
    await assertSettled(front);
  });

  test("interrupt stops the running one as it was seen", async () => {
    const { front, first } = await streaming("interrupt");
    const held = front.screen.text(first);
    const seen = front.cursor;
    await front.when((it) => it.text(first).length > held.length, "more text than was seen");

    await front.change([asks("interrupt-2", "interrupt-second", { when_busy: "interrupt" })], { seen });
    await ended(front, "interrupt-2");

    const stored = await assertSettled(front);
    assert.equal(stored.runs.get(first).status, "stopped");
    assert.equal(stored.text(first), held);
    assert.deepEqual(await sent("interrupt-second"), [
      [asked("interrupt-first"), assistant(held), asked("interrupt-second")],
    ]);
  });

  test("rollback cuts the running one to nothing", async () => {
    const { front, first } = await streaming("rollback");

    await front.change([asks("rollback-2", "rollback-second", { when_busy: "rollback" })]);
    await ended(front, "rollback-2");

    const stored = await assertSettled(front);
    assert.equal(stored.text(first), "");
    assert.deepEqual(await sent("rollback-second"), [
      [asked("rollback-first"), silentTurn("stopped"), asked("rollback-second")],
    ]);
  });

  test("reject refuses as busy, and leaves no trace of its input", async () => {
    const { front, first } = await streaming("reject");

    const [outcome] = await front.change([asks("reject-2", "reject-second", { when_busy: "reject" })]);
    await ended(front, first);

    assert.equal(outcome.code, "busy");
    const stored = await assertSettled(front);
    assert.ok(!stored.runs.has("reject-2") && !stored.messages.has("reject-2-asked"));
    assert.equal(stored.text(first), long);
    assert.deepEqual(await sent("reject-second"), []);
  });

  test("an edit in mid-stream interrupts by default, and goes before those that wait", async () => {
    const { front, first } = await streaming("parent");
    await front.change([asks("parent-2", "parent-second")]);

    await front.change([asks("parent-3", "parent-third", { parent: null })]);
    await ended(front, "parent-3");
    await ended(front, "parent-2");

    const stored = await assertSettled(front);
    const [second, third] = ["parent-2", "parent-3"].map((id) => stored.runs.get(id));
    assert.equal(stored.runs.get(first).status, "stopped");
    assert.ok(third.started < second.started, "the edit comes first");
    assert.deepEqual(await sent("parent-third"), [[asked("parent-third")]]);
  });

  test("a waiting run that is stopped is dropped with its input", async () => {
    const { front, first } = await streaming("drop");
    await front.change([asks("drop-2", "drop-second"), asks("drop-3", "drop-third")]);

    await front.change([{ type: "stop_run", run: "drop-2" }]);
    assert.ok(isRunning(front.screen, first), "the running one goes on");
    await ended(front, "drop-3");

    const stored = await assertSettled(front);
    assert.equal(stored.runs.get("drop-2").status, "stopped");
    assert.equal(stored.runs.get("drop-2").input, undefined);
    assert.ok(!stored.messages.has("drop-2-asked"));
    assert.deepEqual(await sent("drop-second"), []);
  });

  test("after a failure those that wait end interrupted, and keep their input", async () => {
    const front = new Front(stage.server, "broken");
    const hold = { type: "start_run", run: "hold", agent: "push", input: [{ text: "hold" }] };
    await front.change([hold, asks("broken-1", "broken"), asks("broken-2", "queue-second")]);
    front.live = front.follow({ follow: "live" });
    await front.live.opened;

    await front.change([{ type: "stop_run", run: "hold" }]);
    await ended(front, "broken-1");
    await ended(front, "broken-2");

    const stored = await assertSettled(front);
    assert.equal(stored.runs.get("broken-1").status, "failed");
    assert.ok(stored.runs.get("broken-1").error.code);
    assert.equal(stored.runs.get("broken-2").status, "interrupted");
    assert.equal(stored.runs.get("broken-2").input[0].id, "broken-2-asked");
  });
});
