// SPDX-License-Identifier: Apache-2.0
// laws.test.ts: laws of every history: entries and diffs lead to the same state.

import fc from "fast-check";
import { expect, test } from "vitest";

import type { Screen } from "../../../tests/e2e/lib/screen.mjs";
import { apply } from "../../src/diff.js";
import { fold, foldAll, Gap } from "../../src/fold.js";
import { treeOf } from "../../src/path.js";
import { emptyState, type ThreadState } from "../../src/state.js";
import type { DiffFrame } from "../../src/wire.js";
import { diffOf, framesOf } from "./support/differ.js";
import { historyOf, moves } from "./support/history.js";

const empty = emptyState("thread");

/** The states after 0, 1, 2, … of the entries. */
function statesOf(history: ReturnType<typeof historyOf>): readonly ThreadState[] {
  const states = [empty];
  for (const entry of history.entries) states.push(fold(states.at(-1)!, entry));
  return states;
}

function plain({ ts, thread, messages, runs }: Screen | ThreadState): unknown {
  const rows = { ts, thread: thread && { ...thread, id: "" } };
  return JSON.parse(
    JSON.stringify({ ...rows, messages: [...messages.values()], runs: [...runs.values()] }),
  );
}

const law = (check: (drawn: Parameters<typeof historyOf>[0], from: number, to: number) => void) =>
  fc.assert(fc.property(moves, fc.nat(60), fc.nat(60), check), { numRuns: 200 });

const between = (one: number, other: number, count: number) => {
  const ends = [one % (count + 1), other % (count + 1)].sort((a, b) => a - b);
  return ends as [number, number];
};

test("entries lead where another front's reading of the protocol leads", () => {
  law((drawn) => {
    const history = historyOf(drawn);
    for (const [index, state] of statesOf(history).entries()) {
      expect(plain(state)).toEqual(plain(history.screens[index]!));
    }
  });
});

test("many entries at once lead where they lead one by one", () => {
  law((drawn, one, other) => {
    const history = historyOf(drawn);
    const states = statesOf(history);
    const [from, to] = between(one, other, history.entries.length);
    expect(foldAll(states[from]!, history.entries.slice(0, to))).toEqual(states[to]);
  });
});

test("a diff leads to the same state, from its beginning and from anywhere before its end", () => {
  law((drawn, one, other) => {
    const history = historyOf(drawn);
    const states = statesOf(history);
    const [from, to] = between(one, other, history.entries.length);
    if (to === 0) return;
    const diff = diffOf(history, from, to);
    const after = { ...states[to]!, epoch: "law" };
    for (let held = from; held <= to; ++held) {
      const next = apply(states[held]!, framesOf(diff, 2));
      expect(plain(next)).toEqual(plain(after));
      expect(next.epoch).toBe("law");
      expect(apply(next, [diff])).toBe(next);
      expectShared(states[held]!, next);
    }
    // A diff that ends before the state changes nothing; one that begins after it is a gap.
    const later = states.at(-1)!;
    if (later.ts > after.ts) expect(apply(later, [diff])).toBe(later);
    if (from > 0 && to > from) expect(() => apply(states[from - 1]!, [diff])).toThrow(Gap);
  });
});

test("a reset of many frames, which is in the first of them, replaces the whole copy", () => {
  const gone = { id: "gone", parent: null, role: "user", parts: [] } as const;
  const message = { ...gone, status: "complete", created: 1, updated: 1 } as const;
  const held = { ...emptyState("thread"), ts: 9, epoch: "law" };
  const before = { ...held, messages: new Map([["gone", message]]) };
  const frame = { frame: "diff", cursor: "5@other", from: 0, removed: [], runs: [], outcomes: [] };
  const frames = [
    { ...frame, reset: { reason: "digest" }, more: true, messages: [{ ...message, id: "x" }] },
    { ...frame, messages: [{ ...message, id: "y", parent: "x" }] },
  ] as unknown as readonly DiffFrame[];
  const next = apply(before, frames);
  expect([...next.messages.keys()]).toEqual(["x", "y"]);
  expect(next).toMatchObject({ ts: 5, epoch: "other" });
});

test("a reset replaces the copy, and keeps the objects of equal messages", () => {
  law((drawn, one, other) => {
    const history = historyOf(drawn);
    const states = statesOf(history);
    const [from, to] = between(one, other, history.entries.length);
    if (to === 0) return;
    const diff = { ...diffOf(history, 0, to), removed: [], reset: { reason: "digest" } };
    const copied = JSON.parse(JSON.stringify(diff)) as typeof diff;
    const held = { ...states[from]!, ts: states[to]!.ts + 5 };
    const next = apply(held, framesOf(copied, 3));
    expect(plain(next)).toEqual(plain(states[to]!));
    expectShared(held, next);
  });
});

/** Equal values are the same object. */
function expectShared(former: ThreadState, next: ThreadState): void {
  for (const [id, message] of next.messages) {
    const held = former.messages.get(id);
    if (held && JSON.stringify(held) === JSON.stringify(message)) expect(message).toBe(held);
  }
}

test("rows that an entry does not name stay the same objects, and so do the lists of the tree", () => {
  law((drawn) => {
    const history = historyOf(drawn);
    let state = empty;
    for (const entry of history.entries) {
      const roots = treeOf(state).children(null);
      const next = fold(state, entry);
      const text = JSON.stringify(entry.events);
      for (const [id, message] of state.messages) {
        if (!text.includes(`"${id}"`)) expect(next.messages.get(id)).toBe(message);
      }
      for (const [id, run] of state.runs) {
        if (!text.includes(`"${id}"`)) expect(next.runs.get(id)).toBe(run);
      }
      if (entry.events.length === 0) {
        expect(next.messages).toBe(state.messages);
        expect(next.runs).toBe(state.runs);
        if (state.thread) expect(next.thread).toBe(state.thread);
      }
      const grows = entry.events.every((it) => it.type === "content_appended");
      if (grows) expect(treeOf(next).children(null)).toBe(roots);
      expectTree(next);
      state = next;
    }
  });
});

/** The index agrees with the messages, whether it was made or inherited. */
function expectTree(state: ThreadState): void {
  const tree = treeOf(state);
  for (const parent of [null, ...state.messages.keys()]) {
    const found = [...state.messages.values()].filter((message) => message.parent === parent);
    expect(tree.children(parent)).toEqual(found.map((message) => message.id));
  }
}

test("an entry that is missed is a gap, and one that is known is passed over", () => {
  law((drawn, one) => {
    const { entries } = historyOf(drawn);
    const index = one % entries.length;
    const states = statesOf(historyOf(drawn));
    expect(fold(states.at(-1)!, entries[index]!)).toBe(states.at(-1));
    if (index > 0) expect(() => fold(states[index - 1]!, entries[index]!)).toThrow(Gap);
  });
});
