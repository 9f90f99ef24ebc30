// SPDX-License-Identifier: Apache-2.0
// side.test.mjs: two fronts on one page, each with a network to break.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Device, openBrowser } from "../lib/browser.mjs";
import { digestOf } from "../lib/digest.mjs";
import { Server } from "../lib/server.mjs";
import { until } from "../lib/wait.mjs";

describe("side by side", () => {
  let server, browser, device;

  before(async () => {
    server = await Server.start({ config: { agents: { default: { kind: "demo" } } } });
    browser = await openBrowser();
    device = await Device.open(browser, `${server.url}/#/side-by-side/sides`, {
      viewport: { width: 1280, height: 800 },
    });
  });

  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  test("differ while one is cut off, and agree when it is back, the model too", async () => {
    const { page } = device;
    const [left, right] = ["left", "right"].map((name) => page.getByTestId(`front-${name}`));
    const same = () => page.evaluate(() => document.querySelector('[data-testid="agree"]').hasAttribute("data-same"));
    await left.getByTestId("composer").fill("Are you there?");
    await left.getByTestId("composer").press("Enter");
    await right.locator('[data-role="assistant"] [data-part]').first().waitFor();
    await right.getByTestId("cut-network").click();
    await until(async () => !(await same()), "they differ: one goes on", { withinMs: 20_000 });
    await left.getByTestId("stop").click();
    await right.getByTestId("composer").fill("And now, from the dark?");
    await right.getByTestId("composer").press("Enter");
    await right.getByText("And now, from the dark?").waitFor();
    await device.shot("side-by-side-cut");

    await right.getByTestId("restore").click();

    await left.getByText("And now, from the dark?").first().waitFor();
    for (const side of [left, right]) await side.getByTestId("stop").waitFor({ state: "detached", timeout: 60_000 });
    await until(same, "both show the same", { withinMs: 20_000 });
    const { messages, runs } = await server.read("sides");
    assert.deepEqual(runs.map((run) => run.status), ["stopped", "completed"]);
    const { digest } = await contextOf(server, "sides", runs[1].id);
    await until(
      async () => (await page.getByTestId("model-saw").getAttribute("data-digest")) === digest,
      "the page names what the model saw",
    );
    assert.equal(messages.length, 4);
    await device.shot("side-by-side-agree");
    assert.deepEqual(device.errors, []);
  });
});

// The digest of the path that a run was given, by the protocol's text.
async function contextOf(server, thread, run) {
  const { path } = (await server.get(`/v1/threads/${thread}/runs/${run}/context`)).json;
  return { digest: digestOf(path) };
}
