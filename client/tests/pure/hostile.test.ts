// SPDX-License-Identifier: Apache-2.0
// hostile.test.ts: frames of a faulty server: unknown types are ignored, the impossible is a gap.

import { expect, test } from "vitest";

import { apply } from "../../src/diff.js";
import { fold, Gap } from "../../src/fold.js";
import { emptyState, type ThreadState } from "../../src/state.js";
import type { DiffFrame, Event, Growth, Message, Part } from "../../src/wire.js";

const message: Message = {
  id: "a1",
  parent: null,
  role: "assistant",
  parts: [{ type: "text", text: "a😀" }],
  status: "open",
  created: 1,
  updated: 1,
};
const held = fold(emptyState("t"), {
  frame: "entry",
  ts: 1,
  prev: 0,
  events: [{ type: "message_put", message }],
});

const after = (...events: readonly unknown[]): ThreadState =>
  fold(held, { frame: "entry", ts: 2, prev: 1, events: events as readonly Event[] });

const append = (fields: object) => ({
  type: "content_appended",
  message: "a1",
  part: 0,
  at: 3,
  text: "!",
  ...fields,
});

test("events of unknown types, and those named like a property of every object, are skipped", () => {
  for (const type of ["starred", "constructor", "toString", "__proto__", ""]) {
    const next = after({ type, message: "a1" });
    expect(next).toEqual({ ...held, ts: 2 });
    expect(next.messages).toBe(held.messages);
  }
});

test("a part of an unknown type is kept, and appends to it are skipped", () => {
  const value = { type: "hologram", text: "x" } as unknown as Part;
  const started = { type: "part_started", message: "a1", part: 1, value };
  const next = after(started, append({ part: 1, at: 1 }));
  expect(next.messages.get("a1")?.parts).toEqual([...message.parts, value]);
});

test("an append behind the last part makes a text part", () => {
  const next = after(append({ part: 1, at: 0, text: "x" }));
  expect(next.messages.get("a1")?.parts[1]).toEqual({ type: "text", text: "x" });
});

test("an append before the end replaces the text behind it", () => {
  const next = after(append({ at: 1, text: "b" }));
  expect(next.messages.get("a1")?.parts).toEqual([{ type: "text", text: "ab" }]);
});

test("a cut inside a code point leaves it out", () => {
  const next = after({ type: "message_cut", message: "a1", keep: [2], status: "stopped" });
  expect(next.messages.get("a1")?.parts).toEqual([{ type: "text", text: "a" }]);
});

test.each([
  ["a message that is not there", append({ message: "b" })],
  ["a part beyond the next", append({ part: 2, at: 0 })],
  ["a part before the first", append({ part: -1, at: 0 })],
  ["part one and a half", append({ part: 0.5, at: 0 })],
  ["a place beyond the end", append({ at: 4 })],
  ["a place before the beginning", append({ at: -1 })],
  ["a place inside a code point", append({ at: 2 })],
  ["a place that is no number", append({ at: undefined })],
  ["no text", append({ text: undefined })],
  ["a part that is not the next", { type: "part_started", message: "a1", part: 0, value: {} }],
  ["a cut of parts that are not there", { ...append({}), type: "message_cut", keep: [1, 0] }],
  ["a message made twice", { type: "message_created", message: { ...message, parts: undefined } }],
  ["a head that is not there", { type: "head_moved", head: "b" }],
  ["a run that was never queued", { type: "run_started", run: "r", attempt: 1, head: "a1" }],
  [
    "a message below what is not there",
    { type: "message_put", message: { ...message, id: "b", parent: "c" } },
  ],
  [
    "a message below itself",
    { type: "message_put", message: { ...message, id: "b", parent: "b" } },
  ],
  ["a message that moves", { type: "message_put", message: { ...message, parent: "a1" } }],
  ["a note of no message", { type: "call_noted", message: "b", part: 0, status: "approved" }],
  ["an attempt of no run", { type: "attempt_started", run: "r", attempt: 2, agent: "a" }],
  ["a waiting of no run", { type: "resume_noted", run: "r", resume: { status: "waiting" } }],
  ["notes that are no list", { type: "message_put", message: { ...message, calls: {} } }],
  ["a repair of no run", { type: "repairs_noted", run: "r", repairs: [] }],
  ["an end of no run", { type: "run_ended", run: "r", status: "completed" }],
])("%s is a gap", (_, event) => {
  expect(() => after(event)).toThrow(Gap);
  expect(held.messages.get("a1")).toBe(message);
});

test("text can't be appended to a part that does not grow", () => {
  const value: Part = { type: "data", name: "d", value: 1 };
  const started = { type: "part_started", message: "a1", part: 1, value };
  expect(() => after(started, append({ part: 1, at: 0 }))).toThrow(Gap);
});

const growth: Growth = { id: "a1", status: "open", updated: 2, parts: 1, grow: [] };
const diff = (fields: object, grown: object = {}): DiffFrame => ({
  frame: "diff",
  cursor: "2@e",
  from: 1,
  messages: [{ ...growth, ...grown }],
  removed: [],
  runs: [],
  outcomes: [],
  ...fields,
});

test.each([
  ["a diff that begins later than what is held", diff({ from: 2 })],
  ["a cursor that is none", diff({ cursor: "2" })],
  ["a cursor without a number", diff({ cursor: "x@e" })],
  ["a growth of what is not there", diff({}, { id: "b" })],
  ["a growth that leaves a hole", diff({}, { parts: 3, grow: [{ part: 2, value: {} }] })],
  ["a growth before the first part", diff({}, { grow: [{ part: -1, value: {} }] })],
  ["a growth that leaves parts out", diff({}, { parts: 2 })],
  ["a growth behind the end", diff({}, { grow: [{ part: 0, at: 9, text: "" }] })],
  ["a growth inside a code point", diff({}, { grow: [{ part: 0, at: 2, text: "" }] })],
  ["text for a part that is new", diff({}, { parts: 2, grow: [{ part: 1, at: 0, text: "x" }] })],
])("%s is a gap", (_, frame) => {
  expect(() => apply(held, [frame])).toThrow(Gap);
});

test("a diff may remove a row that is gone already", () => {
  const next = apply(held, [diff({ messages: [], removed: ["b"] })]);
  expect(next).toEqual({ ...held, ts: 2, epoch: "e" });
  expect(next.messages).toBe(held.messages);
});

test("no frames are no diff", () => expect(apply(held, [])).toBe(held));

test("a diff of a store that was restored names its epoch, though nothing else is new", () => {
  const [known, other] = ["1@e", "1@f"].map((cursor) => diff({ cursor, messages: [] }));
  const next = apply(held, [known!]);
  expect(next).toEqual({ ...held, epoch: "e" });
  expect(apply(next, [known!])).toBe(next);
  expect(apply(next, [other!]).epoch).toBe("f");
});
