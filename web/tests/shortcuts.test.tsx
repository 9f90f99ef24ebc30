// SPDX-License-Identifier: Apache-2.0
// shortcuts.test.tsx: the page's keys work without test ids.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import type { MessageView } from "lockstep-client";
import { LockstepProvider } from "lockstep-client/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ChatPage } from "../src/chat/page.js";
import { FakeClient, threadOf } from "./fake_client.js";

const thread = threadOf("tea", 0);

const message = (id: string, role: MessageView["role"]): MessageView => ({
  ...{ id, role, parent: null, status: "complete", pending: null, branches: [id] },
  parts: [{ type: "text", text: id }],
  created: thread.created,
  updated: thread.updated,
});

/** Presses keys on a page from which all test ids were removed. */
function press(code: string, more: KeyboardEventInit = { altKey: true }): void {
  for (const it of document.querySelectorAll("[data-testid]")) it.removeAttribute("data-testid");
  act(() => void fireEvent.keyDown(document.activeElement ?? document.body, { code, ...more }));
}

describe("without any test id", () => {
  let fake: FakeClient;
  const question = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
  const editors = () => screen.queryAllByLabelText<HTMLTextAreaElement>("Text of the message");

  beforeEach(() => {
    const said = [message("why", "user"), message("so", "assistant")];
    const messages = [...said, message("really?", "user"), message("yes", "assistant")];
    fake = new FakeClient([thread], { messages });
    render(
      <LockstepProvider client={fake.client}>
        <ChatPage thread="tea" />
      </LockstepProvider>,
    );
    question().blur();
  });
  afterEach(cleanup);

  it("a key opens the last message, once more the one before, and Escape goes on writing", () => {
    press("KeyE");
    expect(editors().map((it) => it.value)).toEqual(["really?"]);
    press("KeyE");
    expect(editors().map((it) => it.value)).toEqual(["why", "really?"]);
    press("Escape", { key: "Escape" });
    expect(editors().map((it) => it.value)).toEqual(["really?"]);
    expect(document.activeElement).toBe(question());
  });

  it("a key asks the last answer again, but first an unanswered message", () => {
    press("KeyR");
    const asked = [...fake.open.view.messages, message("well?", "user")];
    act(() => fake.open.show({ ...fake.open.view, messages: asked }));
    press("KeyR");
    expect(fake.asked).toEqual(["regenerate yes", "regenerate well?"]);
  });

  it("a key undoes the last deletion, and goes on writing", () => {
    const one = { id: "u1", thread: "tea", message: "so", until: 0 };
    act(() => fake.deleted.show([one, { ...one, id: "u2" }]));
    press("KeyZ");
    expect(fake.asked).toEqual(["undo u2"]);
    expect(document.activeElement).toBe(question());
  });

  it("keys go to the message field and to the search", () => {
    press("Slash", { key: "/" });
    expect(document.activeElement).toBe(question());
    press("KeyK");
    expect(document.activeElement).toBe(screen.getByRole("searchbox"));
  });
});

it("no source of the page looks for a test id", () => {
  const folder = join(import.meta.dirname, "../src");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => /\.[jt]sx?$/.test(file));
  const looking = sources.filter((file) =>
    /\[data-testid|ByTestId|dataset.*testid/i.test(readFileSync(join(folder, file), "utf8")),
  );
  expect(sources.length).toBeGreaterThan(30);
  expect(looking).toEqual([]);
});
