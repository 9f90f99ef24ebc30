// SPDX-License-Identifier: Apache-2.0
// chat.test.tsx: the page's texts for unanswered turns and for threads that do not exist.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import type { MessageView, ThreadView, Undoable } from "lockstep-client";
import { LockstepProvider } from "lockstep-client/react";
import { afterEach, describe, expect, it } from "vitest";

import { ChatPage } from "../src/chat/page.js";
import { EMPTY_SENTENCE, STOPPED_SENTENCE } from "../src/chat/ends.js";
import { FakeClient } from "./fake_client.js";
import { messageOf as message, thread } from "./views.js";

afterEach(cleanup);

const SOURCES = join(process.cwd(), "..");

function show(view: Partial<ThreadView>): FakeClient {
  const fake = new FakeClient([thread], view);
  const { client } = fake;
  render(
    <LockstepProvider client={client}>
      <ChatPage thread="tea" />
    </LockstepProvider>,
  );
  return fake;
}

const retries = (): number => screen.queryAllByTestId("retry").length;

describe("a turn without an answer", () => {
  const error = { code: "upstream_interrupted", detail: "" };

  it("can be tried again, whether it failed, was stopped, or never started", () => {
    const fake = show({ messages: [message("why", "user")], status: "error", error });

    fireEvent.click(screen.getByTestId("retry"));

    expect(fake.asked).toEqual(["regenerate why"]);
    act(() => fake.open.show({ ...fake.open.view, status: "ready", error: null }));
    expect(retries()).toBe(1);
    const two = [message("why", "user"), message("well?", "user"), message("so", "assistant")];
    act(() => fake.open.show({ ...fake.open.view, messages: two }));
    expect(retries()).toBe(1);
  });

  it("cannot while it is under way, or is not sent yet", () => {
    const messages = [message("why", "user")];
    const fake = show({ messages, status: "submitted" });
    expect(retries()).toBe(0);
    const queued = [{ run: "r", input: [{ text: "so?" }], pending: false }];
    act(() => fake.open.show({ ...fake.open.view, status: "ready", queued }));
    expect(retries()).toBe(0);
    const pending = [message("why", "user", { pending: "new" })];
    act(() => fake.open.show({ ...fake.open.view, queued: [], messages: pending }));
    expect(retries()).toBe(0);
  });
});

describe("an answer without text", () => {
  const sentence = (): string | null => screen.queryByTestId("sentence")?.textContent ?? null;
  const answer = (more: Partial<MessageView>): MessageView => message("a", "assistant", more);

  it("shows the sentence that the next model is given", () => {
    const thought = [{ type: "reasoning", text: "hm" }] as const;
    const fake = show({ messages: [answer({ parts: [], status: "stopped" })] });
    const shows = (more: Partial<MessageView>): string | null => {
      act(() => fake.open.show({ ...fake.open.view, messages: [answer(more)] }));
      return sentence();
    };

    expect(sentence()).toBe(STOPPED_SENTENCE);
    expect(shows({ parts: thought, status: "stopped" })).toBe(STOPPED_SENTENCE);
    expect(shows({ parts: [{ type: "text", text: "" }] })).toBe(EMPTY_SENTENCE);
    expect(shows({ parts: [{ type: "text", text: " \n" }] })).toBe(EMPTY_SENTENCE);
    expect(shows({ parts: [], status: "open" })).toBeNull();
    expect(shows({})).toBeNull();
  });

  it("has the words of the server", () => {
    const header = readFileSync(join(SOURCES, "server/inference/turns.h"), "utf8");
    expect(header).toContain(`"${STOPPED_SENTENCE}"`);
    expect(header).toContain(`"${EMPTY_SENTENCE}"`);
  });
});

describe("a message that is not sent", () => {
  it("waits for the connection, and not for an answer", () => {
    const messages = [message("why", "user", { pending: "new" })];
    const fake = show({ messages, status: "submitted", pending: 1 });
    expect(screen.queryByTestId("waiting")).not.toBeNull();

    act(() => fake.connected.show({ ...fake.connected.view, state: "offline" }));

    expect(screen.queryByTestId("waiting")).toBeNull();
  });
});

describe("a thread that is not there", () => {
  it("is shown as missing, and not as a new one", () => {
    const fake = show({ thread: null });
    expect(screen.getByTestId("unknown-thread").textContent).toContain("There is no thread tea");
    expect(screen.getByTestId("title").textContent).toBe("No such thread");

    act(() => fake.open.show({ ...fake.open.view, status: "loading" }));

    expect(screen.queryByTestId("unknown-thread")).toBeNull();
  });
});

describe("a deletion", () => {
  const undoable = (id: string, of: string | null): Undoable => ({
    id,
    thread: "tea",
    message: of,
    until: 0,
  });

  it("of a message and of a thread can be undone, without a question before it", () => {
    const fake = show({ messages: [message("why", "user"), message("so", "assistant")] });

    fireEvent.click(screen.getAllByTestId("delete-message")[1] as HTMLElement);
    fireEvent.click(screen.getByTestId("delete-thread"));

    expect(fake.asked).toEqual(["remove so for now", "delete for now"]);
  });

  it("is named as long as it can be undone, the last one under a key", () => {
    const fake = show({ messages: [message("why", "user")] });
    expect(screen.queryByTestId("undo")).toBeNull();

    act(() => fake.deleted.show([undoable("d1", "so"), undoable("d2", null)]));

    const said = screen.getAllByTestId("undoable").map((it) => it.textContent);
    expect(said).toEqual(["Message deleted, with all messages below.Undo", "Thread deleted.Undo"]);
    fireEvent.click(screen.getAllByTestId("undo")[0] as HTMLElement);
    fireEvent.keyDown(document.body, { key: "z", code: "KeyZ", altKey: true });
    expect(fake.asked).toEqual(["undo d1", "undo d2"]);
    act(() => fake.deleted.show([]));
    expect(screen.queryByTestId("undo")).toBeNull();
  });
});
