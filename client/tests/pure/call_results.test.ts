// SPDX-License-Identifier: Apache-2.0
// call_results.test.ts: each result belongs to one call.

import { describe, expect, test } from "vitest";

import { callResults, isMade } from "../../src/call_results.js";
import type { Message, Part, Role } from "../../src/wire.js";

const message = (id: string, role: Role, ...parts: readonly Part[]): Message => {
  const times = { created: 1, updated: 1 };
  const run = role === "assistant" ? { run: `run of ${id}` } : {};
  return { id, parent: null, role, parts, status: "complete", ...times, ...run };
};
const call = (id: string): Part => ({ type: "tool_call", id, name: "look", arguments: "{}" });
const result = (id: string, content: string, more: object = {}): Part => ({
  type: "tool_result",
  call: id,
  content,
  ...more,
});

/** `call <- result` for each call of the path that has one, by their places. */
const matched = (...path: readonly Message[]): readonly string[] => {
  const results = callResults(path);
  return path.flatMap(({ id, parts }) =>
    parts.flatMap((_, index) => {
      const found = results.resultOf(id, index);
      return found ? [`${id}.${index} <- ${found.message}.${found.index}`] : [];
    }),
  );
};

describe("a result", () => {
  test("belongs to its call, wherever on the path it is", () => {
    const path = [
      message("a", "assistant", call("c"), call("d")),
      message("t", "tool", result("d", "two"), result("c", "one")),
    ];
    expect(matched(...path)).toEqual(["a.0 <- t.1", "a.1 <- t.0"]);
    expect(callResults(path).callOf("t", 1)).toMatchObject({ message: "a", index: 0 });
  });

  test("of an id that several calls have belongs to the first open one of the last message", () => {
    const twice = message("a", "assistant", call("c"), call("c"));
    const answers = message("t", "tool", result("c", "one"), result("c", "two"));
    expect(matched(twice, answers)).toEqual(["a.0 <- t.0", "a.1 <- t.1"]);
    const later = message("b", "assistant", call("c"));
    expect(matched(twice, later, message("t", "tool", result("c", "one")))).toEqual(["b.0 <- t.0"]);
    expect(matched(twice, later, answers)).toEqual(["a.0 <- t.1", "b.0 <- t.0"]);
  });

  test("never goes to a call that was denied where another of its id is open", () => {
    const noted = (part: number, id: string, ...parts: readonly Part[]): Message => ({
      ...message(id, "assistant", ...parts),
      calls: [{ part, status: "denied" }],
    });
    const no = result("c", "denied by the user", { made: true });
    const none = result("c", "no result", { made: true });
    const real = message("t", "tool", result("c", "two"));
    const first = noted(0, "a", call("c"), call("c"), no);
    expect(matched(first)).toEqual(["a.0 <- a.2"]);
    expect(matched(first, real)).toEqual(["a.0 <- a.2", "a.1 <- t.0"]);
    const second = noted(1, "a", call("c"), call("c"), no, none);
    expect(matched(second)).toEqual(["a.0 <- a.3", "a.1 <- a.2"]);
    expect(matched(second, real)).toEqual(["a.0 <- t.0", "a.1 <- a.2"]);
  });

  test("without an open call before it belongs to no call", () => {
    const path = [
      message("t", "tool", result("c", "early")),
      message("a", "assistant", call("c"), result("c", "one")),
      message("s", "tool", result("c", "twice")),
      message("u", "user", call("d"), result("d", "a user has no calls")),
    ];
    expect(matched(...path)).toEqual(["a.0 <- a.1"]);
    for (const id of ["t", "s"]) expect(callResults(path).callOf(id, 0)).toBeUndefined();
  });
});

describe("a result that the server made", () => {
  const stopped = message(
    "a",
    "assistant",
    call("c"),
    result("c", "stopped by the user", { made: true }),
  );

  test("counts until a real one comes, later on the path", () => {
    expect(matched(stopped)).toEqual(["a.0 <- a.1"]);
    const path = [stopped, message("t", "tool", result("c", "sunny"))];
    expect(matched(...path)).toEqual(["a.0 <- t.0"]);
    expect(callResults(path).callOf("a", 1)).toMatchObject({ message: "a", index: 0 });
  });

  test("does not replace a real one that came first", () => {
    const both = [call("c"), result("c", "sunny"), result("c", "no result", { made: true })];
    expect(matched(message("a", "assistant", ...both))).toEqual(["a.0 <- a.1"]);
  });

  test("is known by its mark, and in older logs by its place and its text", () => {
    const answer = message("a", "assistant");
    const said = { type: "tool_result", call: "c", content: "no result" } as const;
    expect(isMade(answer, said)).toBe(true);
    expect(isMade(answer, { ...said, content: "sunny" })).toBe(false);
    expect(isMade(answer, { ...said, content: "sunny", made: true })).toBe(true);
    expect(isMade({ ...answer, run: undefined }, said)).toBe(false);
    expect(isMade(message("t", "tool"), said)).toBe(false);
  });
});
