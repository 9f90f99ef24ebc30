// SPDX-License-Identifier: Apache-2.0
// stop.test.mjs: a stop keeps the text on the screen.
//
// Two browsers show one thread; the network of one is delayed. It presses Stop at a random word.
// Then both show what it had on its screen at that moment, and so does the model's next input.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Aimock, answer, keyed } from "../lib/aimock.mjs";
import { Device } from "../lib/browser.mjs";
import { Chat, words } from "../lib/chat.mjs";
import { PageScene } from "../lib/page_scene.mjs";
import { chance, seed } from "../lib/texts.mjs";

const rounds = Number(process.env.LOCKSTEP_E2E_BROWSER_STOPS ?? 8);

describe("a stop in a browser", () => {
  let scene, aimock, server, proxy, browser, here, there;

  before(async () => {
    const fixtures = [];
    for (let round = 0; round < rounds; round += 1) {
      const text = words(chance(seed + round), 160);
      fixtures.push(answer(`page-${round}`, text, { chunkSize: 5, tps: 60 }));
      fixtures.push(answer(`page-next-${round}`, "and on it goes", { tps: 100 }));
    }
    scene = await PageScene.open(fixtures);
    ({ aimock, server, proxy, browser } = scene);
    here = await Device.open(browser, proxy.url);
    there = await Device.open(browser, server.url);
  });

  after(() => scene?.dispose());

  for (let round = 0; round < rounds; round += 1) {
    test(`round ${round}: both browsers show the seen text, and so does the model's input`, async () => {
      const random = chance(seed + 1000 + round);
      const thread = `page-${round}`;
      proxy.delayMs = 0;
      const mine = await Chat.open(here, thread);
      const theirs = await Chat.open(there, thread);
      await mine.send(`Please. ${keyed(`page-${round}`)}`);
      const least = 10 + random.below(300);
      await mine.when((all) => (all.findLast((it) => it.role === "assistant")?.text.length ?? 0) >= least, "it is painted");
      proxy.delayMs = 50 + random.below(600);

      const pressed = await mine.pressStop();

      const same = (text) => text.trimEnd() === pressed.text.trimEnd();
      for (const chat of [mine, theirs]) {
        await chat.ready();
        await chat.when((all) => same(all.find((it) => it.id === pressed.id)?.text ?? ""), `${pressed.text} is shown`);
      }
      assert.ok(same(await mine.textOf(pressed.id)), "it did not grow back");
      const stored = (await server.read(thread)).messages.find((it) => it.id === pressed.id);
      assert.equal(stored.status, "stopped");
      const text = stored.parts.map((part) => part.text).join("");
      assert.ok(same(text), `${text} is stored`);
      if (round === 0) await here.shot("stop-here");
      if (round === 0) await there.shot("stop-there");

      proxy.delayMs = 0;
      await mine.send(`And then? ${keyed(`page-next-${round}`)}`);
      await mine.when((all) => all.at(-1)?.text.includes("and on it goes"), "the next answer");
      const [sent] = Aimock.sentFor(await aimock.journal(), `page-next-${round}`);
      assert.deepEqual(sent.filter((it) => it.role === "assistant"), text ? [{ role: "assistant", text }] : []);

      for (const chat of [mine, theirs]) {
        await chat.page.reload();
        await chat.when((all) => same(all.find((it) => it.id === pressed.id)?.text ?? "") || !text, "after a reload");
      }
      assert.deepEqual([...here.errors, ...there.errors], []);
    });
  }
});
