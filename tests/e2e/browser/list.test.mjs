// SPDX-License-Identifier: Apache-2.0
// list.test.mjs: 1,500 threads in a real browser: the cost of a token, and the ways to reach each
// thread.
//
// The tests count work, not time: rows that were drawn, and formatters that were made.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";

import { Device, openBrowser } from "../lib/browser.mjs";
import { Chat } from "../lib/chat.mjs";
import { Server } from "../lib/server.mjs";
import { until } from "../lib/wait.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const threads = 1500;
const atOnce = 50;

// Counts formatters from before the page's first line of code.
function countFormatters() {
  globalThis.made = 0;
  const { DateTimeFormat } = Intl;
  Intl.DateTimeFormat = new Proxy(DateTimeFormat, {
    construct: (target, words) => {
      globalThis.made += 1;
      return Reflect.construct(target, words);
    },
  });
  for (const name of ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]) {
    const plain = Date.prototype[name];
    Date.prototype[name] = function (...words) {
      globalThis.made += 1;
      return plain.apply(this, words);
    };
  }
}

// From now on: rows of the list whose elements or texts were touched.
function countRows() {
  globalThis.touched = new Set();
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const row = (target.closest ? target : target.parentElement)?.closest("[data-testid=thread]");
      if (row) globalThis.touched.add(row.dataset.thread);
    }
  }).observe(document.querySelector("[data-testid=threads]"), {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
}

describe("a list of 1,500 threads", () => {
  let server, browser, device, chat;

  before(async () => {
    server = await Server.start({ config: { agents: { default: { kind: "demo" } } } });
    for (let first = 0; first < threads; first += atOnce) {
      const some = Array.from({ length: atOnce }, (_, at) => first + at);
      await Promise.all(some.map((at) => make(at)));
    }
    browser = await openBrowser();
    device = await Device.open(browser, server.url);
    await device.page.addInitScript(countFormatters);
    await device.page.reload();
    chat = await Chat.open(device, "of-1500");
    await until(async () => (await setSize()) === threads, "all threads are in the list");
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  const make = (at) =>
    server.post(`/v1/threads/one-${at}/sync`, {
      device: `maker-${at}`,
      changes: [{ op: 1, type: "update_thread", title: `Thread number ${at}.` }],
    }, { headers: { accept: "application/json" } });

  const rows = () => device.page.getByTestId("threads").getByTestId("thread");
  const setSize = () =>
    device.page.evaluate(() =>
      Number(document.querySelector("[data-testid=thread]")?.getAttribute("aria-setsize") ?? 0),
    );
  const focused = () =>
    device.page.evaluate(() => document.activeElement.closest("[data-testid=thread]")?.ariaPosInSet);

  test("draws one row for each token, and makes no formatter", async () => {
    await chat.send("Say something long.");
    await chat.when((all) => all.some((it) => it.role === "assistant" && it.text.length > 20), "an answer begins");
    await device.page.evaluate(countRows);
    const before = await device.page.evaluate(() => globalThis.made);
    await chat.ready();

    const after = await device.page.evaluate(() => ({ made: globalThis.made, touched: [...globalThis.touched] }));
    assert.deepEqual(after.touched, ["of-1500"]);
    assert.equal(after.made, before);
    assert.ok((await rows().count()) < 60, "only what is in sight is drawn");
  });

  test("is gone through by keys and by the wheel, and the focus stays", async () => {
    const { page } = device;
    await rows().first().locator("> a").focus();
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), "2");
    await page.keyboard.press("End");
    await until(async () => (await focused()) === String(threads + 1), "the last thread has the focus");
    assert.ok(await rows().last().isVisible());
    await page.keyboard.press("Home");
    await until(async () => (await focused()) === "1", "the first thread has the focus");

    await page.getByTestId("list").hover();
    await page.mouse.wheel(0, 20_000);
    const places = () => rows().evaluateAll((all) => all.map((it) => Number(it.ariaPosInSet)));
    await until(async () => (await places()).some((it) => it > 400), "rows far below are drawn");
    assert.equal(await focused(), "1");
    // Tab continues from there, and scrolls its target into sight.
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "1");
    await device.shot("list-1500");
  });

  test("is searched as a whole", async () => {
    const { page } = device;
    await page.keyboard.press("Alt+k");
    await page.keyboard.type("number 1234");
    await until(async () => (await rows().count()) === 1, "one thread is found");
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), "1");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/#/t/one-1234");
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const serious = violations.filter((it) => it.impact === "serious" || it.impact === "critical");
    assert.deepEqual(serious.map((it) => it.id), []);
    assert.deepEqual(device.errors, []);
  });
});
