// SPDX-License-Identifier: Apache-2.0
// push.test.mjs: users' own back ends write the steps of their runs.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertSame } from "./lib/compare.mjs";
import { Front } from "./lib/front.mjs";
import { Producer, ends, finishes, opens, says, starts } from "./lib/producer.mjs";
import { isOver, isRunning, pushes, scene } from "./lib/scene.mjs";
import { Screen, shownText } from "./lib/screen.mjs";
import { chance, pieces, seed, text } from "./lib/texts.mjs";

const call = (id, name = "find") => ({ type: "tool_call", id, name, arguments: "" });

describe("Push", { timeout: 120_000 }, () => {
  let stage;
  let socket;
  before(async () => {
    stage = await scene("push");
    socket = await stage.socket();
  });
  after(() => stage.dispose());

  // A front that follows a push run which has its turn, and the producer that writes it.
  async function running(thread, { overSocket = false } = {}) {
    const front = new Front(stage.server, thread, { socket: overSocket ? socket : undefined });
    const run = `${thread}-run`;
    front.live = front.follow({ changes: front.prepare([pushes(run, "go")]), follow: "live" });
    await front.live.opened;
    await front.when((it) => isRunning(it, run), `${run} runs`);
    return { front, run, producer: new Producer(overSocket ? socket : stage.server, thread, run) };
  }

  async function assertSettled(front) {
    const stored = Screen.of(await stage.server.read(front.thread));
    await front.when((it) => it.ts >= stored.ts, "the front is there");
    assertSame(front.screen, stored);
    front.live.drop();
    return stored;
  }

  for (const overSocket of [false, true]) {
    const how = overSocket ? "a socket" : "POST";
    test(`fronts show the text that a back end writes over ${how}`, async () => {
      const { front, run, producer } = await running(`plain-${overSocket}`, { overSocket });
      const whole = text(chance(seed), 300);
      await producer.write(opens("m" + overSocket));
      let last = 0;
      for (const piece of pieces(whole, 7)) {
        const { seq, ts } = await producer.write(says("m" + overSocket, piece));
        assert.equal(seq, producer.seq);
        assert.ok(ts > last, "timestamps increase");
        last = ts;
      }
      await producer.write(ends("m" + overSocket), finishes());
      const stored = await assertSettled(front);
      assert.equal(stored.text(run), whole);
      assert.equal(stored.runs.get(run).status, "completed");
    });
  }

  test("many batches in flight are taken in order", async () => {
    const { front, run, producer } = await running("flight", { overSocket: true });
    const whole = text(chance(seed + 1), 2000);
    const answers = [producer.write(opens("flight-m"))];
    for (const piece of pieces(whole, 5)) answers.push(producer.write(says("flight-m", piece)));
    answers.push(producer.write(finishes()));
    await Promise.all(answers);
    assert.equal((await assertSettled(front)).text(run), whole);
  });

  test("a gap is refused with the next expected, and nothing of its batch is taken", async () => {
    const { front, run, producer } = await running("gap");
    await producer.write(opens("gap-m"), says("gap-m", "one "));
    const step = (seq, piece) => ({ seq, ...says("gap-m", piece) });
    const refused = await producer.send([step(4, "three"), step(5, "four")]).catch((error) => error);
    const torn = await producer.send([step(3, "two"), step(5, "four")]).catch((error) => error);

    assert.equal(refused.code, "gap");
    assert.equal(refused.problem.status, 409);
    assert.equal(refused.problem.expected, 3);
    assert.ok(["gap", "invalid"].includes(torn.code), `a batch with a hole: ${torn.code}`);
    assert.equal(Screen.of(await stage.server.read("gap")).text(run), "one ");
    producer.seq = 2;
    await producer.write(says("gap-m", "two"), finishes());
    assert.equal((await assertSettled(front)).text(run), "one two");
  });

  test("steps that are sent again are answered again, and change nothing", async () => {
    const { front, run, producer } = await running("again");
    const first = producer.numbered([opens("again-m"), says("again-m", "one ")]);
    await producer.send(first);
    const second = producer.numbered([says("again-m", "two")]);
    const answer = await producer.send(second);
    const size = (await stage.server.logOf("again")).length;

    const repeated = await producer.send(second);
    const overlapping = await producer.send([...first, ...second]);

    assert.equal(repeated.seq, answer.seq);
    assert.equal(overlapping.seq, answer.seq);
    assert.equal((await stage.server.logOf("again")).length, size, "nothing was written");
    await producer.write(finishes());
    const again = await producer.send([{ seq: producer.seq, ...finishes() }]);
    assert.equal(again.seq, producer.seq, "its own end is no refusal");
    assert.equal((await assertSettled(front)).text(run), "one two");
  });

  for (const overSocket of [false, true]) {
    const how = overSocket ? "a socket" : "POST";
    test(`of two writers of one attempt the second is told over ${how}`, async () => {
      const thread = `mixed-${overSocket}`;
      const { front, run, producer: a } = await running(thread, { overSocket });
      const b = new Producer(overSocket ? socket : stage.server, thread, run);
      await a.write(opens(`${thread}-m`), says(`${thread}-m`, "from A "));
      b.seq = a.seq;
      await b.write(says(`${thread}-m`, "B again"));

      const refused = await a.write(says(`${thread}-m`, "A again")).catch((error) => error);

      assert.equal(refused.code, "seq_reused");
      assert.equal(refused.problem.status, 409);
      assert.match(refused.problem.detail, /step 3 /);
      await b.write(finishes());
      assert.equal((await assertSettled(front)).text(run), "from A B again");
    });
  }

  test("another attempt than the running one is fenced", async () => {
    const { front, producer } = await running("fence");
    await producer.write(opens("fence-m"));
    const old = new Producer(stage.server, "fence", "fence-run", 0);
    const refused = await old.write(says("fence-m", "x")).catch((error) => error);
    assert.ok(["fenced", "invalid", "malformed"].includes(refused.code), refused.code);
    await producer.write(finishes());
    await assertSettled(front);
  });

  test("a stop ends the run for its producer, and names the calls that it has cut", async () => {
    const { front, run, producer } = await running("calls");
    await producer.write(opens("calls-m"), says("calls-m", "I will look. "));
    await producer.write(starts("calls-m", 1, call("whole")), says("calls-m", '{"q":1}', 1));
    await producer.write(starts("calls-m", 2, call("half")), says("calls-m", '{"q":', 2));
    await front.when((it) => it.messages.get("calls-m")?.parts[2]?.arguments === '{"q":', "half a call");
    const seen = front.cursor;
    await producer.write(says("calls-m", "2}", 2), starts("calls-m", 3, call("unseen")));

    await front.change([{ type: "stop_run", run }], { seen });
    const refused = await producer.write(says("calls-m", "{}", 3)).catch((error) => error);

    assert.equal(refused.code, "ended");
    assert.equal(refused.problem.status, 409);
    assert.deepEqual([...refused.problem.cut_calls].sort(), ["half", "unseen"]);
    const stored = await assertSettled(front);
    const parts = stored.messages.get("calls-m").parts;
    assert.deepEqual(parts.slice(0, 2).map((part) => part.type), ["text", "tool_call"]);
    assert.ok(parts.slice(2).every((part) => part.type === "tool_result"));
    assert.equal(parts[1].arguments, '{"q":1}');
    const results = [...stored.messages.values()].flatMap((it) => it.parts.filter((part) => part.call === "whole"));
    assert.equal(results.length, 1, "a whole call without a result gets one");
    assert.equal(results[0].content, "stopped by the user");
  });

  test("after a stop even known steps are answered with the end", async () => {
    const { front, run, producer } = await running("known");
    const steps = producer.numbered([opens("known-m"), says("known-m", "text")]);
    await producer.send(steps);
    await front.change([{ type: "stop_run", run }]);

    const refused = await producer.send(steps).catch((error) => error);

    assert.equal(refused.code, "ended");
    assert.equal(refused.problem.run_status, "stopped");
    assert.equal(refused.problem.seq, 2);
    assert.match(refused.problem.cursor, /^\d+@/);
    assert.deepEqual(refused.problem.cut_calls, []);
    await assertSettled(front);
  });

  test("two interleaved messages are each cut as they were seen", async () => {
    const { front, run, producer } = await running("two");
    await producer.write(opens("two-a", { author: "alice" }), opens("two-b", { parent: "two-run-asked", author: "bob" }));
    for (const piece of pieces(text(chance(seed + 2), 80), 8)) {
      await producer.write(says("two-a", piece), says("two-b", `${piece}|`));
    }
    await front.when((it) => it.ts && shownText(it.messages.get("two-b")).length > 80, "both have text");
    const seen = front.cursor;
    const held = ["two-a", "two-b"].map((id) => shownText(front.screen.messages.get(id)));
    await producer.write(says("two-a", "more"), says("two-b", "more 😀"), ends("two-a"), opens("two-c"));

    await front.change([{ type: "stop_run", run }], { seen });

    const stored = await assertSettled(front);
    assert.deepEqual(["two-a", "two-b"].map((id) => shownText(stored.messages.get(id))), held);
    assert.deepEqual(stored.messages.get("two-c").parts, []);
    assert.equal(stored.messages.get("two-c").status, "stopped");
  });

  test("the first step of a queued run waits for its turn", async () => {
    const { front, producer } = await running("turn");
    await front.change([pushes("turn-2", "and then")]);
    const second = new Producer(stage.server, "turn", "turn-2");
    let answered = false;
    const waiting = second.write(opens("turn-2-m"), says("turn-2-m", "second"), finishes());
    waiting.then(() => (answered = true));
    await producer.write(opens("turn-m"), says("turn-m", "first"));
    assert.equal(answered, false);
    await producer.write(finishes());
    await waiting;

    const stored = await assertSettled(front);
    assert.deepEqual(stored.path().map(shownText), ["go", "first", "and then", "second"]);
  });

  test("a message that a front has put stays, and its run ends", async () => {
    const { front, run, producer } = await running("put");
    await producer.write(opens("put-m"), says("put-m", "the model's"));
    await front.change([{ type: "put_message", message: { id: "put-m", text: "mine" } }]);

    const refused = await producer.write(says("put-m", " words")).catch((error) => error);

    assert.equal(refused.code, "ended");
    const stored = await assertSettled(front);
    assert.equal(stored.text(run), "mine");
  });

  test("deleting a run's input supersedes the run", async () => {
    const { front, run, producer } = await running("under");
    await producer.write(opens("under-m"), says("under-m", "text"));
    await front.change([{ type: "delete_message", message: "under-run-asked" }]);

    const refused = await producer.write(says("under-m", "x")).catch((error) => error);

    assert.equal(refused.code, "ended");
    const stored = await assertSettled(front);
    assert.equal(stored.runs.get(run).status, "superseded");
    assert.equal(stored.messages.size, 0);
  });

  test("failing is a way to end", async () => {
    const { front, run, producer } = await running("fail");
    await producer.write(opens("fail-m"), says("fail-m", "so far"));
    await producer.write({ ...finishes("failed"), error: { code: "tool_broke", detail: "It broke." } });
    const stored = await assertSettled(front);
    assert.equal(stored.runs.get(run).status, "failed");
    assert.equal(stored.runs.get(run).error.code, "tool_broke");
    assert.equal(stored.text(run), "so far");
    assert.ok(isOver(stored, run));
  });
});
