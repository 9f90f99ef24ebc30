// SPDX-License-Identifier: Apache-2.0
// restored.test.mjs: a server that was restored from a backup, and a browser that holds more.
//
// The page shows messages that only the browser still has, also after reloads, until its user puts
// them back or discards them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { answer, keyed } from "../lib/aimock.mjs";
import { Device } from "../lib/browser.mjs";
import { Chat } from "../lib/chat.mjs";
import { PageScene } from "../lib/page_scene.mjs";
import { binary } from "../lib/server.mjs";

// Waited for to the last character: words are painted some time after they are received.
const first = "An answer from before the backup.";
const second = "An answer from after it.";

describe("a server that was set back", () => {
  let scene, server, backups;

  before(async () => {
    scene = await PageScene.open([
      answer("before", first, { tps: 200 }),
      answer("after", second, { tps: 200 }),
    ]);
    ({ server } = scene);
    backups = join(server.folder, "backups");
  });

  after(() => scene?.dispose());

  const lockstep = (...line) => execFileSync(binary, line, { stdio: "pipe" });
  const lost = (page) => page.getByTestId("lost");

  /** Says something before a backup and something after it, and sets the server back. */
  async function setBack(thread) {
    const device = await Device.open(scene.browser, scene.proxy.url);
    const chat = await Chat.open(device, thread);
    await chat.send(`Before. ${keyed("before")}`);
    await chat.when((all) => all.at(-1)?.text.trim() === first, "the first answer");
    await chat.ready();
    lockstep("backup", "--data", server.data, "--to", backups);
    await chat.send(`After. ${keyed("after")}`);
    await chat.when((all) => all.at(-1)?.text.trim() === second, "the second answer");
    await chat.ready();
    const held = await chat.messages();

    await server.terminate();
    const restored = join(server.folder, `restored-${thread}`);
    lockstep("restore", "--from", backups, "--data", restored);
    server.data = restored;
    await server.launch();
    await lost(chat.page).waitFor();
    return { device, chat, held };
  }

  test("the page shows, also after a reload, messages that only the browser has, and puts them back", async () => {
    const { device, chat, held } = await setBack("put-back");
    assert.equal((await chat.messages()).length, 2);
    await chat.page.reload();
    await lost(chat.page).waitFor();
    await lost(chat.page).getByText("Show").click();
    await device.shot("restored-lost");

    await chat.page.getByRole("button", { name: "Put back" }).click();
    await chat.when((all) => all.length === 4, "all is there");
    await lost(chat.page).waitFor({ state: "detached" });
    const other = await Chat.open(await Device.open(scene.browser, scene.proxy.url), "put-back");
    await other.when((all) => all.length === 4 && all[3].text.trim() === second, "elsewhere, too");
    assert.deepEqual(await other.messages(), held);
    await chat.page.reload();
    await chat.when((all) => all.length === 4, "after another reload");
    assert.equal(await lost(chat.page).count(), 0);
    assert.deepEqual(device.errors, []);
  });

  test("or is given up", async () => {
    const { device, chat } = await setBack("given-up");
    await chat.page.getByRole("button", { name: "Forget" }).click();
    await lost(chat.page).waitFor({ state: "detached" });
    await chat.page.reload();
    await chat.when((all) => all.length === 2, "what the server has");
    assert.equal(await lost(chat.page).count(), 0);
    assert.deepEqual(device.errors, []);
  });
});
