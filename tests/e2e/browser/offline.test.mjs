// SPDX-License-Identifier: Apache-2.0
// offline.test.mjs: changes made offline are applied once, in order, when the network is back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Aimock, answer, keyed } from "../lib/aimock.mjs";
import { Device } from "../lib/browser.mjs";
import { Chat, words } from "../lib/chat.mjs";
import { PageScene } from "../lib/page_scene.mjs";
import { chance, seed } from "../lib/texts.mjs";
import { pause, until } from "../lib/wait.mjs";

const long = words(chance(seed), 1_600);
const cuts = Number(process.env.LOCKSTEP_E2E_CUTS ?? 100);

// Where two long texts part: an assertion would print both.
function differs(is, want) {
  let at = 0;
  while (at < is.length && is[at] === want[at]) at += 1;
  return `${is.length} units, not ${want.length}; from ${at}: "${is.slice(at, at + 40)}", not "${want.slice(at, at + 40)}"`;
}

describe("a browser with a network that comes and goes", () => {
  let scene, aimock, server, proxy, browser;

  before(async () => {
    scene = await PageScene.open([
      answer("first", "the first answer", { tps: 100 }),
      answer("second", "the second answer", { tps: 100 }),
      answer("long", long, { chunkSize: 8, tps: 22 }),
    ]);
    ({ aimock, server, proxy, browser } = scene);
  });

  after(() => scene?.dispose());

  test("two edits and a message, a reload in between, and all is applied once and in order", async () => {
    const device = await Device.open(browser, proxy.url);
    const chat = await Chat.open(device, "offline");
    await chat.send(`One. ${keyed("first")}`);
    await chat.when((all) => all.at(-1)?.text.includes("the first answer"), "the first answer");
    await chat.ready();
    const [asked, answered] = await chat.messages();
    // By then the service worker has all files that it serves later.
    await device.page.evaluate(() => navigator.serviceWorker.ready.then(() => true));

    proxy.cut();
    await chat.edit(asked.id, `One, edited. ${keyed("first")}`);
    await chat.edit(answered.id, "An answer that I mended.");
    await chat.send(`Two. ${keyed("second")}`);
    await chat.when((all) => all.some((it) => it.text.includes("Two.")), "it is shown at once");
    await until(async () => (await chat.pending()) === 3, "three changes wait");
    await device.shot("offline-pending");
    await device.page.reload();
    await chat.when((all) => all.some((it) => it.text.includes("One, edited.")), "the page is there offline, edited");
    assert.equal(await chat.pending(), 3);
    await device.page.locator('[data-testid="thread"][data-thread="offline"]').waitFor();
    assert.ok((await chat.messages()).some((it) => it.text.includes("An answer that I mended.")));
    assert.ok((await chat.messages()).some((it) => it.text.includes("Two.")));

    proxy.restore();
    await chat.when((all) => all.at(-1)?.text.includes("the second answer"), "the second answer", 60_000);
    await until(async () => (await chat.pending()) === 0, "nothing waits");

    const { messages } = await server.read("offline");
    const texts = messages.map((it) => it.parts.map((part) => part.text).join(""));
    const expected = [`One, edited. ${keyed("first")}`, "An answer that I mended.", `Two. ${keyed("second")}`, "the second answer"];
    assert.deepEqual(texts, expected);
    assert.deepEqual((await chat.messages()).map((it) => it.text.trim()), expected);
    const log = (await server.logOf("offline")).trim().split("\n").map((line) => JSON.parse(line));
    const ops = log.flatMap((entry) => entry.acks ?? []).map((ack) => ack.op);
    assert.deepEqual(ops, [...new Set(ops)].sort((a, b) => a - b), "each op once, in order");
    const [sent] = Aimock.sentFor(await aimock.journal(), "second");
    assert.deepEqual(sent.map((it) => it.text).slice(-3), expected.slice(0, 3), "what the model saw");
    assert.deepEqual(device.errors, []);
    await device.close();
  });

  test(`${cuts} cuts during one answer, and no character is missing or doubled`, async () => {
    const device = await Device.open(browser, proxy.url);
    const chat = await Chat.open(device, "cuts");
    await chat.send(`Long. ${keyed("long")}`);
    await chat.when((all) => (all.at(-1)?.text.length ?? 0) > 20, "it begins");
    // Everything that is ever on the screen, as it changes.
    await device.page.evaluate(() => {
      globalThis.painted = [];
      const look = () => {
        const answers = document.querySelectorAll('[data-message][data-role="assistant"] [data-part]');
        const text = [...answers].map((it) => it.textContent).join("");
        if (globalThis.painted.at(-1) !== text) globalThis.painted.push(text);
      };
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    const random = chance(seed + 7);
    let done = 0;
    while (done < cuts) {
      await until(() => proxy.openSockets > 0, "it is connected again", { withinMs: 40_000 });
      await pause(random.below(150));
      const { text } = await chat.lastAnswer();
      assert.ok(text.length < long.length, `the answer lasts for all cuts: over after ${done}`);
      proxy.drop();
      done += 1;
    }
    await chat.ready(180_000);
    await chat.when((all) => all.at(-1)?.text.trim().length >= long.trim().length, "all of it is painted");

    const { text } = await chat.lastAnswer();
    assert.ok(text.trim() === long.trim(), differs(text.trim(), long.trim()));
    const painted = await device.page.evaluate(() => globalThis.painted);
    assert.ok(painted.length > cuts, `${painted.length} paints`);
    let longest = 0;
    for (const one of painted) {
      assert.ok(long.startsWith(one.trimEnd()), `only what was said: ${one.slice(-40)}`);
      assert.ok(one.length >= longest, "nothing goes back");
      longest = one.length;
    }
    assert.deepEqual(device.errors, []);
    await device.close();
  });
});
