// SPDX-License-Identifier: Apache-2.0
// attachments.test.mjs: a file, from the paste in the browser to the request of the model.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { crc32, deflateSync } from "node:zlib";

import { Device, openBrowser } from "../lib/browser.mjs";
import { Chat } from "../lib/chat.mjs";
import { Server, binary } from "../lib/server.mjs";
import { StrictModel, rules, text } from "../lib/strict_model.mjs";
import { temporaryFolder } from "../lib/tidy.mjs";
import { until } from "../lib/wait.mjs";

const run = promisify(execFile);

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

// A picture of one colour.
function png(side, [red, green, blue]) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(side * 3, Buffer.from([red, green, blue]))]);
  const rows = deflateSync(Buffer.concat(Array.from({ length: side }, () => row)));
  const mark = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([mark, chunk("IHDR", head), chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))]);
}

// As a user who pastes files into the field.
const paste = (page, files) =>
  page.evaluate((all) => {
    const clipboardData = new DataTransfer();
    for (const { name, type, base64 } of all) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      clipboardData.items.add(new File([bytes], name, { type }));
    }
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    document.querySelector('[data-testid="composer"]').dispatchEvent(event);
  }, files.map(({ bytes, ...file }) => ({ ...file, base64: bytes.toString("base64") })));

const imagesIn = ({ messages }) =>
  messages
    .flatMap(({ content }) => (Array.isArray(content) ? content : []))
    .filter(({ type }) => type === "image_url")
    .map(({ image_url: { url } }) => Buffer.from(url.replace("data:image/png;base64,", ""), "base64"));

describe("a picture that is pasted", { timeout: 120_000 }, () => {
  const picture = png(48, [200, 40, 90]);
  let model, server, browser, device, chat;

  before(async () => {
    model = await StrictModel.start(() => [text("I see it.")], [rules.results]);
    const agents = { default: { kind: "openai", base_url: model.url, model: "m" } };
    server = await Server.start({ name: "attachments", config: { agents } });
    browser = await openBrowser();
    device = await Device.open(browser, server.url);
    chat = await Chat.open(device, "pictures");
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
    model?.dispose();
  });

  const answered = async (count) => {
    await chat.when((all) => all.filter(({ role }) => role === "assistant").length === count, "an answer");
    await chat.ready();
  };

  const isDrawn = (page) =>
    until(
      () => page.evaluate(() => (document.querySelector('[data-testid="image"]')?.naturalWidth ?? 0) === 48),
      "the picture is on the screen",
    );

  test("is shown before it is sent, and reaches the model byte for byte", async () => {
    await paste(device.page, [
      { name: "square.png", type: "image/png", bytes: picture },
      { name: "notes.txt", type: "text/plain", bytes: Buffer.from("A square.") },
    ]);
    await device.page.getByTestId("thumbnail").waitFor();
    assert.equal(await device.page.getByTestId("attachment").count(), 2);
    await device.shot("attachments-composer");
    await chat.send("What is on it?");
    await answered(1);

    assert.deepEqual(imagesIn(model.bodies.at(-1)), [picture]);
    assert.match(JSON.stringify(model.sent()), /\[file notes\.txt \(text\/plain\)\]\\nA square\./);
    assert.equal(await device.page.getByTestId("attachment").count(), 0);
    await isDrawn(device.page);
    await device.shot("attachments-message");
    const { messages } = await server.read("pictures");
    assert.deepEqual(messages[0].parts.map(({ type, name }) => name ?? type), ["square.png", "notes.txt", "text"]);
    assert.deepEqual(device.errors, []);
  });

  test("is on another device's screen, and a file that is no picture is a download", async () => {
    const other = await Device.open(browser, server.url);
    await Chat.open(other, "pictures");
    await isDrawn(other.page);
    const [download] = await Promise.all([
      other.page.waitForEvent("download"),
      other.page.getByTestId("download").click(),
    ]);
    assert.equal(download.suggestedFilename(), "notes.txt");
    assert.equal(readFileSync(await download.path(), "utf8"), "A square.");
    assert.deepEqual(other.errors, []);
    await other.close();
  });

  test("reaches the model byte for byte also after a restart of the server", async () => {
    await server.restart();
    await device.page.reload();
    await device.page.getByTestId("composer").waitFor();
    await isDrawn(device.page);

    await chat.send("And now?");
    await answered(2);

    assert.deepEqual(imagesIn(model.bodies.at(-1)), [picture]);
    const [first] = (await server.read("pictures")).runs;
    const context = await server.get(`/v1/threads/pictures/runs/${first.id}/context`);
    assert.deepEqual(imagesIn(context.json.sent), [picture], "…/context shows the request as it went out");
  });

  test("is in the request also after an export and its import", async () => {
    const folder = temporaryFolder("attachments");
    const [file, data] = [join(folder, "all.jsonl"), join(folder, "data")];
    const [asked] = (await server.read("pictures")).runs;
    await run(binary, ["export", "--all", "--data", server.data, "--out", file]);
    await run(binary, ["import", file, "--data", data]);
    const { stdout } = await run(binary, ["context", "pictures", asked.id, "--json", "--data", data]);
    assert.deepEqual(imagesIn(JSON.parse(stdout).sent), [picture]);
  });

  test("is removed before it is sent, and can't be too large", async () => {
    await paste(device.page, [{ name: "no.png", type: "image/png", bytes: picture }]);
    await device.page.getByRole("button", { name: "Remove no.png" }).click();
    assert.equal(await device.page.getByTestId("attachment").count(), 0);

    const large = join(temporaryFolder("attachments"), "large.bin");
    writeFileSync(large, Buffer.alloc(33 << 20));
    await device.page.getByTestId("files").setInputFiles(large);
    await device.page.getByTestId("send").click();
    await device.page.getByTestId("not-sent").waitFor();
    assert.match(await device.page.getByTestId("not-sent").innerText(), /large\.bin: it has 33 MiB/);
    assert.deepEqual(device.errors, []);
  });
});
