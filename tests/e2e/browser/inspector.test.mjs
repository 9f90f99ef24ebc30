// SPDX-License-Identifier: Apache-2.0
// inspector.test.mjs: scrubs through a thread's log in the inspector.
//
// It must show the same stop and the same run's input as the server and the model server know.
// Scrubbing a long log must never block the page.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Aimock, answer, keyed } from "../lib/aimock.mjs";
import { Device } from "../lib/browser.mjs";
import { Chat, words } from "../lib/chat.mjs";
import { Front } from "../lib/front.mjs";
import { Inspector } from "../lib/inspector.mjs";
import { PageScene } from "../lib/page_scene.mjs";
import { Producer, opens, says } from "../lib/producer.mjs";
import { pushes } from "../lib/scene.mjs";
import { Socket } from "../lib/socket.mjs";
import { chance, seed } from "../lib/texts.mjs";
import { traced } from "../lib/trace.mjs";

const entriesWanted = Number(process.env.LOCKSTEP_E2E_LOG ?? 10_000);
const taskMax = 50;

describe("the inspector", () => {
  let scene, aimock, server, browser, device;
  const said = words(chance(seed + 5), 120);

  const entriesOf = async (thread) => {
    const frames = (await server.logOf(thread)).trim().split("\n").map((line) => JSON.parse(line));
    return frames.filter((frame) => frame.frame === "entry");
  };

  before(async () => {
    scene = await PageScene.open([
      answer("inspected", said, { chunkSize: 6, tps: 40 }),
      answer("after", "what follows", { tps: 100 }),
    ]);
    ({ aimock, server, browser } = scene);
    device = await Device.open(browser, server.url);
  });

  after(() => scene?.dispose());

  test("shows the text that a stop cut, and the input of the model", async () => {
    const chat = await Chat.open(device, "inspected");
    await chat.send(`Inspect. ${keyed("inspected")}`);
    await chat.when((all) => (all.at(-1)?.text.length ?? 0) > 150, "it streams");
    const pressed = await chat.pressStop();
    await chat.ready();
    await chat.send(`After. ${keyed("after")}`);
    await chat.when((all) => all.at(-1)?.text.includes("what follows"), "the next answer");
    await chat.ready();
    const lines = await entriesOf("inspected");
    const written = lines
      .filter((entry) => entry.events.every((event) => event.type !== "message_cut"))
      .flatMap((entry) => entry.events)
      .filter((event) => event.message === pressed.id && event.type === "content_appended");
    const cut = lines.find((entry) => entry.events.some((event) => event.type === "message_cut"));

    const inspector = await Inspector.open(device, "inspected", lines.length);
    await inspector.goTo(lines.indexOf(cut));
    const shown = await inspector.cut(pressed.id);
    await device.shot("inspector-cut");

    assert.equal(shown.seen.trim(), pressed.text.trim());
    const { at, text } = written.at(-1) ?? { at: 0, text: "" };
    assert.equal(shown.seen.length + shown.gone.length, at + text.length, "all that the model had written");
    assert.ok(said.startsWith(shown.seen + shown.gone));

    const run = lines.flatMap((entry) => entry.events).findLast((event) => event.type === "run_started").run;
    const context = await inspector.context(run);
    await device.shot("inspector-context");
    const [sent] = Aimock.sentFor(await aimock.journal(), "after");
    assert.deepEqual(context.sent.messages.map((it) => it.content), sent.map((it) => it.text));
    assert.ok(context.same, "the model saw what the fronts showed");
    assert.deepEqual(device.errors, []);
  });

  test("shows the state at any entry, as the server has it", async () => {
    const lines = await entriesOf("inspected");
    const inspector = await Inspector.open(device, "inspected", lines.length);
    const random = chance(seed + 9);
    for (let round = 0; round < 12; round += 1) {
      const index = random.below(lines.length);
      await inspector.goTo(index);
      const { messages } = await server.read("inspected", lines[index].ts);
      const expected = messages.map((it) => it.parts.map((part) => part.text).join("").trim());
      assert.deepEqual((await inspector.messages()).map((it) => it.trim()), expected, `entry ${index}`);
    }
  });

  test("reports that a thread does not exist, and that an address has no thread", async () => {
    const { page } = device;
    const title = page.getByRole("heading", { level: 1 });
    for (const kind of ["inspect", "t"]) {
      await page.goto(`${server.url}/#/${kind}/never-made`);
      await page.getByTestId("unknown-thread").waitFor();
      assert.equal(await title.innerText(), "No such thread");
      await page.goto(`${server.url}/#/${kind}/no id`);
      await page.getByTestId("unknown-address").waitFor();
      assert.match(await page.getByTestId("unknown-address").innerText(), /no%20id/);
    }
    assert.deepEqual(device.errors, []);
  });

  test(`scrubs ${entriesWanted} entries with no task over ${taskMax} ms`, async () => {
    const socket = await Socket.open(server);
    const front = new Front(server, "long-log", { socket });
    await front.change([pushes("long-run", "go")]);
    const producer = new Producer(socket, "long-log", "long-run");
    // A message ends after so many words, and the next one begins.
    const wordsMax = 400;
    let message = "";
    for (let entries = 2; entries <= entriesWanted; entries += 1) {
      if (entries % wordsMax === 2) await producer.write(opens((message = `long-message-${entries}`)));
      else await producer.write(says(message, `word${entries} `));
    }
    const lines = await entriesOf("long-log");
    assert.ok(lines.length >= entriesWanted, `${lines.length} entries`);

    const loading = await traced(device.page, async () => {
      await Inspector.open(device, "long-log", lines.length);
    });
    const inspector = new Inspector(device.page);
    const scrubbing = await traced(device.page, () => inspector.sweep(120));
    await device.shot("inspector-long");

    console.log(`loading: ${JSON.stringify(loading)}, scrubbing: ${JSON.stringify(scrubbing)}`);
    assert.ok(loading.tasks > 10 && scrubbing.tasks > 100, "the trace saw the page work");
    assert.ok(scrubbing.longest <= taskMax, `a task took ${scrubbing.longest} ms`);
    socket.web.close();
  });
});
