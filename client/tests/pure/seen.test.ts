// SPDX-License-Identifier: Apache-2.0
// seen.test.ts: a stop leaves exactly the text that was seen.

import { expect, test } from "vitest";

import { frozenOf } from "../../src/seen.js";
import type { ThreadState } from "../../src/state.js";
import type { Message, Part } from "../../src/wire.js";

const text = (it: string): Part => ({ type: "text", text: it });
const call = (id: string, it: string): Part => ({
  type: "tool_call",
  id,
  name: "look",
  arguments: it,
});

const messageOf = (id: string, run: string | undefined, ...parts: readonly Part[]): Message => ({
  id,
  parent: null,
  role: "assistant",
  ...(run === undefined ? {} : { run }),
  parts,
  status: "open",
  created: 1,
  updated: 1,
});

const stateOf = (...messages: readonly Message[]): ThreadState => ({
  id: "t",
  ts: 9,
  epoch: "e",
  thread: null,
  messages: new Map(messages.map((message) => [message.id, message])),
  runs: new Map(),
});

const shown = (message: string, part: number, length: number) => ({ message, part, length });

test("only shorter lengths than the copy's are sent, and never half a code point", () => {
  const state = stateOf(messageOf("a", "r", text("a😀b"), { type: "file", uri: "u" }));
  const said = (...lengths: Parameters<typeof frozenOf>[2] & {}) =>
    frozenOf(state, "r", lengths).shown;
  expect(said(shown("a", 0, 4))).toEqual([]);
  expect(said(shown("a", 0, 99))).toEqual([]);
  expect(said(shown("a", 0, 2))).toEqual([shown("a", 0, 1)]);
  expect(said(shown("a", 0, 3.7))).toEqual([shown("a", 0, 3)]);
  expect(said(shown("a", 0, -1))).toEqual([shown("a", 0, 0)]);
  expect(said(shown("a", 0, NaN))).toEqual([shown("a", 0, 0)]);
  expect(said(shown("a", 0, 3), shown("a", 0, 1))).toEqual([shown("a", 0, 1)]);
  expect(said(shown("a", 1, 0), shown("a", 2, 0), shown("b", 0, 0))).toEqual([]);
});

test("a stop keeps the shown text of the run's messages, and sends its lengths", () => {
  const other = messageOf("b", "other", text("whole"));
  const state = stateOf(messageOf("a", "r", text("hello"), text("world")), other);
  const frozen = frozenOf(state, "r", [shown("a", 1, 2), shown("b", 0, 1)]);
  expect(frozen.shown).toEqual([shown("a", 1, 2)]);
  expect(frozen.messages).toEqual([
    { ...messageOf("a", "r", text("hello"), text("wo")), status: "stopped" },
  ]);
});

test("a half-written call goes with all behind it, and a whole one stays", () => {
  const whole = call("c1", '{"x":1}');
  for (const half of ['{"x":', "", "[1]", "1", "null"]) {
    const state = stateOf(messageOf("a", "r", whole, text("so"), call("c2", half), text("on")));
    const [message] = frozenOf(state, "r").messages;
    expect(message?.parts).toEqual([whole, text("so")]);
  }
  const cut = frozenOf(stateOf(messageOf("a", "r", whole)), "r", [shown("a", 0, 4)]);
  expect(cut.messages[0]?.parts).toEqual([]);
});

test("a message that was complete and wholly seen stays as it is", () => {
  const complete = { ...messageOf("a", "r", text("done")), status: "complete" } as const;
  expect(frozenOf(stateOf(complete), "r").messages[0]).toBe(complete);
});
