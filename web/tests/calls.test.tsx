// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
// calls.test.tsx: a person decides and answers tool calls.

import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import type { CallNote, MessageView, Part, Resume, ThreadView } from "lockstep-client";
import { LockstepProvider } from "lockstep-client/react";
import { afterEach, describe, expect, it } from "vitest";

import { ChatPage } from "../src/chat/page.js";
import { FakeClient } from "./fake_client.js";
import { messageOf as message, runOf, runsOf, thread } from "./views.js";

afterEach(cleanup);

const call: Part = { type: "tool_call", id: "c1", name: "pay", arguments: '{"euros":5}' };

const answer = (status?: CallNote["status"], more: Partial<MessageView> = {}): MessageView => {
  const calls = status === undefined ? undefined : [{ part: 0, status }];
  return message("a", "assistant", { parts: [call], run: "r", calls, ...more });
};

function show(view: Partial<ThreadView>): FakeClient {
  const fake = new FakeClient([thread], view);
  render(
    <LockstepProvider client={fake.client}>
      <ChatPage thread="tea" />
    </LockstepProvider>,
  );
  return fake;
}

const stateOf = (): string | undefined => screen.queryByTestId("call")?.dataset["state"];
const press = (id: string): void => void fireEvent.click(screen.getByTestId(id));

function write(said: string): void {
  fireEvent.change(screen.getByTestId("call-field"), { target: { value: said } });
  press("call-send");
}

describe("a call that needs approval", () => {
  it("is approved once, or for the tool in this thread", () => {
    const { asked } = show({ messages: [answer("needs_approval")] });
    expect(screen.getByTestId("call").textContent).toContain("Needs your approval.");

    press("approve");
    press("always");

    expect(asked).toEqual([
      'decide ["a","c1","approved",{}]',
      'decide ["a","c1","approved",{"always":true}]',
    ]);
    expect(screen.queryByTestId("answer-call")).toBeNull();
  });

  it("is denied with a reason, or without one", () => {
    const { asked } = show({ messages: [answer("needs_approval")] });
    press("deny");
    write("Too much.");
    write("");
    expect(asked).toEqual([
      'decide ["a","c1","denied",{"reason":"Too much."}]',
      'decide ["a","c1","denied",{}]',
    ]);
  });

  it("shows the decision of another device, with its reason", () => {
    const fake = show({ messages: [answer("needs_approval")] });
    const calls = [{ part: 0, status: "denied", reason: "Too much." }] as const;

    act(() => fake.open.show({ ...fake.open.view, messages: [answer("denied", { calls })] }));

    expect(screen.getByTestId("call").textContent).toContain("Denied. Too much.");
    expect(screen.queryByTestId("approve")).toBeNull();
  });
});

describe("a call without a result", () => {
  it("is answered by the user, by a result or by an error", () => {
    const { asked } = show({ messages: [answer()] });
    expect(stateOf()).toBe("asked");

    press("answer-call");
    expect(screen.getByTestId<HTMLButtonElement>("call-send").disabled).toBe(true);
    write("paid");
    fireEvent.click(screen.getByText("Send as an error"));

    expect(asked).toEqual(['answer ["a","c1","paid"]', 'answer ["a","c1","paid",{"failed":true}]']);
  });

  it("has no buttons while somebody works on it, while it is written, and when it is answered", () => {
    const fake = show({ messages: [answer("running")] });
    const shows = (...messages: readonly MessageView[]): string | undefined => {
      act(() => fake.open.show({ ...fake.open.view, messages }));
      expect(screen.queryByTestId("answer-call")).toBeNull();
      return stateOf();
    };

    expect(stateOf()).toBe("running");
    expect(shows(answer(undefined, { status: "open" }))).toBeUndefined();
    const result: Part = { type: "tool_result", call: "c1", content: "paid" };
    expect(shows(answer(), message("t", "tool", { parts: [result] }))).toBeUndefined();
    const failed: Part = { ...result, failed: true };
    expect(shows(answer(), message("t", "tool", { parts: [failed] }))).toBe("failed");
  });

  it("says how its answer goes on", () => {
    const waits = (resume: Resume): Partial<ThreadView> => ({
      messages: [answer()],
      runs: runsOf(runOf("r", "u", { resume })),
    });
    const fake = show(waits({ status: "waiting", until: 9 }));
    expect(screen.getByTestId("resume").textContent).toContain("when all its calls are answered");

    const over: Resume = { status: "given_up", why: "expired" };
    act(() => fake.open.show({ ...fake.open.view, ...waits(over) }));

    expect(screen.getByTestId("resume").textContent).toContain("The time for answers is over");
    expect(stateOf()).toBe("expired");
  });
});
