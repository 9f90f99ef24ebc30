// SPDX-License-Identifier: Apache-2.0
// chat.test.mjs: a user's actions in the chat, and their effect in the server.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { answer, keyed } from "../lib/aimock.mjs";
import { Device } from "../lib/browser.mjs";
import { Chat, words } from "../lib/chat.mjs";
import { Front } from "../lib/front.mjs";
import { PageScene } from "../lib/page_scene.mjs";
import { Producer, finishes, opens, says, starts } from "../lib/producer.mjs";
import { pushes } from "../lib/scene.mjs";
import { chance, seed } from "../lib/texts.mjs";
import { until } from "../lib/wait.mjs";

const markdown = "A **bold** word and\n\n```js\nconst answer = 42;\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n";

describe("the chat", () => {
  let scene, server, browser, device;

  before(async () => {
    scene = await PageScene.open([
      answer("slow", words(chance(seed + 11), 300), { chunkSize: 6, tps: 30 }),
      answer("quick", "a quick answer", { tps: 100 }),
      answer("again", "an answer to the edited words", { tps: 100 }),
    ]);
    ({ server, browser } = scene);
    device = await Device.open(browser, server.url);
  });

  after(() => scene?.dispose());

  test("draws markdown, code, folded reasoning and tool calls with their results", async () => {
    const front = new Front(server, "parts");
    await front.change([pushes("parts-run", "show me")]);
    const producer = new Producer(server, "parts", "parts-run");
    await producer.write(opens("m"));
    await producer.write(starts("m", 0, { type: "reasoning", text: "Let me think." }));
    await producer.write(starts("m", 1, { type: "tool_call", id: "c1", name: "search", arguments: '{"q":"tea"}' }));
    await producer.write(starts("m", 2, { type: "tool_result", call: "c1", content: "three cups" }));
    await producer.write(starts("m", 3, { type: "text", text: "" }), says("m", markdown, 3), finishes());

    const chat = await Chat.open(device, "parts");
    const message = device.page.locator('[data-message="m"]');
    await message.getByText("const answer = 42").waitFor();

    assert.equal(await message.locator("strong").innerText(), "bold");
    assert.equal(await message.locator("table td").count(), 2);
    const reasoning = message.locator('details[data-part="0"]');
    assert.equal(await reasoning.getAttribute("open"), null, "reasoning is folded");
    await reasoning.locator("summary").click();
    await reasoning.getByText("Let me think.").waitFor();
    await message.locator('details[data-part="1"] summary').click();
    assert.deepEqual(JSON.parse(await message.getByLabel("Arguments").innerText()), { q: "tea" });
    await message.locator('details[data-part="2"] summary').click();
    assert.equal(await message.getByLabel("Result").innerText(), "three cups");
    await device.shot("chat-parts");
    assert.equal((await chat.messages()).length, 2);
    assert.deepEqual(device.errors, []);
  });

  test("shows turns that wait, takes one back, and Escape stops", async () => {
    const chat = await Chat.open(device, "queue");
    await chat.send(`First. ${keyed("slow")}`);
    await chat.when((all) => (all.at(-1)?.text.length ?? 0) > 30, "it streams");
    await chat.send(`Taken back. ${keyed("quick")}`);
    await chat.send(`Waits. ${keyed("quick")}`);
    const queued = device.page.getByTestId("queued");
    await until(async () => (await queued.count()) === 2, "two turns wait");
    await device.shot("chat-queued");
    await queued.filter({ hasText: "Taken back" }).getByRole("button").click();
    await until(async () => (await queued.count()) === 1, "one waits");

    await device.page.getByTestId("composer").press("Escape");

    await chat.when((all) => all.at(-1)?.text.includes("a quick answer"), "the one that waited is answered");
    await chat.ready();
    const { messages, runs } = await server.read("queue");
    assert.deepEqual(runs.map((run) => run.status).sort(), ["completed", "stopped", "stopped"]);
    assert.deepEqual(
      messages.map((it) => it.parts[0].text.split(".")[0]).filter((text) => /First|Taken|Waits/.test(text)),
      ["First", "Waits"],
    );
    assert.deepEqual(device.errors, []);
  });

  test("answers again as a branch, asks edited words as a branch, and goes between them", async () => {
    const chat = await Chat.open(device, "branches");
    await chat.send(`One. ${keyed("quick")}`);
    await chat.when((all) => all.at(-1)?.text.includes("a quick answer"), "an answer");
    await chat.ready();
    const [asked, first] = await chat.messages();
    await device.page.locator(`[data-message="${first.id}"]`).getByTestId("regenerate").click();
    await chat.when((all) => all.at(-1)?.id !== first.id && all.at(-1)?.text.includes("quick"), "another answer");
    await chat.ready();
    const second = (await chat.messages()).at(-1);
    const branches = device.page.locator(`[data-message="${second.id}"]`).getByTestId("branches");
    assert.match(await branches.innerText(), /2 \/ 2/);
    await branches.getByRole("button", { name: "Previous branch" }).click();
    await chat.when((all) => all.at(-1)?.id === first.id, "the first answer again");

    const message = device.page.locator(`[data-message="${asked.id}"]`);
    await message.getByTestId("edit").click();
    await message.getByRole("textbox").fill(`One, anew. ${keyed("again")}`);
    await message.getByRole("button", { name: "Send" }).click();
    await chat.when((all) => all.at(-1)?.text.includes("edited words"), "an answer to the edit");
    await chat.ready();
    await device.shot("chat-branches");

    const { messages } = await server.read("branches");
    const roots = messages.filter((it) => it.parent === null);
    assert.equal(roots.length, 2, "the first question stands, too");
    assert.equal(messages.filter((it) => it.parent === asked.id).length, 2);
    assert.deepEqual(device.errors, []);
  });

  test("renames, archives and deletes threads, and the list of another browser follows", async () => {
    const other = await Device.open(browser, server.url);
    const there = other.page.locator('[data-testid="thread"][data-thread="listed"]');
    const chat = await Chat.open(device, "listed");
    await chat.send(`List me. ${keyed("quick")}`);
    await there.filter({ hasText: "List me." }).waitFor();
    await chat.ready();
    await server.post("/v1/threads/listed/sync", {
      device: "elsewhere",
      changes: [{ op: 1, type: "update_thread", title: "Another name" }],
    }, { headers: { accept: "application/json" } });
    await there.filter({ hasText: "Another name" }).waitFor();
    await server.get("/v1/threads/listed", { method: "DELETE" });
    await there.waitFor({ state: "detached" });
    assert.deepEqual(other.errors, []);
    await other.close();
  });

  test("undoes the deletion of a message and of a thread, behind a reload too", async () => {
    const { page } = device;
    const chat = await Chat.open(device, "undone");
    await chat.send(`Keep me. ${keyed("quick")}`);
    await chat.when((all) => all.length === 2, "an answer");
    await chat.ready();
    const [asked, answered] = await chat.messages();

    await page.locator(`[data-message="${answered.id}"]`).getByTestId("delete-message").click();
    await chat.when((all) => all.length === 1, "the answer is gone");
    await page.reload();
    await page.getByTestId("undo").waitFor();
    await chat.when((all) => all.length === 1 && all[0].id === asked.id, "it is still gone");
    await page.getByTestId("undo").click();
    await chat.when((all) => all.length === 2, "the answer is back");

    const row = page.locator('[data-testid="thread"][data-thread="undone"]');
    await row.hover();
    await row.getByTestId("delete-thread").click();
    await row.waitFor({ state: "detached" });
    await device.shot("chat-undo");
    await page.keyboard.press("Alt+z");
    await row.waitFor();
    await chat.when((all) => all.length === 2, "the thread is back, and looked at");
    assert.equal((await server.read("undone")).messages.length, 2);
    assert.deepEqual(device.errors, []);
  });

  test("changes its look, and tells its keys", async () => {
    const { page } = device;
    await Chat.open(device, "keys");
    const before = await page.evaluate(() => getComputedStyle(document.body).color);
    await page.getByTestId("theme").click();
    await page.getByTestId("theme").click();
    const looks = new Set([before, await page.evaluate(() => getComputedStyle(document.body).color)]);
    await page.getByTestId("theme").click();
    looks.add(await page.evaluate(() => getComputedStyle(document.body).color));
    assert.equal(looks.size, 2, "dark and light");
    await page.locator("body").click({ position: { x: 600, y: 300 } });
    await page.keyboard.press("?");
    await page.getByTestId("shortcuts").waitFor();
    await device.shot("chat-keys");
    await page.keyboard.press("Escape");
    await page.getByTestId("shortcuts").waitFor({ state: "hidden" });
    assert.deepEqual(device.errors, []);
  });
});
