// SPDX-License-Identifier: Apache-2.0
// answers.test.mjs: how an answer ended, how it goes on, its results, and what its model was given.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { answer, keyed } from "../lib/aimock.mjs";
import { Device } from "../lib/browser.mjs";
import { Chat } from "../lib/chat.mjs";
import { PageScene } from "../lib/page_scene.mjs";
import { Producer, ends, finishes, opens, says, starts } from "../lib/producer.mjs";
import { pushes } from "../lib/scene.mjs";
import { until } from "../lib/wait.mjs";

describe("an answer", () => {
  let scene, server, device, page;

  before(async () => {
    scene = await PageScene.open([answer("next", "That is how it is.", { tps: 100 })]);
    ({ server } = scene);
    device = await Device.open(scene.browser, server.url);
    ({ page } = device);
    // The page's own runs are written by the tests, too.
    await page.evaluate(() => localStorage.setItem("lockstep.agent", "push"));
    await page.reload();
  });

  after(() => scene?.dispose());

  let ops = 0;
  async function change(thread, ...changes) {
    const numbered = changes.map((it) => ({ op: ++ops, ...it }));
    const body = { device: "writer", changes: numbered };
    const headers = { accept: "application/json" };
    const answered = await server.post(`/v1/threads/${thread}/sync`, body, { headers });
    assert.equal(answered.status, 200, answered.text);
    for (const { outcome, detail } of answered.json.outcomes) assert.equal(outcome, "applied", detail);
  }

  // A question, and a back end that writes its answer.
  async function asked(thread) {
    await change(thread, pushes(`${thread}-1`, "Why is the sky blue?"));
    return new Producer(server, thread, `${thread}-1`);
  }

  const last = () => page.getByTestId("message").last();
  const running = async (thread, former) => {
    const isNew = ({ id, status }) => status === "running" && id !== former;
    return (await until(async () => (await server.read(thread)).runs.find(isNew), "the run goes on")).id;
  };

  test("that was cut at the length limit goes on as one answer, and a stop cuts only the rest", async () => {
    const producer = await asked("cut");
    await producer.write(opens("a"), says("a", "The sky is blue because air scat"));
    await producer.write({ ...ends("a"), finish_reason: "length", model: "small-2" });
    await producer.write({ ...finishes(), finish_reason: "length", model: "small-2" });
    await Chat.open(device, "cut", page);
    await page.getByTestId("end-note").getByText("The answer was cut at the length limit.").waitFor();
    assert.equal(await page.getByTestId("model").innerText(), "small-2");
    await device.shot("answer-cut");

    await page.getByTestId("continue").click();
    const writer = new Producer(server, "cut", await running("cut", "cut-1"));
    await writer.write(opens("b"), says("b", "ters blue light more than red light"));

    const whole = "The sky is blue because air scatters blue light more than red light";
    await last().getByText(whole).waitFor();
    assert.equal(await page.getByTestId("message").count(), 2);
    await device.shot("answer-goes-on");
    await page.getByTestId("stop").click();
    await page.getByTestId("stop").waitFor({ state: "detached" });
    const { messages } = await server.read("cut");
    const [first, second] = ["a", "b"].map((id) => messages.find((it) => it.id === id));
    assert.equal(first.status, "complete");
    assert.equal(first.parts[0].text, "The sky is blue because air scat");
    assert.deepEqual([second.status, second.continues, second.parent], ["stopped", "a", "a"]);
    assert.equal(await last().locator(".text").innerText(), first.parts[0].text + second.parts[0].text);
    assert.equal(await page.getByTestId("continue").count(), 1, "it can go on again");
    await device.shot("answer-stopped");
    assert.deepEqual(device.errors, []);
  });

  test("shows a tool's late result at its call, once, in place of the server's own", async () => {
    const producer = await asked("late");
    await producer.write(opens("c"), says("c", "I look it up."));
    await producer.write(starts("c", 1, { type: "tool_call", id: "k", name: "look", arguments: "{}" }));
    await Chat.open(device, "late", page);
    await last().getByText("Calling look").waitFor();
    await page.getByTestId("stop").click();
    await last().getByTestId("result").getByText("stopped by the user").first().waitFor();

    const result = { type: "tool_result", call: "k", content: "scattering" };
    await change("late", { type: "put_message", message: { id: "t", role: "tool", parts: [result] } });

    await page.getByTestId("moved").waitFor();
    assert.equal(await page.getByTestId("result").count(), 1);
    const call = page.locator('[data-message="c"]');
    assert.match(await call.getByTestId("result").innerText(), /^Result scattering/);
    await device.shot("answer-late-result");
    assert.deepEqual(device.errors, []);
  });

  test("that never had a word shows the sentence that models get, and the next answer says so", async () => {
    await asked("silent");
    const chat = await Chat.open(device, "silent", page);
    await page.getByTestId("stop").click();
    const sentence = "[The answer was stopped before its first word.]";
    await page.getByTestId("missing").getByText(sentence).waitFor();
    await device.shot("answer-missing");

    await page.getByLabel("Agent").fill("default");
    await chat.send(`And now? ${keyed("next")}`);

    await last().getByText("That is how it is.").waitFor();
    assert.equal(await page.getByTestId("missing").count(), 1, "it still stands below its question");
    const repairs = last().getByTestId("repairs");
    await repairs.getByText("The model was given 1 thing differently").click();
    await repairs.getByText("An answer without text was sent as a sentence in brackets.").waitFor();
    await device.shot("answer-repairs");
    assert.deepEqual(device.errors, []);
  });
});
