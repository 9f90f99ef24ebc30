// SPDX-License-Identifier: Apache-2.0
// answers.test.ts: messages that are one answer.

import { expect, test } from "vitest";

import { answersOf } from "../../src/answers.js";
import type { Message } from "../../src/wire.js";

const message = (id: string, parent: string | null, continues?: string): Message => {
  const times = { created: 1, updated: 1 };
  return { id, parent, role: "assistant", parts: [], status: "complete", ...times, continues };
};

const ids = (path: readonly Message[]) => answersOf(path).map((it) => it.map(({ id }) => id));

test("a chain of continuations is one answer", () => {
  const path = [message("a", null), message("b", "a", "a"), message("c", "b", "b")];
  expect(ids([...path, message("d", "c")])).toEqual([["a", "b", "c"], ["d"]]);
});

test("a message that continues another one than the message before it stands alone", () => {
  expect(ids([message("b", "a", "a")])).toEqual([["b"]]);
  expect(ids([message("a", null), message("x", "a"), message("b", "x", "a")])).toHaveLength(3);
});
