// SPDX-License-Identifier: Apache-2.0
// inspector.mjs: the inspector page, as the tests use it.

import { until } from "./wait.mjs";

export class Inspector {
  constructor(page) {
    this.page = page;
  }

  // Opened when it has loaded at least so many entries.
  static async open(device, thread, entries) {
    const { page } = device;
    await page.goto(`${device.url}/#/inspect/${thread}`);
    const inspector = new Inspector(page);
    const loaded = () =>
      page.evaluate(() => Number(document.querySelector('[data-testid="scrubber"]')?.max ?? -1));
    await until(async () => (await loaded()) >= entries - 1, `${entries} entries are loaded`, { withinMs: 60_000, everyMs: 50 });
    return inspector;
  }

  // As a user drags it: the slider's value, then its event.
  async goTo(index) {
    await this.page.evaluate((value) => {
      const slider = document.querySelector('[data-testid="scrubber"]');
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(slider, String(value));
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    }, index);
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  // Forth and back over the whole log, so many places, a frame each.
  async sweep(places) {
    const most = await this.page.evaluate(() => Number(document.querySelector('[data-testid="scrubber"]').max));
    for (let place = 0; place <= places; place += 1) {
      const part = place <= places / 2 ? (2 * place) / places : 2 - (2 * place) / places;
      await this.goTo(Math.round(part * most));
    }
  }

  // The text of every message of the state that is shown.
  messages() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('[data-testid="state"] [data-message]')].map((it) =>
        [...it.querySelectorAll('[data-testid="kept"]')].map((part) => part.textContent).join(""),
      ),
    );
  }

  // The text of a message that a stop left, and the text that it cut.
  cut(id) {
    return this.page.evaluate((message) => {
      const shown = document.querySelector(`[data-testid="state"] [data-message="${message}"]`);
      const text = (name) => [...shown.querySelectorAll(`[data-testid="${name}"]`)].map((it) => it.textContent).join("");
      return { seen: text("kept"), gone: text("cut") };
    }, id);
  }

  // The model's input in this run, and whether it equals the text that the fronts showed.
  async context(run) {
    await this.page.getByTestId("run-choice").selectOption(run);
    await this.page.getByTestId("context").waitFor();
    await this.page.getByTestId("run-choice").evaluate((it) => it.scrollIntoView());
    return this.page.evaluate(() => ({
      sent: JSON.parse(document.querySelector('[data-testid="sent"]').textContent),
      same: document.querySelector('[data-testid="context"]').hasAttribute("data-same"),
    }));
  }
}
