// SPDX-License-Identifier: Apache-2.0
// chat.mjs: the chat page, as the tests use it.
//
// It reads only the screen: the text of elements, in the page's own task.

import { until } from "./wait.mjs";

export class Chat {
  constructor(page) {
    this.page = page;
  }

  static async open(device, thread, page = device.page) {
    const chat = new Chat(page);
    chat.device = device;
    await page.goto(`${device.url}/#/t/${thread}`);
    await page.getByTestId("composer").waitFor();
    return chat;
  }

  async send(text) {
    await this.page.getByTestId("composer").fill(text);
    await this.page.getByTestId("composer").press("Enter");
  }

  // { id, role, text } of every message on the screen, in order.
  messages() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll("[data-message]")].map((it) => ({
        id: it.dataset.message,
        role: it.dataset.role,
        text: [...it.querySelectorAll("[data-part]")].map((part) => part.innerText).join("\n"),
      })),
    );
  }

  // In its place.
  async edit(id, text) {
    const message = this.page.locator(`[data-message="${id}"]`);
    await message.getByTestId("edit").click();
    await message.getByRole("textbox").fill(text);
    await message.getByRole("button", { name: "Save" }).click();
  }

  // The text of a message on the screen, without the elements around it.
  async textOf(id) {
    return (await this.messages()).find((it) => it.id === id)?.text ?? "";
  }

  async lastAnswer() {
    return (await this.messages()).findLast((it) => it.role === "assistant");
  }

  // The text of the last answer, as it was on the screen when the button was pressed.
  pressStop() {
    return this.page.evaluate(() => {
      const answers = document.querySelectorAll('[data-message][data-role="assistant"]');
      const last = answers[answers.length - 1];
      const text = [...last.querySelectorAll("[data-part]")].map((part) => part.innerText).join("\n");
      document.querySelector('[data-testid="stop"]').click();
      return { id: last.dataset.message, text };
    });
  }

  async when(condition, what, withinMs = 20_000) {
    return until(async () => condition(await this.messages()), what, { withinMs, everyMs: 20 });
  }

  // Waits until no run is open.
  async ready(withinMs = 30_000) {
    await this.page.getByTestId("stop").waitFor({ state: "detached", timeout: withinMs });
  }

  pending() {
    return this.page.evaluate(
      () => Number(document.querySelector('[data-testid="pending-count"]')?.dataset.count ?? 0),
    );
  }
}

// Words only: then the screen has the same text as the message, except for a space at the end.
export function words(random, count) {
  const all = ["what", "you", "see", "Grüße", "naïve", "你好", "世界", "😀", "🚀🚀", "again", "the", "model"];
  return Array.from({ length: count }, (_, at) => `${random.pick(all)}${at}`).join(" ");
}
