// SPDX-License-Identifier: Apache-2.0
// answers.test.tsx: what the page shows of an answer and with it: how it ended, how it goes on, its
// results, and what the model was given differently.

import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import type { MessageView, Part, Repair, ThreadView } from "lockstep-client";
import { LockstepProvider } from "lockstep-client/react";
import { afterEach, describe, expect, it, vi } from "vitest";

import { ChatPage } from "../src/chat/page.js";
import { STOPPED_SENTENCE } from "../src/chat/ends.js";
import { FakeClient } from "./fake_client.js";
import { messageOf, onward, runOf, runsOf, text, thread } from "./views.js";

afterEach(cleanup);
afterEach(() => vi.unstubAllGlobals());

function show(view: Partial<ThreadView>): FakeClient {
  const fake = new FakeClient([thread], view);
  render(
    <LockstepProvider client={fake.client}>
      <ChatPage thread="tea" />
    </LockstepProvider>,
  );
  return fake;
}

const question = messageOf("u", "user");
const answer = (more: Partial<MessageView> = {}): MessageView =>
  messageOf("a", "assistant", { parent: "u", run: "r", ...more });
const texts = (testId: string): readonly (string | null)[] =>
  screen.queryAllByTestId(testId).map((it) => it.textContent);

describe("an answer that was cut", () => {
  const cut = answer({ parts: [text("The sky is bl")], finish_reason: "length" });
  const rest = onward("b", "a", { parts: [text("ue.")], run: "r2", model: "small-2" });

  it("tells of the length limit, and goes on at a press of Continue", () => {
    const fake = show({ messages: [question, cut] });
    expect(texts("end-note")).toEqual(["The answer was cut at the length limit."]);

    fireEvent.click(screen.getByTestId("continue"));

    expect(fake.asked).toEqual(["continue a"]);
    act(() => fake.open.show({ ...fake.open.view, status: "submitted" }));
    expect(screen.queryByTestId("continue")).toBeNull();
  });

  it("is one answer with its continuation: one header, one text, one set of actions", () => {
    const fake = show({ messages: [question, cut, rest] });
    const [, whole] = screen.getAllByTestId("message");
    if (whole === undefined) throw new Error("there is no answer");
    expect(screen.getAllByTestId("message")).toHaveLength(2);
    expect(within(whole).getAllByRole("heading")).toHaveLength(1);
    expect(whole.querySelector(".text")?.textContent).toBe("The sky is blue.");
    expect(texts("end-note")).toEqual([]);
    expect(texts("model")).toEqual(["small-2"]);

    fireEvent.click(within(whole).getByTestId("regenerate"));
    fireEvent.click(within(whole).getByTestId("delete-message"));

    expect(fake.asked).toEqual(["regenerate b", "remove a for now"]);
  });

  it("is copied as a whole", () => {
    const written = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText: written } });
    show({ messages: [question, cut, rest] });

    fireEvent.click(screen.getAllByRole("button", { name: "Copy message" })[1] as HTMLElement);

    expect(written).toHaveBeenCalledWith("The sky is blue.");
  });

  it("is edited as a whole: its first message has the text then, and the rest has none", () => {
    const thought = { type: "reasoning", text: "hm" } as const;
    const more = { ...rest, parts: [thought, ...rest.parts] };
    const fake = show({ messages: [question, cut, more] });
    fireEvent.click(screen.getAllByTestId("edit")[1] as HTMLElement);
    const field = screen.getByDisplayValue("The sky is blue.");

    fireEvent.change(field, { target: { value: "It is blue." } });
    fireEvent.click(screen.getByRole("button", { name: "Save" }));

    expect(fake.asked).toEqual([
      `edit a ${JSON.stringify({ parts: [text("It is blue.")] })}`,
      `edit b ${JSON.stringify({ parts: [thought] })}`,
    ]);
  });

  it("waits for the first word of its continuation, and says that this was stopped", () => {
    const fake = show({ messages: [question, cut, { ...rest, parts: [], status: "open" }] });
    expect(screen.getByText("Waiting for the first word…")).not.toBeNull();
    const stopped = { ...rest, parts: [], status: "stopped" } as const;

    act(() => fake.open.show({ ...fake.open.view, messages: [question, cut, stopped] }));

    const [, whole] = screen.getAllByTestId("message");
    expect(whole?.querySelector(".mark")?.textContent).toBe("stopped");
    expect(whole?.querySelector(".text")?.textContent).toBe("The sky is bl");
    expect(texts("sentence")).toEqual([]);
    expect(screen.getByTestId("continue")).not.toBeNull();
  });
});

describe("a tool's result", () => {
  const call: Part = { type: "tool_call", id: "c", name: "look", arguments: "{}" };
  const made = { type: "tool_result", call: "c", content: "no result", made: true } as const;
  const late = messageOf("t", "tool", {
    parts: [{ type: "tool_result", call: "c", content: "blue" }],
  });

  it("that comes late stands at its call, once, and the one of the server is gone", () => {
    const fake = show({ messages: [question, answer({ parts: [call, made] })] });
    expect(texts("result")).toEqual(["Result no resultno result"]);

    act(() => fake.open.show({ ...fake.open.view, messages: [...fake.open.view.messages, late] }));

    expect(texts("result")).toEqual(["Result blueblue"]);
    const [, whole, tool] = screen.getAllByTestId("message");
    expect(whole?.textContent).toContain("blue");
    expect(tool?.textContent).not.toContain("blue");
    expect(texts("moved")).toEqual(["The result is shown at its call."]);
  });
});

describe("what the model was given differently", () => {
  const joined: Repair = { kind: "joined", count: 2, ids: ["u", "v"] };
  const dropped: Repair = { kind: "dropped", count: 1, ids: ["u"] };
  const path = [question, messageOf("v", "user"), answer()];

  it("is one line at the answer, which opens to a sentence for each kind", () => {
    show({ messages: path, runs: runsOf(runOf("r", "v", { repairs: [joined, dropped] })) });
    const note = screen.getByTestId("repairs");
    expect(note.querySelector("summary")?.textContent).toBe(
      "The model was given 3 things differently",
    );
    expect(note.hasAttribute("open")).toBe(false);
    expect([...note.querySelectorAll("li")].map((it) => it.textContent)).toEqual([
      "A message was joined to the one before it, which has the same role. u v ",
      "The oldest messages were left out, because the conversation was too long. u ",
    ]);
    expect(note.closest("[data-message]")?.getAttribute("data-message")).toBe("a");
  });

  it("has a line in the conversation behind the last message that was left out", () => {
    const fake = show({ messages: path, runs: runsOf(runOf("r", "v", { repairs: [dropped] })) });
    const line = screen.getByTestId("dropped");
    expect(line.textContent).toBe("The model was not given what is above this line.");
    expect(line.previousElementSibling?.getAttribute("data-message")).toBe("u");

    act(() => fake.open.show({ ...fake.open.view, runs: runsOf(runOf("r", "v")) }));

    expect(screen.queryByTestId("dropped")).toBeNull();
    expect(screen.queryByTestId("repairs")).toBeNull();
  });
});

describe("a question whose answer was stopped before its first word", () => {
  it("shows the sentence that models get, and can be asked again", () => {
    const runs = runsOf(runOf("r", "u", { status: "stopped" }));
    show({ messages: [question], runs });
    expect(texts("missing")).toEqual([STOPPED_SENTENCE]);
    expect(screen.getByTestId("retry")).not.toBeNull();
  });
});

describe("files and thoughts of an answer", () => {
  const png = "data:image/png;base64,iVBORw0KGgo=";
  const shown = (...parts: readonly Part[]) => show({ messages: [question, answer({ parts })] });

  it("shows an image that came with the answer", () => {
    shown({ type: "file", uri: png, media_type: "image/png" });
    const image = screen.getByTestId("image");
    expect(image.getAttribute("src")).toBe(png);
    expect(image.getAttribute("alt")).toBe("a file");
  });

  it("plays a sound that came with the answer", () => {
    shown({ type: "file", uri: "data:audio/wav;base64,UklGRg==", media_type: "audio/wav" });
    expect(screen.getByTestId("sound").tagName).toBe("AUDIO");
  });

  it("does not load what is elsewhere, and does not show the bytes of what it can't", () => {
    shown(
      { type: "file", uri: "https://a.example/tracker.png", media_type: "image/png" },
      { type: "file", uri: "data:image/svg+xml;base64,PHN2Zz4=", media_type: "image/svg+xml" },
      { type: "file", uri: "data:audio/pcm;base64,AAEC", media_type: "audio/pcm" },
    );
    const [, whole] = screen.getAllByTestId("message");
    expect(whole?.querySelectorAll("img, audio")).toHaveLength(0);
    expect(whole?.textContent).toContain("https://a.example/tracker.png");
    expect(whole?.textContent).not.toContain("base64");
  });

  it("says that a provider does not show a thought", () => {
    shown({ type: "reasoning", text: "" }, text("So."));
    const [, whole] = screen.getAllByTestId("message");
    expect(whole?.querySelector(".reasoning summary")?.textContent).toBe(
      "Thought that its provider does not show",
    );
  });
});
