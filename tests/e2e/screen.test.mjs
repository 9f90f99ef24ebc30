// SPDX-License-Identifier: Apache-2.0
// screen.test.mjs: tests of the test's own front, because the other tests rely on it to see a gap.

import assert from "node:assert/strict";
import { test } from "node:test";

import { EventBlocks } from "./lib/frames.mjs";
import { Following, Front } from "./lib/front.mjs";
import { Broken, Screen, shownText } from "./lib/screen.mjs";
import { chance, pieces, roundDown, text } from "./lib/texts.mjs";

const entry = (ts, prev, ...events) => ({ frame: "entry", ts, prev, events });
const opened = { type: "message_created", message: { id: "m", parent: null, role: "assistant", run: "r" } };
const appended = (at, more) => ({ type: "content_appended", message: "m", part: 0, at, text: more });

function given(...entries) {
  const screen = new Screen();
  for (const it of entries) screen.applyEntry(it);
  return screen;
}

test("entries fold to the text that was streamed", () => {
  const screen = given(entry(1, 0, opened), entry(2, 1, appended(0, "你😀"), appended(3, "!")));
  assert.equal(shownText(screen.messages.get("m")), "你😀!");
});

test("an entry that does not follow the copy is a gap", () => {
  const screen = given(entry(1, 0, opened));
  assert.throws(() => screen.applyEntry(entry(3, 2, appended(0, "a"))), Broken);
});

test("content that does not continue its part is found", () => {
  const screen = given(entry(1, 0, opened), entry(2, 1, appended(0, "😀")));
  assert.throws(() => screen.applyEntry(entry(3, 2, appended(1, "a"))), Broken);
});

test("a cut shortens parts and takes away those behind", () => {
  const cut = { type: "message_cut", message: "m", keep: [2], status: "stopped" };
  const second = { type: "part_started", message: "m", part: 1, value: { type: "reasoning", text: "x" } };
  const screen = given(entry(1, 0, opened), entry(2, 1, appended(0, "abc"), second), entry(3, 2, cut));
  assert.deepEqual(screen.messages.get("m").parts, [{ type: "text", text: "ab" }]);
});

test("a growth applied twice is applied once", () => {
  const screen = given(entry(1, 0, opened), entry(2, 1, appended(0, "abc")));
  const growth = { id: "m", status: "stopped", updated: 3, parts: 1, grow: [{ part: 0, at: 2, text: "X" }] };
  const diff = { frame: "diff", cursor: "3@e", from: 2, messages: [growth], removed: [], runs: [], outcomes: [] };
  screen.applyDiff([diff]);
  screen.applyDiff([diff]);
  assert.equal(shownText(screen.messages.get("m")), "abX");
});

test("a diff from later than the copy is refused", () => {
  const diff = { frame: "diff", cursor: "9@e", from: 5, messages: [], removed: [], runs: [], outcomes: [] };
  assert.throws(() => given(entry(1, 0, opened)).applyDiff([diff]), Broken);
});

test("a front fails when its stream repeats an entry", () => {
  const front = new Front({ url: "" }, "t");
  const following = new Following(front);
  const diff = { frame: "diff", cursor: "0@e", from: 0, messages: [], removed: [], runs: [], outcomes: [] };
  following.take(diff);
  following.take(entry(1, 0, opened));
  front.assertWell();
  following.take(entry(1, 0, opened));
  following.ended.catch(() => {});
  assert.throws(() => front.assertWell(), Broken);
});

test("an event stream is the same in any chunks", () => {
  const raw = 'id: 1@e\ndata: {"frame":"entry"}\n\n: keep-alive\n\nid: 2@e\ndata: {"frame":"live"}\n\n';
  for (let size = 1; size < raw.length; size += 1) {
    const blocks = [];
    const parser = new EventBlocks((block) => blocks.push(block));
    for (let at = 0; at < raw.length; at += size) parser.push(raw.slice(at, at + size));
    assert.deepEqual(blocks.map((block) => block.id), ["1@e", "2@e"]);
    assert.equal(parser.comments, 1);
  }
});

test("made texts never cut a code point where a chunk ends", () => {
  const random = chance(7);
  for (let round = 0; round < 200; round += 1) {
    const size = 1 + random.below(7);
    const made = text(random, 200, size + 1);
    for (let at = size + 1; at < made.length; at += size + 1) {
      assert.ok(made.slice(0, at).isWellFormed(), `cut at ${at} of ${JSON.stringify(made)}`);
    }
    assert.equal(pieces(made, size).join(""), made);
    assert.ok(roundDown(made, random.below(made.length)).isWellFormed());
  }
});
