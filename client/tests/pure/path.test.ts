// SPDX-License-Identifier: Apache-2.0
// path.test.ts: the branch that is shown, and its siblings.

import { expect, test } from "vitest";

import { liesBelow, pathLookedAt, pathTo, siblingsOf, tipOf, treeOf } from "../../src/path.js";
import type { Message } from "../../src/wire.js";

//  u1 ── a1 ── u2 ── a2
//     └─ a3 ── u3
//  v1
const parents: Readonly<Record<string, string | null>> = {
  u1: null,
  a1: "u1",
  u2: "a1",
  a3: "u1",
  a2: "u2",
  u3: "a3",
  v1: null,
};

const messageOf = (id: string, parent: string | null): Message => ({
  id,
  parent,
  role: "user",
  parts: [],
  status: "complete",
  created: 1,
  updated: 1,
});

function given(head: string | null, rows: Readonly<Record<string, string | null>> = parents) {
  const messages = Object.entries(rows).map(([id, parent]) => messageOf(id, parent));
  const times = { created: 1, updated: 1 };
  const thread = { id: "t", title: "", archived: false, metadata: {}, head, ...times };
  const byId = new Map(messages.map((message) => [message.id, message]));
  return treeOf({ messages: byId, thread: { ...thread, running: false } });
}

const ids = (path: readonly Message[]) => path.map(({ id }) => id).join(" ");

test("without a choice the path is the one to the head, without the messages below it", () => {
  expect(ids(pathLookedAt(given("a2"), null))).toBe("u1 a1 u2 a2");
  expect(ids(pathLookedAt(given("a1"), null))).toBe("u1 a1");
  expect(ids(pathLookedAt(given(null), null))).toBe("");
});

test("a chosen branch is looked at down to its newest message", () => {
  expect(ids(pathLookedAt(given("a2"), "a3"))).toBe("u1 a3 u3");
  expect(ids(pathLookedAt(given("a2"), "v1"))).toBe("v1");
});

test("a chosen branch is followed to the head if that lies on it", () => {
  expect(ids(pathLookedAt(given("u2"), "a1"))).toBe("u1 a1 u2");
  expect(ids(pathLookedAt(given("u2"), "u2"))).toBe("u1 a1 u2");
  // At a fork: the branch of the head, else the newest.
  expect(tipOf(given("a2"), "u1")).toBe("a2");
  expect(tipOf(given("v1"), "u1")).toBe("u3");
});

test("a deleted choice does not count", () => {
  expect(ids(pathLookedAt(given("a2"), "gone"))).toBe("u1 a1 u2 a2");
});

test("siblings are in the order in which they were made, roots too", () => {
  expect(siblingsOf(given("a2"), "a3")).toEqual(["a1", "a3"]);
  expect(siblingsOf(given("a2"), "u1")).toEqual(["u1", "v1"]);
  expect(siblingsOf(given("a2"), "gone")).toEqual([]);
});

test("below a message is the message itself, and below nothing is everything", () => {
  const tree = given("a2");
  expect(liesBelow(tree, "u1", "u1")).toBe(true);
  expect(liesBelow(tree, "a2", "u1")).toBe(true);
  expect(liesBelow(tree, "u1", "a2")).toBe(false);
  expect(liesBelow(tree, "u3", "a1")).toBe(false);
  expect(liesBelow(tree, null, null)).toBe(true);
  expect(liesBelow(tree, null, "u1")).toBe(false);
});

test("a path begins at the first held message", () => {
  expect(ids(pathTo(given("b", { b: "not held" }), "b"))).toBe("b");
});

test("a path may be long", () => {
  const rows = Array.from({ length: 20_000 }, (_, at) => [`m${at}`, at ? `m${at - 1}` : null]);
  const tree = given(null, Object.fromEntries(rows) as Record<string, string | null>);
  expect(tipOf(tree, "m0")).toBe("m19999");
  expect(pathLookedAt(tree, "m7").length).toBe(20_000);
});
