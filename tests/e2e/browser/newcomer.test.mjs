// SPDX-License-Identifier: Apache-2.0
// newcomer.test.mjs: a developer who has only the README and an empty Vite app.
//
// The packages come as to anyone: `npm create vite`, and the client as `npm pack` makes it. The
// code is the README's own, except for the server's port.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Device, openBrowser } from "../lib/browser.mjs";
import { freePort } from "../lib/ports.mjs";
import { Server } from "../lib/server.mjs";
import { keepAnEyeOn, temporaryFolder } from "../lib/tidy.mjs";
import { until } from "../lib/wait.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const createVite = "vite@9.3.0";

function npm(folder, ...words) {
  const options = { cwd: folder, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" };
  return execFileSync("npm", ["--cache", join(root, "build/npm"), ...words], options);
}

function fiveLines(url) {
  const [, code] = readFileSync(join(root, "README.md"), "utf8").match(/```ts\n(.*?)```/s);
  assert.equal(code.trim().split("\n").length, 5);
  assert.ok(code.includes("http://127.0.0.1:7717"));
  return code.replace("http://127.0.0.1:7717", url);
}

describe("a newcomer with an empty Vite app", () => {
  let server, browser, app, port, vite;

  before(async () => {
    port = await freePort();
    const config = { origins: [`http://localhost:${port}`], agents: { default: { kind: "demo" } } };
    server = await Server.start({ config });
    browser = await openBrowser();
    const folder = temporaryFolder("newcomer");
    npm(folder, "create", "--yes", createVite, "chat", "--", "--template", "vanilla-ts", "--no-interactive");
    app = join(folder, "chat");
    const packed = npm(join(root, "client"), "pack", "--pack-destination", folder).trim().split("\n").at(-1);
    npm(app, "install", "--no-audit", "--no-fund", join(folder, packed));
  });

  after(async () => {
    vite?.kill();
    await browser?.close();
    await server?.dispose();
  });

  test("reaches a streaming answer with the README's five lines", async () => {
    writeFileSync(join(app, "src/main.ts"), fiveLines(server.url));
    const bin = join(app, "node_modules/vite/bin/vite.js");
    const options = ["--host", "localhost", "--port", String(port), "--strictPort"];
    vite = keepAnEyeOn(spawn(process.execPath, [bin, ...options], { cwd: app, stdio: "ignore" }));
    const url = `http://localhost:${port}`;
    await until(() => fetch(url).then((it) => it.ok, () => false), "Vite serves", { withinMs: 60_000, everyMs: 100 });

    const device = await Device.open(browser, url);
    const shown = () => device.page.evaluate(() => document.body.innerText);
    const lengths = new Set();
    const growing = async () => {
      const text = await shown();
      lengths.add(text.length);
      return text.startsWith("Why is the sky blue?") && lengths.size > 8;
    };
    await until(growing, "the answer grows on the page", { withinMs: 30_000 });
    await device.shot("newcomer");
    const { thread } = await server.read("tea");
    assert.equal(thread.title, "Why is the sky blue?");
    // Its types pass a type check.
    npm(app, "exec", "--", "tsc", "--noEmit");
    assert.deepEqual(device.errors, []);
  });
});
