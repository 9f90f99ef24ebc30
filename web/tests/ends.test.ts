// SPDX-License-Identifier: Apache-2.0
// @vitest-environment node
// ends.test.ts: how answers ended, in words, and whether they can go on.

import type { MessageView, Repair, Run, ThreadView } from "lockstep-client";
import { describe, expect, it } from "vitest";

import {
  canContinue,
  EMPTY_SENTENCE,
  endNote,
  lastDropped,
  missingAnswers,
  STOPPED_SENTENCE,
} from "../src/chat/ends.js";
import { messageOf, onward, runOf, runsOf, text, thread, viewOf } from "./views.js";

describe("the end of an answer", () => {
  const note = (reason: string | undefined, more: Partial<MessageView> = {}): string | null =>
    endNote(messageOf("a", "assistant", { finish_reason: reason, ...more }));

  it("is named if the length limit, a filter or something unusual was the reason", () => {
    for (const reason of ["length", "max_tokens", "model_length"])
      expect(note(reason)).toBe("The answer was cut at the length limit.");
    expect(note("content_filter")).toBe("A filter of the model server ended the answer.");
    expect(note("tired")).toBe("The model server ended the answer with the reason “tired”.");
  });

  it("is not if the answer ended as usual, or goes on", () => {
    for (const reason of ["stop", "tool_calls", "function_call", undefined])
      expect(note(reason)).toBeNull();
    expect(note("length", { status: "open" })).toBeNull();
  });
});

describe("an answer can go on", () => {
  const can = (answer: Partial<MessageView>, more: Partial<ThreadView> = {}): boolean => {
    const message = messageOf("a", "assistant", answer);
    return canContinue(viewOf([messageOf("u", "user"), message], more), [message]);
  };

  it("if it was stopped, failed, interrupted or cut at the length limit", () => {
    for (const status of ["stopped", "failed", "interrupted"] as const)
      expect(can({ status })).toBe(true);
    expect(can({ finish_reason: "length" })).toBe(true);
    expect(can({ status: "failed" }, { status: "error" })).toBe(true);
    expect(can({})).toBe(false);
    expect(can({ status: "open" })).toBe(false);
  });

  it("if it is the last answer of the path, and all of it", () => {
    const cut = messageOf("a", "assistant", { status: "stopped" });
    const more = onward("b", "a", { status: "stopped" });
    expect(canContinue(viewOf([cut, more]), [cut, more])).toBe(true);
    expect(canContinue(viewOf([cut, messageOf("u", "user")]), [cut])).toBe(false);
    const user = messageOf("u", "user", { status: "stopped" });
    expect(canContinue(viewOf([user]), [user])).toBe(false);
  });

  it("if no run is under way, and if it has a word", () => {
    const status = "stopped";
    expect(can({ status }, { status: "submitted" })).toBe(false);
    expect(can({ status }, { run: runOf("r", "u", { status: "running" }) })).toBe(false);
    expect(can({ status }, { queued: [{ run: "r", input: [], pending: false }] })).toBe(false);
    expect(can({ status, pending: "deleted" })).toBe(false);
    expect(can({ status, parts: [text("")] })).toBe(false);
  });
});

describe("a question whose answer never had a word", () => {
  const [u1, u2] = [messageOf("u1", "user"), messageOf("u2", "user")];
  const stopped = runOf("r1", "u1", { status: "stopped" });
  const placeholder: Repair = { kind: "placeholder", count: 1, ids: ["u1"] };
  const missing = (
    messages: readonly MessageView[],
    runs: readonly Run[],
    more: Partial<ThreadView> = {},
  ) => Object.fromEntries(missingAnswers(viewOf(messages, { runs: runsOf(...runs), ...more })));

  it("shows the sentence that models get, by the end of its last run", () => {
    expect(missing([u1], [stopped])).toEqual({ u1: STOPPED_SENTENCE });
    expect(missing([u1], [runOf("r1", "u1")])).toEqual({ u1: EMPTY_SENTENCE });
    const again = runOf("r2", "u1", { started: thread.updated - 1 });
    expect(missing([u1], [stopped, again])).toEqual({ u1: EMPTY_SENTENCE });
  });

  it("shows none if its run failed, goes on, or never started", () => {
    expect(missing([u1], [runOf("r1", "u1", { status: "failed" })])).toEqual({});
    expect(missing([u1], [runOf("r1", "u1", { started: undefined })])).toEqual({});
    expect(missing([u1], [])).toEqual({});
    const running = runOf("r2", "u1", { status: "running", ended: undefined });
    expect(missing([u1], [stopped, running], { run: running })).toEqual({});
    expect(missing([u1], [stopped], { status: "submitted" })).toEqual({});
  });

  it("shows none above an answer, also if that is empty", () => {
    expect(missing([u1, messageOf("a", "assistant", { parts: [] })], [stopped])).toEqual({});
  });

  it("shows it above the next question, if the model that got that was given it", () => {
    const next = (more: Partial<Run>): Run =>
      runOf("r2", "u2", { started: thread.updated, ended: undefined, status: "running", ...more });
    const given = next({ repairs: [placeholder] });
    expect(missing([u1, u2], [stopped, given], { run: given })).toEqual({ u1: STOPPED_SENTENCE });
    const joined = next({ repairs: [{ kind: "joined", count: 1, ids: ["u2"] }] });
    expect(missing([u1, u2], [stopped, joined], { run: joined })).toEqual({});
    // A run of an earlier release has no repairs.
    expect(missing([u1, u2], [stopped, next({})])).toEqual({ u1: STOPPED_SENTENCE });
    expect(missing([u1, u2], [runOf("r1", "u1"), next({})])).toEqual({});
  });

  it("shows none if the answer was deleted, after which the thread has changed", () => {
    const later = { ...thread, updated: thread.updated + 1 };
    expect(missing([u1], [stopped], { thread: later })).toEqual({});
    expect(missing([u1], [runOf("r1", "u1")], { thread: later })).toEqual({});
  });
});

describe("the line below the messages that the model was not given", () => {
  const path = ["m1", "m2", "m3", "m4"].map((id) => messageOf(id, "user"));
  const dropped = (count: number, ...ids: readonly string[]): Repair => ({
    kind: "dropped",
    count,
    ids,
  });
  const line = (...runs: readonly Run[]): string | null =>
    lastDropped(viewOf(path, { runs: runsOf(...runs) }));

  it("is behind the last of them", () => {
    expect(line(runOf("r", "m4", { repairs: [dropped(2, "m1", "m2")] }))).toBe("m2");
  });

  it("is the same where a summary stands for them", () => {
    const summarised: Repair = { kind: "summarised", count: 2, ids: ["m1", "m2"] };
    expect(line(runOf("r", "m4", { repairs: [summarised] }))).toBe("m2");
  });

  it("counts on from the last one that is named", () => {
    expect(line(runOf("r", "m4", { repairs: [dropped(3, "m1", "m2")] }))).toBe("m3");
  });

  it("follows the last run of this path", () => {
    const first = runOf("r1", "m3", { repairs: [dropped(1, "m1")] });
    const second = runOf("r2", "m4", { started: thread.updated });
    expect(line(first)).toBe("m1");
    expect(line(first, second)).toBeNull();
    expect(line(runOf("r", "x", { repairs: [dropped(1, "m1")] }))).toBeNull();
    expect(line(runOf("r", "m4", { repairs: [dropped(1, "gone")] }))).toBeNull();
  });
});
