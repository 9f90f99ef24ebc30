// SPDX-License-Identifier: Apache-2.0
// tabs.test.mjs: several tabs of one browser are one device.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { answer, keyed } from "../lib/aimock.mjs";
import { Device } from "../lib/browser.mjs";
import { Chat, words } from "../lib/chat.mjs";
import { PageScene } from "../lib/page_scene.mjs";
import { chance, seed } from "../lib/texts.mjs";
import { until } from "../lib/wait.mjs";

const long = words(chance(seed + 3), 300);

describe("three tabs of one browser", () => {
  let scene, server, proxy, browser;

  before(async () => {
    scene = await PageScene.open([
      answer("tabs", long, { chunkSize: 6, tps: 40 }),
      answer("behind", "and one more", { tps: 100 }),
    ]);
    ({ server, proxy, browser } = scene);
  });

  after(() => scene?.dispose());

  test("share one socket, and when the leading one is closed another goes on without loss", async () => {
    const device = await Device.open(browser, proxy.url);
    const first = await Chat.open(device, "tabs");
    const others = [];
    for (let count = 0; count < 2; count += 1) others.push(await Chat.open(device, "tabs", await device.tab()));
    await others[0].send(`Tabs. ${keyed("tabs")}`);
    const long_enough = (all) => (all.findLast((it) => it.role === "assistant")?.text.length ?? 0) > 60;
    for (const chat of [first, ...others]) await chat.when(long_enough, "all three show it");
    assert.equal(proxy.openSockets, 1, "one socket");
    assert.equal(proxy.sockets, 1, "and never another");

    await first.page.close();

    // Perhaps no tab leads at the time of the request: the request must not be lost.
    await others[1].send(`Behind. ${keyed("behind")}`);
    for (const chat of others) {
      await chat.when((all) => all.some((it) => it.text.trim() === long), "the whole answer", 60_000);
      await chat.when((all) => all.at(-1)?.text.includes("and one more"), "the next one", 60_000);
    }
    await until(() => proxy.openSockets === 1, "one socket again");
    const [one, two] = [await others[0].messages(), await others[1].messages()];
    assert.deepEqual(one, two);
    const log = (await server.logOf("tabs")).trim().split("\n").map((line) => JSON.parse(line));
    const acks = log.flatMap((entry) => entry.acks ?? []);
    assert.equal(new Set(acks.map((ack) => ack.device)).size, 1, "one device");
    assert.deepEqual(acks.map((ack) => ack.op), [...new Set(acks.map((ack) => ack.op))], "each op once");
    assert.deepEqual(device.errors, []);
    await device.close();
  });
});
