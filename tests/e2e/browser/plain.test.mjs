// SPDX-License-Identifier: Apache-2.0
// plain.test.mjs: the page over plain http, from a name other than localhost.
//
// Browsers give such a page no Web Locks, no crypto.subtle and no service worker: each tab is its
// own device, and the page's own SHA-256 makes digests.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";

import { Device, openBrowser } from "../lib/browser.mjs";
import { Chat } from "../lib/chat.mjs";
import { Proxy } from "../lib/proxy.mjs";
import { Server } from "../lib/server.mjs";
import { tokenFile } from "../lib/tokens.mjs";
import { until } from "../lib/wait.mjs";

const name = "plain.test";
const token = "a-token-of-ann";

describe("a page over plain http", () => {
  let server, proxy, browser, device;

  before(async () => {
    const config = { tokens: tokenFile({ ann: token }), agents: { default: { kind: "demo" } } };
    server = await Server.start({ config });
    proxy = await Proxy.between(server.port);
    browser = await openBrowser([`--host-resolver-rules=MAP ${name} 127.0.0.1`]);
    device = await Device.open(browser, `http://${name}:${proxy.port}`);
  });

  after(async () => {
    await browser?.close();
    await proxy?.dispose();
    await server?.dispose();
  });

  test("asks for the token, and then each tab is a device of its own", async () => {
    const { page } = device;
    assert.equal(await page.evaluate(() => globalThis.isSecureContext), false);
    assert.equal(await page.evaluate(() => "locks" in navigator || crypto.subtle !== undefined), false);
    await page.getByTestId("token-screen").waitFor();
    await device.shot("token-screen");
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Continue" }).click();
    const first = await Chat.open(device, "plain");
    const second = await Chat.open(device, "plain", await device.tab());

    await first.send("Said in the first tab.");
    await second.when((all) => all.some((it) => it.role === "assistant" && it.text.length > 60), "the second shows it");
    await second.pressStop();
    for (const chat of [first, second]) await chat.ready();
    await second.send("Said in the second tab.");
    await first.when((all) => all.some((it) => it.text.includes("Said in the second tab.")), "the first shows that");
    for (const chat of [first, second]) await chat.ready();
    await first.page.reload();
    await first.when((all) => all.length === 4, "after a reload");

    await until(() => proxy.openSockets === 2, "a socket each");
    const headers = { authorization: `Bearer ${token}`, accept: "application/x-ndjson" };
    const log = await server.get("/v1/threads/plain/events", { headers });
    const acks = log.text.trim().split("\n").flatMap((line) => JSON.parse(line).acks ?? []);
    assert.equal(new Set(acks.map((ack) => ack.device)).size, 2, "two devices");
    const texts = async (chat) => (await chat.messages()).map((it) => it.text);
    await second.when((all) => all.length === 4, "four messages");
    // The last words of the answer may still be coming into sight in one of them.
    const same = async () => isDeepStrictEqual(await texts(first), await texts(second));
    await until(same, "both tabs show the same");
    assert.deepEqual(device.errors, []);
  });
});
