// SPDX-License-Identifier: Apache-2.0
// changes.test.ts: how many unanswered changes one request carries.

import { expect, test } from "vitest";

import { createChanges } from "../../src/changes.js";
import { emptyState } from "../../src/state.js";
import type { PendingChange } from "../../src/types.js";

const put = (op: number): PendingChange => ({
  thread: "t",
  op,
  seen: null,
  change: { type: "put_message", message: { id: `m${op}`, text: "x" } },
});

test("a request that was spoilt makes the next ones small, and one that was answered whole again", () => {
  const changes = createChanges("t");
  changes.merge(Array.from({ length: 100 }, (_, at) => put(at + 1)));
  const sent = () => changes.batch(emptyState("t"))[0].map(({ op }) => op);

  const first = sent();
  changes.blame(first, undefined);
  const half = sent();
  changes.answered(half, [], true);

  expect([first.length, half.length, sent().length]).toEqual([64, 32, 64]);
});
