// SPDX-License-Identifier: Apache-2.0
// browser.mjs: a real Chromium, and the records that a test keeps of it.
//
// It writes screenshots to build/screenshots. An error that the page writes to its console fails
// the test, except for lost connections, which these tests cause.

import { existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const shots = join(root, "build/screenshots");
const program = process.env.LOCKSTEP_CHROMIUM ?? "/usr/bin/chromium";

// Connections that a test has cut; and warnings about headers that have no effect over plain http.
const expected = /net::ERR|WebSocket connection|Failed to load resource|Opener-Policy header has been ignored/;

export async function openBrowser(more = []) {
  if (!existsSync(program)) throw new Error(`no browser at ${program}: scripts/install.sh test`);
  mkdirSync(shots, { recursive: true });
  // As root, as in a container, its sandbox cannot be made; and shared memory may be small there.
  return chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", ...more] });
}

// A device: its own storage, its own window.
export class Device {
  errors = [];

  static async open(browser, url, options = {}) {
    const device = new Device();
    device.context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
    device.url = url;
    device.page = await device.tab();
    return device;
  }

  async tab() {
    const page = await this.context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" && !expected.test(message.text())) this.errors.push(message.text());
    });
    page.on("pageerror", (error) => this.errors.push(String(error)));
    await page.goto(this.url);
    return page;
  }

  shot(name, page = this.page) {
    return page.screenshot({ path: join(shots, `${name}.png`) });
  }

  close() {
    return this.context.close();
  }
}
