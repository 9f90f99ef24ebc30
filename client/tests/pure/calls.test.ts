// SPDX-License-Identifier: Apache-2.0
// calls.test.ts: the states of tool calls, and answers and decisions before the server's outcome.

import { expect, test } from "vitest";

import { callResults } from "../../src/call_results.js";
import { callState } from "../../src/call_states.js";
import { project } from "../../src/project.js";
import type { ChangeBody, Event, Message, Part, Resume, Run } from "../../src/wire.js";
import { after, pendingOf, put } from "./support/thread.js";

const call = (id: string): Part => ({ type: "tool_call", id, name: "look", arguments: "{}" });

const answer: Message = {
  id: "a1",
  parent: "u1",
  role: "assistant",
  run: "r1",
  parts: [call("c1"), call("c2")],
  status: "complete",
  created: 2,
  updated: 2,
};

const asked = (...more: readonly Event[]) =>
  after(
    null,
    [...put("u1", null)],
    [{ type: "message_put", message: answer }, { type: "head_moved", head: "a1" }, ...more],
  );

const note = (part: number, status: "needs_approval" | "approved"): Event => ({
  type: "call_noted",
  message: "a1",
  part,
  status,
});

const look = (changes: readonly ChangeBody[], ...more: readonly Event[]) =>
  project(
    asked(...more),
    changes.map((change, at) => pendingOf(at + 1, change)),
    null,
  );

const decide = (decision: "approved" | "denied" | "running", reason?: string): ChangeBody => ({
  type: "decide_call",
  message: "a1",
  call: "c1",
  decision,
  reason,
});

test("an answer to a call is shown at once, behind the message of the call", () => {
  const change = { type: "answer_call", message: "a1", call: "c1", content: "18 °C" } as const;
  const { messages } = look([{ ...change, id: "t1", failed: true }]);

  const last = messages.at(-1);
  expect(messages.map(({ id }) => id)).toEqual(["u1", "a1", "t1"]);
  expect(last).toMatchObject({ role: "tool", pending: "new" });
  expect(last?.parts).toEqual([
    { type: "tool_result", call: "c1", content: "18 °C", failed: true },
  ]);
});

test("a decision is shown at once, and the first one counts", () => {
  const noted = (changes: readonly ChangeBody[], ...more: readonly Event[]) =>
    look(changes, ...more)
      .messages.at(-1)
      ?.calls?.map(({ status }) => status);

  expect(noted([decide("denied", "No.")], note(0, "needs_approval"))).toEqual(["denied"]);
  expect(noted([decide("denied"), decide("approved")])).toEqual(["denied"]);
  expect(noted([decide("denied")], note(0, "approved"))).toEqual(["approved"]);
  expect(noted([decide("running")], note(0, "approved"))).toEqual(["running"]);
  expect(noted([{ ...decide("approved"), call: "none" } as ChangeBody])).toBeUndefined();
});

test("what did not change stays the same object", () => {
  const state = asked(note(0, "needs_approval"));
  const pending = [pendingOf(1, decide("denied"))];
  const first = project(state, pending, null);
  expect(project(state, pending, null, first).messages).toBe(first.messages);
});

const stateOf = (message: Message, more: readonly Message[] = [], resume?: Resume) => {
  const path = [{ ...answer, id: "u1", parent: null, role: "user", parts: [] } as Message, message];
  const result = callResults([...path, ...more]).resultOf("a1", 0);
  return callState(message, 0, result, resume && ({ resume } as Run));
};

test("a call has one state: of its result, of its note, or of the run that waits for it", () => {
  const noted = (status: "needs_approval" | "approved" | "denied" | "running"): Message => ({
    ...answer,
    calls: [{ part: 0, status }],
  });
  const result = (more: object = {}): Message => {
    const part = { type: "tool_result", call: "c1", content: "18 °C", ...more } as Part;
    return { ...answer, id: "t1", parent: "a1", role: "tool", run: undefined, parts: [part] };
  };

  expect(stateOf(answer)).toBe("asked");
  for (const status of ["needs_approval", "approved", "denied", "running"] as const) {
    expect(stateOf(noted(status))).toBe(status);
  }
  expect(stateOf(noted("approved"), [result()])).toBe("answered");
  expect(stateOf(answer, [result({ failed: true })])).toBe("failed");
  expect(stateOf(answer, [], { status: "given_up", why: "expired" })).toBe("expired");
});

test("a result that the server made is none, and a denied call stays denied behind it", () => {
  const made = (content: string, more: object = {}): Message => ({
    ...answer,
    parts: [...answer.parts, { type: "tool_result", call: "c1", content, ...more } as Part],
  });
  expect(stateOf(made("no result"))).toBe("passed");
  expect(stateOf(made("denied: No.", { made: true }))).toBe("passed");
  const denied = { ...made("denied", { made: true }), calls: [{ part: 0, status: "denied" }] };
  expect(stateOf(denied as Message)).toBe("denied");
});
