// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
// seen.test.tsx: the text that counts as seen, frame by frame.

import { act, cleanup, render } from "@testing-library/react";
import type { JSX } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { LockstepProvider, reveal, useSeen, useSmooth, useThread } from "../../react/index.js";
import type { Painted } from "../../react/index.js";
import type { MessageView } from "../../src/types.js";
import { FakeClient, messageOf, viewOf } from "./fake.js";

// The test begins each frame.
let frames = new Map<number, FrameRequestCallback>();
let next = 1;
let now = 0;

function frame(milliseconds = 16): void {
  now += milliseconds;
  const due = [...frames.values()];
  frames = new Map();
  act(() => due.forEach((callback) => callback(now)));
}

beforeEach(() => {
  frames = new Map();
  now = 0;
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => {
    frames.set(next, callback);
    return next++;
  });
  vi.stubGlobal("cancelAnimationFrame", (id: number) => frames.delete(id));
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

let painter: Painted | null = null;

function Text({
  message,
  painted,
  frozen,
}: {
  message: MessageView;
  painted: Painted;
  frozen: boolean;
}): JSX.Element {
  const part = message.parts[0];
  const text = part?.type === "text" ? part.text : "";
  const open = message.status === "open";
  return (
    <p>{useSmooth(text, { message: message.id, part: 0, open, frozen, painted, spread: 100 })}</p>
  );
}

function Screen(): JSX.Element {
  const { live, view } = useThread("tea");
  const painted = useSeen(live, view);
  painter = painted;
  return (
    <>
      {view.messages.map((message) => (
        <Text key={message.id} message={message} painted={painted} frozen={view.stopping} />
      ))}
    </>
  );
}

function start(): { readonly client: FakeClient; readonly shown: () => string } {
  const client = new FakeClient();
  const { container } = render(
    <LockstepProvider client={client}>
      <Screen />
    </LockstepProvider>,
  );
  return { client, shown: () => container.textContent ?? "" };
}

const marks = (client: FakeClient): unknown[] =>
  client.fake("tea").calls.flatMap(([verb, ...rest]) => (verb === "markSeen" ? [rest] : []));

describe("useSeen", () => {
  it("does not report a view before the frame that paints it is over", () => {
    const { client } = start();
    expect(marks(client)).toEqual([]);
    frame();
    expect(marks(client)).toEqual([]);
    frame();
    expect(marks(client)).toEqual([["1@e", []]]);
  });

  it("does not take text for painted that came during the frame", () => {
    const { client } = start();
    frame();
    act(() => client.fake("tea").set(viewOf([], { cursor: "2@e" })));
    frame();
    expect(marks(client)).toEqual([["1@e", []]]);
    frame();
    frame();
    expect(marks(client)).toEqual([
      ["1@e", []],
      ["2@e", []],
    ]);
  });

  it("reports nothing while the page is hidden", () => {
    const { client } = start();
    const hidden = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    frame();
    frame();
    expect(marks(client)).toEqual([]);
    hidden.mockRestore();
    act(() => client.fake("tea").set(viewOf([], { cursor: "3@e" })));
    frame();
    frame();
    expect(marks(client)).toEqual([["3@e", []]]);
  });

  it("reports nothing if no text is received", () => {
    const { client } = start();
    act(() => client.fake("tea").set(viewOf([], { cursor: null })));
    frame();
    frame();
    expect(marks(client)).toEqual([]);
  });
});

describe("useSmooth", () => {
  const open = (text: string): MessageView => messageOf("a", text, { status: "open" });

  it("reveals a burst evenly, and reports how much of it is on the screen", () => {
    const { client, shown } = start();
    act(() => client.fake("tea").set(viewOf([open("x".repeat(100))], { cursor: "2@e" })));
    expect(shown().length).toBe(0);

    const lengths: number[] = [];
    let partly = 0;
    for (let count = 0; count < 40; count += 1) {
      const stood = shown().length;
      const known = marks(client).length;
      frame();
      lengths.push(shown().length);
      for (const [, said] of marks(client).slice(known) as [string, { length: number }[]][]) {
        if (said[0] !== undefined) partly += 1;
        // The text that is marked now was in the document when the last frame began.
        expect(said[0]?.length ?? 100).toBeLessThanOrEqual(stood);
      }
    }

    expect(partly).toBeGreaterThan(3);
    expect(lengths.at(-1)).toBe(100);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
    expect(lengths.filter((length) => length > 0 && length < 100).length).toBeGreaterThan(3);
    expect(marks(client).at(-1)).toEqual(["2@e", []]);
  });

  it("stands still from the press of Stop, and shows the kept text", () => {
    const { client, shown } = start();
    act(() => client.fake("tea").set(viewOf([open("y".repeat(200))])));
    frame();
    frame();
    const length = shown().length;
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(200);

    painter?.flush();
    expect(marks(client).at(-1)).toEqual(["1@e", [{ message: "a", part: 0, length }]]);
    const kept = "y".repeat(length);
    act(() => client.fake("tea").set(viewOf([open(kept)], { stopping: true })));
    for (let count = 0; count < 20; count += 1) frame();
    expect(shown()).toBe(kept);

    act(() => client.fake("tea").set(viewOf([messageOf("a", kept, { status: "stopped" })])));
    for (let count = 0; count < 20; count += 1) frame();
    expect(shown()).toBe(kept);
  });

  it("shows a message at once that was whole when it first came", () => {
    const { client, shown } = start();
    act(() => client.fake("tea").set(viewOf([messageOf("a", "all of it")])));
    expect(shown()).toBe("all of it");
  });

  it("never ends inside a code point", () => {
    const text = "😀".repeat(30);
    for (let length = 0; length < text.length;) {
      length = reveal(text, length, 5, 300);
      expect(length % 2).toBe(0);
    }
  });
});
