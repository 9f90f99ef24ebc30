// SPDX-License-Identifier: Apache-2.0
// stop.test.mjs: a stop keeps the text that the user saw.
//
// Many threads at once, each with a front that presses Stop at a random moment of a streamed
// answer. The stop reaches the server at once, up to five seconds later, or after the provider has
// finished; meanwhile the answer goes on. The result must be the front's text at the press of the
// button.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Aimock, answer, keyed, silentTurn } from "./lib/aimock.mjs";
import { assertSame } from "./lib/compare.mjs";
import { Front } from "./lib/front.mjs";
import { connectionsTo } from "./lib/ports.mjs";
import { asks, isOver, isRunning, scene } from "./lib/scene.mjs";
import { Screen, growingText, shownText } from "./lib/screen.mjs";
import { chance, roundDown, seed, text } from "./lib/texts.mjs";
import { each, pause, until } from "./lib/wait.mjs";

const stops = Number(process.env.LOCKSTEP_E2E_STOPS ?? 200);
const width = Number(process.env.LOCKSTEP_E2E_WIDTH ?? 40);

const whens = ["at once", "soon", "late", "after the end"];

function planOf(index) {
  const random = chance(seed + index);
  const chunkSize = 3 + random.below(6);
  const content = text(random, 60 + random.below(200), chunkSize);
  const chunks = Math.ceil(content.length / chunkSize);
  const when = whens[index % whens.length];
  return {
    index,
    key: `stop-${index}`,
    thread: `stop-thread-${index}`,
    content,
    chunkSize,
    tps: 15 + random.below(35),
    when,
    delayMs: { "at once": 0, soon: random.between(0, 300), late: random.between(0, 5000) }[when] ?? 0,
    pressAfter: random.oneIn(12) ? 0 : random.below(chunks + 4),
    overSocket: Math.floor(index / whens.length) % 2 === 0,
    namesRun: random.oneIn(2),
    showsLess: random.oneIn(4),
    random,
  };
}

const plans = Array.from({ length: stops }, (_, index) => planOf(index));
const fixtures = plans.flatMap(({ key, content, chunkSize, tps }) => [
  answer(key, content, { chunkSize, tps }),
  answer(`${key}-next`, "and on it goes", { tps: 100 }),
]);
const whole = "a short answer, 你好 😀, but not too short";
fixtures.push(answer("built", whole, { tps: 40 }), answer("built-next", "and on it goes", { tps: 100 }));
fixtures.push(answer("long", text(chance(seed), 600, 5), { chunkSize: 5, tps: 40 }));

// The part of a run that the front shows when the button is pressed; with `showsLess` it shows less than
// it received, like a front that types text out.
function press(front, run, plan) {
  const shown = [];
  const kept = new Map();
  for (const message of front.screen.written(run)) {
    const parts = message.parts.map((part, index) => {
      const whole = growingText(part);
      if (!plan.showsLess || !whole) return whole;
      const length = plan.random.below(whole.length + 1);
      shown.push({ message: message.id, part: index, length });
      return roundDown(whole, length);
    });
    kept.set(message.id, parts.join(""));
  }
  return { seen: front.cursor, shown, kept, run: isRunning(front.screen, run) && !plan.namesRun ? undefined : run };
}

const textsOf = (screen, run) => new Map(screen.written(run).map((it) => [it.id, shownText(it)]));

// A message that was not there yet when the button was pressed keeps nothing.
function assertKept(screen, run, kept, what) {
  for (const [id, shown] of textsOf(screen, run)) assert.equal(shown, kept.get(id) ?? "", `${what}: ${id}`);
  for (const id of kept.keys()) assert.ok(screen.messages.has(id), `${what}: ${id} is gone`);
}

async function stopOnce(plan, { server, sockets }) {
  const [ours, theirs] = sockets;
  const run = `${plan.thread}-run`;
  const front = new Front(server, plan.thread, {
    socket: plan.overSocket ? ours : undefined,
    digests: plan.index % 3 === 0,
  });
  const other = new Front(server, plan.thread, { socket: plan.overSocket ? undefined : theirs });
  const stream = front.follow({ changes: front.prepare([asks(run, plan.key)]), follow: "run" });
  await stream.opened;
  const following = other.follow({ follow: "live" });
  const begun = front.entries;

  const due = (screen) => isOver(screen, run) || front.entries - begun >= plan.pressAfter;
  await front.when(due, `${run} has streamed so far`);
  const pressed = press(front, run, plan);
  const wasOver = isOver(front.screen, run);
  if (plan.when === "after the end") await other.when((it) => isOver(it, run), `${run} ends by itself`);
  await pause(plan.delayMs);
  const shown = pressed.shown.length ? { shown: pressed.shown } : {};
  const stop = { type: "stop_run", ...(pressed.run && { run: pressed.run }), ...shown };
  const [outcome] = await front.change([stop], { seen: pressed.seen });
  assert.equal(outcome.outcome, "applied", `${run}: ${JSON.stringify(outcome)}`);

  const stored = Screen.of(await server.read(plan.thread));
  await front.when((it) => it.ts >= stored.ts, `${run}: the stopping front is there`);
  await other.when((it) => it.ts >= stored.ts, `${run}: the other front is there`);
  const fresh = new Front(server, plan.thread);
  await fresh.sync({ follow: "none" });
  assertKept(stored, run, pressed.kept, "stored");
  assertSame(front.screen, stored, `${run}: the stopping front`);
  assertSame(other.screen, stored, `${run}: the other front`);
  assertSame(fresh.screen, stored, `${run}: a new front`);

  await nextTurn(front, plan, `${run}-next`);
  assertKept(Screen.of(await server.read(plan.thread)), run, pressed.kept, "stored for ever");
  following.drop();
  for (const it of [front, other, fresh]) it.assertWell();
  return { ...pressed, wasOver, run, texts: [...pressed.kept.values()] };
}

async function nextTurn(front, plan, run) {
  const stream = front.follow({ changes: front.prepare([asks(run, `${plan.key}-next`)]), follow: "run" });
  await stream.opened;
  await front.when((it) => isOver(it, run), `${run} ends`);
  assert.equal(front.screen.runs.get(run).status, "completed");
  assert.equal(await stream.ended, "end");
}

describe("Stop", { timeout: 600_000 }, () => {
  let stage;
  before(async () => (stage = await scene("stop", fixtures)));
  after(() => stage.dispose());

  test(`${stops} stops at random moments leave the text that the user saw`, async (context) => {
    const sockets = [await stage.socket(), await stage.socket()];
    const done = await each(plans, width, (plan) => stopOnce(plan, { server: stage.server, sockets }));
    const journal = await stage.aimock.journal();
    for (const [index, plan] of plans.entries()) {
      const first = { role: "user", text: `please ${keyed(plan.key)}` };
      const texts = done[index].texts.filter((it) => it).map((it) => ({ role: "assistant", text: it }));
      const kept = texts.length > 0 ? texts : [silentTurn("stopped")];
      const next = { role: "user", text: `please ${keyed(`${plan.key}-next`)}` };
      assert.deepEqual(Aimock.sentFor(journal, plan.key).at(-1), [first], plan.key);
      assert.deepEqual(Aimock.sentFor(journal, `${plan.key}-next`), [[first, ...kept, next]], plan.key);
    }
    const count = (test) => plans.filter((plan, index) => test(plan, done[index])).length;
    const cut = count((plan, it) => it.texts.join("") !== plan.content);
    context.diagnostic(`stops: ${stops}, of them over a socket: ${count((plan) => plan.overSocket)}`);
    for (const when of whens) context.diagnostic(`${when}: ${count((plan) => plan.when === when)}`);
    context.diagnostic(`cut: ${cut}, nothing seen yet: ${count((_, it) => it.texts.join("") === "")}`);
    context.diagnostic(`pressed after the end was seen: ${count((_, it) => it.wasOver)}`);
    context.diagnostic(`shown less than received: ${count((_, it) => it.shown.length > 0)}`);
    assert.ok(cut > stops / 4, "the stops did cut something");
    for (const socket of sockets) assert.deepEqual(socket.problems, []);
  });

  test("of several stops the least holds", async () => {
    const { server } = stage;
    const [one, two] = [new Front(server, "least"), new Front(server, "least")];
    await one.follow({ changes: one.prepare([asks("least-run", "long")]), follow: "run" }).opened;
    const live = two.follow({ follow: "live" });
    await one.when((it) => it.text("least-run").length >= 20, "some text");
    const early = { seen: one.cursor, kept: one.screen.text("least-run") };
    await one.when((it) => it.text("least-run").length >= early.kept.length + 20, "more text");
    const late = one.cursor;

    const [second] = await two.change([{ type: "stop_run", run: "least-run" }], { seen: late });
    const [first] = await one.change([{ type: "stop_run", run: "least-run" }], { seen: early.seen });
    const [again] = await two.change([{ type: "stop_run", run: "least-run" }], { seen: late });

    assert.deepEqual([first, second, again].map((it) => it.outcome), Array(3).fill("applied"));
    const stored = Screen.of(await server.read("least"));
    assert.equal(stored.text("least-run"), early.kept);
    await two.when((it) => it.ts >= stored.ts, "the second front is there");
    assertSame(two.screen, stored);
    live.drop();
  });

  test("a stop of an answer that others built upon is refused, and cuts nothing", async () => {
    const { server } = stage;
    const front = new Front(server, "built");
    await front.follow({ changes: front.prepare([asks("built-run", "built")]), follow: "run" }).opened;
    await front.when((it) => it.text("built-run").length > 0, "some text");
    const seen = front.cursor;
    assert.notEqual(front.screen.text("built-run"), whole);
    await front.when((it) => isOver(it, "built-run"), "the first answer ends");
    await nextTurn(front, { key: "built" }, "built-next");

    const [outcome] = await front.change([{ type: "stop_run", run: "built-run" }], { seen });

    assert.equal(outcome.outcome, "refused");
    assert.equal(outcome.code, "built_upon");
    const stored = Screen.of(await server.read("built"));
    assert.equal(stored.text("built-run"), whole);
    assertSame(front.screen, stored);
  });

  test("a stop closes the connection to the model at once", async () => {
    const front = new Front(stage.server, "close");
    await front.follow({ changes: front.prepare([asks("close-run", "long")]), follow: "run" }).opened;
    await front.when((it) => it.text("close-run").length >= 20, "some text");

    await until(() => connectionsTo(stage.aimock.port) === 1, "one connection to the model");
    await front.change([{ type: "stop_run", run: "close-run" }]);

    const gone = () => connectionsTo(stage.aimock.port) === 0;
    await until(gone, "the connection to the model is closed", { withinMs: 2000 });
    assert.notEqual(front.screen.runs.get("close-run").status, "completed");
  });
});
