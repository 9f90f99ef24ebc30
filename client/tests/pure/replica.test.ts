// SPDX-License-Identifier: Apache-2.0
// replica.test.ts: the copy of a thread, and the transitions between its phases.

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
import type { LastDiffFrame, Message, Thread } from "../../src/wire.js";

const thread: Thread = {
  ...{ id: "t", title: "", archived: false, metadata: {}, head: "m" },
  ...{ created: 1, updated: 5, running: false },
};
const message: Message = {
  ...{ id: "m", parent: null, role: "user", parts: [{ type: "text", text: "m" }] },
  ...{ status: "complete", created: 5, updated: 5 },
};
const diff = (fields: Partial<LastDiffFrame> = {}): LastDiffFrame => ({
  ...{ frame: "diff", cursor: "9@e", from: 0, messages: [], removed: [], runs: [], outcomes: [] },
  ...fields,
});

/** A replica in this phase, with a message at 5. */
const held = (phase: Phase): Replica => {
  const stored = { id: "t", cursor: "5@e", thread, messages: [message], runs: [] };
  return { ...withStored(emptyReplica("t"), stored), phase };
};

describe("a diff", () => {
  test.each([
    ["asking", false, "known"],
    ["known", false, "known"],
    // Its request was sent before the request for the whole thread, whose answer is still to come.
    ["stale", false, "stale"],
    ["stale", true, "known"],
  ] as const)("of what is %s (asked anew: %s) makes it %s", (phase, anew, then) => {
    const from = anew ? 0 : 5;
    expect(withDiff(held(phase), [diff({ from })], anew)?.held.phase).toBe(then);
  });

  test("of the whole thread replaces the copy, and messages that it lacks are lost", () => {
    const next = withDiff(held("stale"), [diff()], true)?.held;
    expect(next?.state.messages.size).toBe(0);
    expect(next?.lost).toEqual([message]);
  });

  test("that was requested from the cursor on replaces nothing", () => {
    const before = held("stale");
    const next = withDiff(before, [diff({ from: 5 })], false)?.held;
    expect([...(next?.state.messages.keys() ?? [])]).toEqual(["m"]);
    expect(next?.lost).toBe(before.lost);
  });

  test("that does not follow the copy makes no new copy", () => {
    expect(withDiff(held("known"), [diff({ from: 7 })], false)).toBeNull();
  });
});

test("an entry that does not follow the copy makes no new copy, a known one the same copy", () => {
  const before = held("known");
  expect(withEntry(before, { frame: "entry", ts: 9, prev: 7, events: [] })).toBeNull();
  expect(withEntry(before, { frame: "entry", ts: 5, prev: 4, events: [] })).toBe(before);
});

test("after a gap it asks from the cursor held, after a second one for the whole thread", () => {
  const once = afterGap(held("known"));
  expect(once.phase).toBe("known");
  expect(afterGap(once).phase).toBe("stale");
  expect(withDiff(once, [diff({ from: 5 })], false)?.held.gaps).toBe(0);
});

test("a missing thread loses its copy only if the copy is stale", () => {
  expect(whenAbsent(held("known"))).toMatchObject({ phase: "absent", lost: [] });
  expect(whenAbsent(held("known")).state.messages.size).toBe(1);
  const absent = whenAbsent(held("stale"));
  expect(absent).toMatchObject({ phase: "absent", lost: [message] });
  expect(absent.state.messages.size).toBe(0);
});

test("a deleted thread stays deleted after any frame", () => {
  const gone = whenGone(held("known"));
  expect(gone).toMatchObject({ phase: "gone", error: { code: "deleted" } });
  expect(onward(gone, "absent", "known")).toBe(gone);
  expect(onward(gone, "loading", "asking")).toBe(gone);
});
