// SPDX-License-Identifier: Apache-2.0
// devices.test.mjs: several devices, one conversation.
//
// The head of a front's next exchange has what other devices did, before anything new. No change is
// lost or counted twice, however old the tab or bad the connection.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Aimock, answer, keyed } from "./lib/aimock.mjs";
import { assertSame } from "./lib/compare.mjs";
import { Front } from "./lib/front.mjs";
import { asks, isOver, scene } from "./lib/scene.mjs";
import { Screen, shownText } from "./lib/screen.mjs";

const fixtures = ["phone", "laptop", "one", "two", "three", "edit", "redo"].map((key) =>
  answer(key, `answer of ${key} 😀`, { tps: 60 }),
);
fixtures.push(answer("slow", "a slow answer that goes on for a while ".repeat(8), { tps: 30 }));

const put = (id, text, more = {}) => ({ type: "put_message", message: { id, text }, ...more });

describe("Devices", { timeout: 120_000 }, () => {
  let stage;
  before(async () => (stage = await scene("devices", fixtures)));
  after(() => stage.dispose());

  // Runs one turn to its end.
  async function turn(front, run, key, more) {
    const stream = front.follow({ changes: front.prepare([asks(run, key, more)]), follow: "run" });
    const diff = await stream.opened;
    await front.when((it) => isOver(it, run), `${run} ends`);
    await stream.ended;
    return diff;
  }

  const sent = async (key) => Aimock.sentFor(await stage.aimock.journal(), key);
  const asked = (key) => ({ role: "user", text: `please ${keyed(key)}` });
  const answered = (key) => ({ role: "assistant", text: `answer of ${key} 😀` });
  const pathTexts = (screen, head) => screen.path(head).map(shownText);

  for (const overSocket of [false, true]) {
    const name = overSocket ? "a socket" : "SSE";
    test(`another device's turns come first, and are in the model's input (${name})`, async () => {
      const thread = `turns-${overSocket}`;
      const socket = overSocket ? await stage.socket() : undefined;
      const laptop = new Front(stage.server, thread, { socket });
      const phone = new Front(stage.server, thread, { socket });
      await turn(laptop, `${thread}-1`, "one");
      await phone.sync();
      await turn(phone, `${thread}-2`, "phone");

      const run = `${thread}-3`;
      const order = [];
      laptop.recorder = (frame) => order.push(frame);
      const diff = await turn(laptop, run, "laptop");

      const first = order[0];
      assert.equal(first.frame, "diff");
      assert.ok(first.messages.some((it) => shownText(it) === "answer of phone 😀"), "in the first diff");
      assert.ok(order.slice(1).some((it) => it.events?.some((event) => event.type === "content_appended")));
      assert.equal(diff.outcomes[0].outcome, "applied");
      const before = [asked("one"), answered("one"), asked("phone"), answered("phone")];
      assert.deepEqual((await sent("laptop")).at(-1), [...before, asked("laptop")]);
      const stored = Screen.of(await stage.server.read(thread));
      assert.deepEqual(pathTexts(stored), [...before, asked("laptop"), answered("laptop")].map((it) => it.text));
      assertSame(laptop.screen, stored);
    });
  }

  test("a stale tab that sends loses no turn, and its own comes behind them", async () => {
    const { server } = stage;
    const stale = new Front(server, "stale");
    await turn(stale, "stale-1", "one");
    const phone = new Front(server, "stale");
    await phone.sync();
    await turn(phone, "stale-2", "two");
    await turn(phone, "stale-3", "three");

    await turn(stale, "stale-4", "laptop");

    const texts = pathTexts(Screen.of(await server.read("stale")));
    const expected = ["one", "two", "three", "laptop"].flatMap((key) => [asked(key), answered(key)]);
    assert.deepEqual(texts, expected.map((it) => it.text));
  });

  test("a message put by another device while an answer streams is seen at once", async () => {
    const { server } = stage;
    const front = new Front(server, "beside");
    await front.follow({ changes: front.prepare([asks("beside-1", "slow")]), follow: "run" }).opened;
    const phone = new Front(server, "beside");
    await phone.sync();
    await phone.change([put("note", "a note", { parent: null }), { type: "update_thread", title: "Mine" }]);

    await front.when((it) => it.messages.has("note") && it.thread.title === "Mine", "the note is there");

    assert.ok(!isOver(front.screen, "beside-1"), "the answer goes on");
    await front.change([{ type: "stop_run", run: "beside-1" }]);
  });

  test("an edit is a sibling, and leaves the first version where it was", async () => {
    const { server } = stage;
    const front = new Front(server, "edit");
    await turn(front, "edit-1", "one");
    await turn(front, "edit-2", "edit", { parent: null });

    const stored = Screen.of(await server.read("edit"));

    assert.deepEqual(pathTexts(stored), [asked("edit").text, answered("edit").text]);
    const roots = [...stored.messages.values()].filter((it) => it.parent === null);
    assert.deepEqual(roots.map((it) => it.id), ["edit-1-asked", "edit-2-asked"]);
    assert.deepEqual((await sent("edit")).at(-1), [asked("edit")]);
  });

  test("a regeneration is a second answer below the same question", async () => {
    const { server } = stage;
    const front = new Front(server, "redo");
    await turn(front, "redo-1", "redo");
    const again = { type: "start_run", run: "redo-2", parent: "redo-1-asked" };
    await front.follow({ changes: front.prepare([again]), follow: "run" }).opened;
    await front.when((it) => isOver(it, "redo-2"), "the second answer ends");

    const stored = Screen.of(await server.read("redo"));

    const below = [...stored.messages.values()].filter((it) => it.parent === "redo-1-asked");
    assert.equal(below.length, 2);
    assert.equal(stored.thread.head, stored.written("redo-2")[0].id);
    assert.equal((await sent("redo")).length, 2);
  });

  test("a put replaces in place, and a late answer does not bring the old text back", async () => {
    const { server } = stage;
    const front = new Front(server, "put");
    await front.follow({ changes: front.prepare([asks("put-1", "slow")]), follow: "run" }).opened;
    await front.when((it) => it.text("put-1").length > 10, "some text");
    const [id] = front.screen.written("put-1").map((it) => it.id);

    const [outcome] = await front.change([put(id, "my own words")]);
    await front.when((it) => isOver(it, "put-1"), "the run ends");

    assert.equal(outcome.outcome, "applied");
    const stored = Screen.of(await server.read("put"));
    assert.equal(shownText(stored.messages.get(id)), "my own words");
    assert.equal(stored.messages.get(id).status, "complete");
    assert.equal(stored.runs.get("put-1").status, "stopped");
    await turn(front, "put-2", "two");
    assert.deepEqual((await sent("two")).at(-1)[1], { role: "assistant", text: "my own words" });
  });

  test("a deletion takes the descendants along, and the head to the nearest that lives", async () => {
    const { server } = stage;
    const front = new Front(server, "gone");
    await turn(front, "gone-1", "one");
    await turn(front, "gone-2", "two");

    await front.change([{ type: "delete_message", message: "gone-2-asked" }]);

    const stored = Screen.of(await server.read("gone"));
    assert.deepEqual(pathTexts(stored), [asked("one").text, answered("one").text]);
    assert.equal(stored.messages.size, 2);
    assertSame(front.screen, stored);
    const [again] = await front.change([put("gone-2-asked", "back?")]);
    assert.equal(again.code, "deleted");
  });

  test("changes that were made offline apply together, in order, once", async () => {
    const { server } = stage;
    const front = new Front(server, "offline");
    await turn(front, "offline-1", "one");
    const changes = front.prepare([
      put("n1", "first", { parent: "offline-1-asked" }),
      put("n2", "second", { parent: "n1" }),
      put("n1", "first, better"),
      { type: "move_head", head: "n2" },
      { type: "update_thread", title: "Offline", metadata: { pinned: true } },
    ]);
    const first = await front.send(changes);
    const size = (await server.logOf("offline")).length;

    const again = await front.send(changes);

    assert.deepEqual(first.map((it) => it.outcome), Array(5).fill("applied"));
    assert.equal(new Set(first.map((it) => it.ts)).size, 1, "one entry");
    assert.deepEqual(again, first.map((it) => ({ ...it, duplicate: true })));
    assert.equal((await server.logOf("offline")).length, size, "nothing was written");
    const stored = Screen.of(await server.read("offline"));
    assert.deepEqual(pathTexts(stored).slice(1), ["first, better", "second"]);
    assert.equal(stored.thread.title, "Offline");
    assertSame(front.screen, stored);
  });

  test("a start that is sent again after its line broke joins its run", async () => {
    const { server } = stage;
    const front = new Front(server, "again");
    const changes = front.prepare([asks("again-1", "three")]);
    const lost = front.follow({ changes, follow: "run" });
    await lost.opened;
    lost.drop();
    front.cursor = undefined;
    front.screen = new Screen();

    const stream = front.follow({ changes, follow: "run" });
    const diff = await stream.opened;

    assert.equal(diff.outcomes[0].duplicate, true);
    await front.when((it) => isOver(it, "again-1"), "the run ends");
    assert.equal(front.screen.text("again-1"), answered("three").text);
    const other = new Front(server, "again");
    const [joined] = await other.change([{ type: "start_run", run: "again-1" }]);
    assert.equal(joined.outcome, "applied");
    assert.equal((await sent("three")).filter((it) => it.length === 1).length, 1, "the model ran once");
  });

  test("the same op with other content is refused, and an op that is too old", async () => {
    const front = new Front(stage.server, "ops");
    const [change] = front.prepare([put("o1", "one", { parent: null })]);
    await front.send([change]);
    const [reused] = await front.send([{ ...change, message: { id: "o1", text: "two" } }]);
    for (let round = 0; round < 2; round += 1) {
      await front.change(Array.from({ length: 40 }, (_, index) => put(`o1`, `v${round}-${index}`)));
    }
    const [old] = await front.send([change]);

    assert.deepEqual([reused.code, old.code], ["op_reused", "op_too_old"]);
  });

  test("a refusal is remembered, and changes that need the refused one are refused too", async () => {
    const front = new Front(stage.server, "needs");
    await front.change([put("known", "x", { parent: null })]);
    const bad = { type: "put_message", message: { id: "lost", text: "x" }, parent: "nowhere" };
    const [change, start] = front.prepare([bad, asks("needs-1", "one", { needs: [front.op + 1] })]);

    const outcomes = await front.send([change, start]);
    const again = await front.send([change, start]);

    assert.deepEqual(outcomes.map((it) => it.outcome), ["refused", "refused"]);
    assert.equal(outcomes[1].code, "depends");
    assert.deepEqual(again, outcomes.map((it) => ({ ...it, duplicate: true })));
    const stored = Screen.of(await stage.server.read("needs"));
    assert.deepEqual([...stored.messages.keys()], ["known"]);
  });

  test("if the head has moved, nothing of a guarded request is done", async () => {
    const { server } = stage;
    const front = new Front(server, "guard");
    await front.change([put("a", "a", { parent: null })]);
    const other = new Front(server, "guard");
    await other.sync();
    await other.change([put("b", "b", { parent: "a" })]);

    const outcomes = await front.change([put("c", "c"), asks("guard-1", "one")], { if_head: "a" });

    assert.deepEqual(outcomes.map((it) => it.code), ["head_moved", "head_moved"]);
    const stored = Screen.of(await server.read("guard"));
    assert.deepEqual([...stored.messages.keys()], ["a", "b"]);
  });

  test("if_absent offers a message without overwriting it", async () => {
    const front = new Front(stage.server, "absent");
    await front.change([put("kept", "mine", { parent: null })]);
    const offers = [put("kept", "yours", { if_absent: true }), put("new", "also", { if_absent: true })];
    const outcomes = await front.change(offers);

    assert.deepEqual(outcomes.map((it) => it.outcome), ["applied", "applied"]);
    assert.equal(shownText(front.screen.messages.get("kept")), "mine");
    assert.equal(shownText(front.screen.messages.get("new")), "also");
  });

  test("a front that holds something else is found out by its digest, and set right", async () => {
    const { server } = stage;
    const front = new Front(server, "digest");
    await turn(front, "digest-1", "one");
    const { digest } = await front.sync();
    assert.match(digest, /^[0-9a-f]{64}$/);
    const same = await front.sync({ digest });
    assert.equal(same.reset, undefined);

    const wrong = digest.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
    const [change] = front.prepare([put("new", "offered", {})]);
    const diff = await front.sync({ digest: wrong, changes: [change] });

    assert.equal(diff.reset.reason, "digest");
    assert.deepEqual(diff.outcomes, []);
    assert.ok(!front.screen.messages.has("new"), "on a reset no change is tried");
    const [outcome] = await front.send([change]);
    assert.equal(outcome.outcome, "applied");
    assert.equal(outcome.duplicate, undefined);
    assertSame(front.screen, Screen.of(await server.read("digest")));
  });

  test("a deleted thread is gone for everyone, for ever", async () => {
    const { server } = stage;
    const front = new Front(server, "deleted");
    await turn(front, "deleted-1", "one");
    const follower = new Front(server, "deleted");
    const live = follower.follow({ follow: "live" });
    await live.opened;

    const answer = await server.get("/v1/threads/deleted", { method: "DELETE" });

    assert.equal(answer.status, 204);
    assert.equal(await live.ended, "end");
    assert.equal(live.endFrame.reason, "deleted");
    assert.equal((await server.get("/v1/threads/deleted")).status, 410);
    await assert.rejects(front.change([put("x", "x")]), { code: "deleted" });
    const list = (await server.get("/v1/threads?limit=1000")).json.threads;
    assert.ok(!list.some((it) => it.id === "deleted"));
  });
});
