// SPDX-License-Identifier: Apache-2.0
// @vitest-environment node
// drawn.test.ts: which messages and parts are drawn together.

import type { MessageView, Part } from "lockstep-client";
import { describe, expect, it } from "vitest";

import { drawnOf, textOfPieces } from "../src/chat/drawn.js";
import { messageOf, onward, runOf, runsOf, text, viewOf } from "./views.js";

const draw = (messages: readonly MessageView[]) => drawnOf(viewOf(messages), []);

/** Each piece as `before|text` or by its type, with its result. */
const said = (messages: readonly MessageView[]): readonly (readonly string[])[] =>
  draw(messages).map(({ pieces }) =>
    pieces.map(({ part, before, result }) => {
      const own = part.type === "text" ? part.text : part.type;
      const all = before === "" ? own : `${before}|${own}`;
      return result === null ? all : `${all} <- ${result.part.content}`;
    }),
  );

const thought: Part = { type: "reasoning", text: "hm" };
const call: Part = { type: "tool_call", id: "c", name: "look", arguments: "{}" };
const result = (content: string, more: object = {}): Part => ({
  type: "tool_result",
  call: "c",
  content,
  ...more,
});

describe("an answer that goes on", () => {
  it("is one answer, and its text one text, without a gap where it was cut", () => {
    const cut = messageOf("a", "assistant", { parts: [text("The sky is bl")], status: "stopped" });
    const more = onward("b", "a", { parts: [text("ue, ")] });
    const last = onward("c", "b", { parts: [text("mostly.")] });

    const [answer] = draw([cut, more, last]);

    expect(said([cut, more, last])).toEqual([["The sky is blue, |mostly."]]);
    expect(answer?.messages.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(textOfPieces(answer?.pieces ?? [])).toBe("The sky is blue, mostly.");
  });

  it("keeps the thoughts of each message in their places", () => {
    const cut = messageOf("a", "assistant", { parts: [thought, text("one")] });
    const more = onward("b", "a", { parts: [thought, text(" two"), call] });
    expect(said([cut, more])).toEqual([["reasoning", "reasoning", "one| two", "tool_call"]]);
  });

  it("joins no text to a part that is none, and nothing to a message without a word", () => {
    const called = messageOf("a", "assistant", { parts: [text("one"), call] });
    expect(said([called, onward("b", "a")])).toEqual([["one", "tool_call", "b"]]);
    const cut = messageOf("a", "assistant");
    expect(said([cut, onward("b", "a", { parts: [] })])).toEqual([["a"]]);
    expect(said([cut, onward("b", "a", { parts: [thought] })])).toEqual([["a", "reasoning"]]);
  });

  it("is no part of another branch's answer", () => {
    const aside = messageOf("x", "user", { parent: "a" });
    expect(said([messageOf("a", "assistant"), aside, onward("b", "a")])).toHaveLength(3);
  });
});

describe("a result", () => {
  const answer = messageOf("a", "assistant", {
    run: "r",
    parts: [call, result("stopped by the user", { made: true }), text("well")],
  });
  const tool = messageOf("t", "tool", { parts: [result("blue")] });

  it("stands at its call, once, wherever on the path it is", () => {
    const asked = messageOf("a", "assistant", { parts: [call, text("well")] });
    expect(said([asked, tool])).toEqual([["tool_call <- blue", "well"], []]);
    expect(draw([asked, tool]).map(({ moved }) => moved)).toEqual([0, 1]);
  });

  it("of the server gives way to the real one, which comes later", () => {
    expect(said([answer])).toEqual([["tool_call <- stopped by the user", "well"]]);
    expect(said([answer, tool])).toEqual([["tool_call <- blue", "well"], []]);
    expect(draw([answer, tool]).map(({ moved }) => moved)).toEqual([0, 1]);
  });

  it("of equal ids goes to the calls in order", () => {
    const twice = messageOf("a", "assistant", { parts: [call, call] });
    const both = messageOf("t", "tool", { parts: [result("one"), result("two")] });
    expect(said([twice, both])).toEqual([["tool_call <- one", "tool_call <- two"], []]);
  });

  it("without a call stays in its own place", () => {
    expect(said([tool, answer])).toEqual([
      ["tool_result"],
      ["tool_call <- stopped by the user", "well"],
    ]);
    expect(draw([tool])[0]?.moved).toBe(0);
  });
});

describe("an answer that did not change", () => {
  const repairs = [{ kind: "joined", count: 1, ids: ["u"] }];
  const path = [
    messageOf("u", "user"),
    messageOf("a", "assistant", { run: "r", parts: [call] }),
    messageOf("b", "assistant", { run: "r" }),
  ];
  const view = viewOf(path, { runs: runsOf(runOf("r", "u", { repairs })) });

  it("is the same object as before", () => {
    const first = drawnOf(view, []);
    const late = messageOf("t", "tool", { parts: [result("blue")] });
    const second = drawnOf({ ...view, messages: [...path, late] }, first);
    expect(second.map((it, at) => it === first[at])).toEqual([true, false, true, false]);
    expect(drawnOf({ ...view, messages: [...path, late] }, second)).toEqual(second);
    expect(drawnOf({ ...view, runs: new Map() }, first)[1]).not.toBe(first[1]);
  });

  it("has the repairs of a run at the first message of that run", () => {
    expect(drawnOf(view, []).map(({ repaired }) => repaired.length)).toEqual([0, 1, 0]);
  });
});
