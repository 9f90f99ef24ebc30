// SPDX-License-Identifier: Apache-2.0
// replica.test.ts: what is known of a thread, and what leads from one phase to another.

import { describe, expect, test } from "vitest";

import {
  afterGap,
  emptyReplica,
  onward,
  type Phase,
  type Replica,
  whenAbsent,
  whenGone,
  withDiff,
  withEntry,
  withStored,
} from "../../src/replica.js";
import type { DiffFrame, Message, Thread } from "../../src/wire.js";

const thread: Thread = {
  ...{ id: "t", title: "", archived: false, metadata: {}, head: "m" },
  ...{ created: 1, updated: 5, running: false },
};
const message: Message = {
  ...{ id: "m", parent: null, role: "user", parts: [{ type: "text", text: "m" }] },
  ...{ status: "complete", created: 5, updated: 5 },
};
const diff = (fields: Partial<DiffFrame> = {}): DiffFrame => ({
  ...{ frame: "diff", cursor: "9@e", from: 0, messages: [], removed: [], runs: [], outcomes: [] },
  ...fields,
});

/** In a phase, with a message at 5. */
const held = (phase: Phase): Replica => {
  const stored = { id: "t", cursor: "5@e", thread, messages: [message], runs: [] };
  return { ...withStored(emptyReplica("t"), stored), phase };
};

describe("a diff", () => {
  test.each([
    ["asking", false, "known"],
    ["known", false, "known"],
    // It was asked for before all was asked for: that is still to come.
    ["stale", false, "stale"],
    ["stale", true, "known"],
  ] as const)("of what is %s (asked anew: %s) makes it %s", (phase, anew, then) => {
    const from = anew ? 0 : 5;
    expect(withDiff(held(phase), [diff({ from })], anew)?.held.phase).toBe(then);
  });

  test("that was asked for anew replaces what is held, and what it lacks is lost", () => {
    const next = withDiff(held("stale"), [diff()], true)?.held;
    expect(next?.state.messages.size).toBe(0);
    expect(next?.lost).toEqual([message]);
  });

  test("that was asked for onward replaces nothing", () => {
    const before = held("stale");
    const next = withDiff(before, [diff({ from: 5 })], false)?.held;
    expect([...(next?.state.messages.keys() ?? [])]).toEqual(["m"]);
    expect(next?.lost).toBe(before.lost);
  });

  test("that does not follow from what is held makes nothing", () => {
    expect(withDiff(held("known"), [diff({ from: 7 })], false)).toBeNull();
  });
});

test("an entry that does not follow from what is held makes nothing, a known one the same", () => {
  const before = held("known");
  expect(withEntry(before, { frame: "entry", ts: 9, prev: 7, events: [] })).toBeNull();
  expect(withEntry(before, { frame: "entry", ts: 5, prev: 4, events: [] })).toBe(before);
});

test("after a gap it is asked from the cursor held, after a second one anew", () => {
  const once = afterGap(held("known"));
  expect(once.phase).toBe("known");
  expect(afterGap(once).phase).toBe("stale");
  expect(withDiff(once, [diff({ from: 5 })], false)?.held.gaps).toBe(0);
});

test("a thread that is not there loses what is held of it only where that is stale", () => {
  expect(whenAbsent(held("known"))).toMatchObject({ phase: "absent", lost: [] });
  expect(whenAbsent(held("known")).state.messages.size).toBe(1);
  const absent = whenAbsent(held("stale"));
  expect(absent).toMatchObject({ phase: "absent", lost: [message] });
  expect(absent.state.messages.size).toBe(0);
});

test("a thread that is gone stays so, whatever comes", () => {
  const gone = whenGone(held("known"));
  expect(gone).toMatchObject({ phase: "gone", error: { code: "deleted" } });
  expect(onward(gone, "absent", "known")).toBe(gone);
  expect(onward(gone, "loading", "asking")).toBe(gone);
});
