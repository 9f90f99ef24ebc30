// SPDX-License-Identifier: Apache-2.0
// calls.test.mjs: people decide and answer tool calls, on two devices.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Device, openBrowser } from "../lib/browser.mjs";
import { Chat } from "../lib/chat.mjs";
import { Server } from "../lib/server.mjs";
import { StrictModel, call, rules, text } from "../lib/strict_model.mjs";
import { until } from "../lib/wait.mjs";

describe("a call that a person must approve", { timeout: 120_000 }, () => {
  let model, server, browser, ann, bob;

  // Asks for the tool first, and says what it got then.
  const script = (_, { messages }) => {
    const last = messages.at(-1);
    return last.role === "tool" ? [text(`It says: ${last.content}`)] : [call(`c${messages.length}`, "{}")];
  };

  before(async () => {
    model = await StrictModel.start(script, [rules.results]);
    const agents = { default: { kind: "openai", base_url: model.url, model: "m", ask_before: ["look"] } };
    server = await Server.start({ name: "calls", config: { agents } });
    browser = await openBrowser();
    ann = await Device.open(browser, server.url);
    bob = await Device.open(browser, server.url);
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
    model?.dispose();
  });

  const state = (device, wanted) =>
    until(
      async () => (await device.page.getByTestId("call").last().getAttribute("data-state")) === wanted,
      `the call is ${wanted}`,
    );

  const says = (chat, words) => chat.when((all) => all.at(-1)?.text.includes(words), words);

  test("waits on every device, is approved on one and answered on the other, and the model goes on", async () => {
    const there = await Chat.open(bob, "approve");
    const here = await Chat.open(ann, "approve");
    await here.send("Look.");
    await state(ann, "needs_approval");
    await state(bob, "needs_approval");
    assert.equal((await server.read("approve")).thread.running, false, "no run is open while people think");
    await ann.shot("calls-approve");

    await bob.page.getByTestId("approve").click();
    await state(ann, "approved");
    await ann.page.getByTestId("answer-call").click();
    await ann.page.getByTestId("call-field").fill("18 °C");
    await ann.page.getByTestId("call-send").click();

    await says(here, "It says: 18 °C");
    await says(there, "It says: 18 °C");
    assert.equal(model.bodies.length, 2);
    assert.deepEqual([...ann.errors, ...bob.errors], []);
  });

  test("is decided by the first of two people, and the second is told", async () => {
    const here = await Chat.open(ann, "twice");
    await Chat.open(bob, "twice");
    await here.send("Look.");
    await state(ann, "needs_approval");
    await state(bob, "needs_approval");

    await bob.context.setOffline(true);
    await bob.page.getByTestId("approve").click();
    await ann.page.getByTestId("deny").click();
    await ann.page.getByTestId("call-field").fill("Not today.");
    await ann.page.getByTestId("call-send").click();
    await says(here, "Not today.");
    await bob.context.setOffline(false);

    const refused = bob.page.getByTestId("refused");
    await refused.waitFor({ timeout: 30_000 });
    assert.equal(await refused.getAttribute("data-code"), "decided");
    assert.match(JSON.stringify(model.sent()), /Not today\./, "the model is told the reason");
    await state(bob, "denied");
    await bob.shot("calls-second");
    assert.deepEqual([...ann.errors, ...bob.errors], []);
  });

  test("of a tool that is always approved asks no more in this thread", async () => {
    const here = await Chat.open(ann, "always");
    await here.send("Look.");
    await state(ann, "needs_approval");
    await ann.page.getByTestId("always").click();
    await state(ann, "approved");
    const tools = async () => (await server.read("always")).thread.approved_tools ?? [];
    // The page shows a decision before the server has it.
    await until(async () => (await tools()).includes("look"), "the thread has the tool");
    assert.deepEqual(ann.errors, []);
  });
});
