// SPDX-License-Identifier: Apache-2.0
// accessible.test.mjs: checks every page with axe, light and dark, wide and narrow.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";

import { Device, openBrowser } from "../lib/browser.mjs";
import { Chat } from "../lib/chat.mjs";
import { Inspector } from "../lib/inspector.mjs";
import { Server } from "../lib/server.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const looks = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  { name: "phone", colorScheme: "light", viewport: { width: 360, height: 740 } },
  { name: "phone-dark", colorScheme: "dark", viewport: { width: 360, height: 740 } },
];

async function serious(page) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  assert.ok(passes.length > 10, "axe looked");
  return violations
    .filter((it) => it.impact === "serious" || it.impact === "critical")
    .map((it) => `${it.id}: ${it.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
}

describe("the pages", () => {
  let server, browser;

  before(async () => {
    server = await Server.start({ config: { agents: { default: { kind: "demo" } } } });
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  for (const { name, ...look } of looks) {
    test(`have nothing that shuts people out: ${name}`, async () => {
      const device = await Device.open(browser, server.url, look);
      const chat = await Chat.open(device, "accessible");
      await chat.send("Say something.");
      await chat.when((all) => all.some((it) => it.role === "assistant" && it.text.length > 20), "an answer");
      await chat.ready();
      await device.shot(`chat-${name}`);
      assert.deepEqual(await serious(device.page), [], "the chat");
      await Inspector.open(device, "accessible", 1);
      await device.shot(`inspector-${name}`);
      assert.deepEqual(await serious(device.page), [], "the inspector");
      await device.page.goto(`${server.url}/#/side-by-side`);
      await device.page.getByTestId("cut-network").first().waitFor();
      await device.shot(`side-by-side-${name}`);
      assert.deepEqual(await serious(device.page), [], "the two fronts");
      const width = await device.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= look.viewport.width, `nothing sticks out: ${width}`);
      assert.deepEqual(device.errors, []);
      await device.close();
    });
  }
});
