// SPDX-License-Identifier: Apache-2.0
// project.test.ts: the view of a thread with unanswered changes.

import { describe, expect, test } from "vitest";

import { branchesOf, type Projection, project } from "../../src/project.js";
import { frozenOf } from "../../src/seen.js";
import type { ThreadState } from "../../src/state.js";
import type { PendingChange } from "../../src/types.js";
import type { ChangeBody, MessageInput } from "../../src/wire.js";
import {
  after,
  created,
  messageEnded,
  pendingOf,
  put,
  queued,
  runEnded,
  started,
  text,
  wrote,
} from "./support/thread.js";

const look = (
  state: ThreadState,
  changes: readonly (ChangeBody | PendingChange)[] = [],
  shown: string | null = null,
) => {
  const pending = changes.map((it, at) => ("change" in it ? it : pendingOf(at + 1, it)));
  return project(state, pending, shown);
};

/** `+` new, `~` edited. */
const shown = ({ messages }: Projection) =>
  messages
    .map(({ id, pending }) => (pending === null ? "" : pending === "new" ? "+" : "~") + id)
    .join(" ");

const turns = ({ queued }: Projection) =>
  queued.map(({ run, pending }) => (pending ? "+" : "") + run).join(" ");

const say = (id: string, fields: object = {}): ChangeBody => ({
  type: "start_run",
  run: `run of ${id}`,
  input: [{ id, text: id }],
  ...fields,
});

const edit = (message: MessageInput, fields: object = {}): ChangeBody => ({
  type: "put_message",
  message,
  ...fields,
});

// u1 ── a1, answered; then u2, to which r2 writes a2.
const answered = after(
  null,
  [...put("u1", null), queued("r1", null), started("r1", "u1")],
  [...created("a1", "u1", "r1"), wrote("a1", 0, "one")],
  [messageEnded("a1", "complete"), runEnded("r1", "completed")],
);
const asked = after(answered, [queued("r2", "a1"), ...put("u2", "a1"), started("r2", "u2")]);
const writing = after(asked, created("a2", "u2", "r2"), [wrote("a2", 0, "hello")]);

describe("a sent message", () => {
  test("is shown at once, behind the present messages", () => {
    const view = look(answered, [say("u2", { after: "a1" })]);
    expect(shown(view)).toBe("u1 a1 +u2");
    expect(view.messages[2]).toMatchObject({ role: "user", parts: text("u2"), parent: "a1" });
    expect(view.status).toBe("submitted");
  });

  test("is shown in a thread that is not there yet", () => {
    const view = look(after(null), [say("u1", { after: null })]);
    expect(shown(view)).toBe("+u1");
    expect(view.status).toBe("submitted");
    expect(view.thread).toBeNull();
  });

  test("goes behind the turns that another device sent first", () => {
    const later = after(answered, put("other", "a1"));
    expect(shown(look(later, [say("u2", { after: "a1" })]))).toBe("u1 a1 other +u2");
    expect(shown(look(later, [say("u2")]))).toBe("u1 a1 other +u2");
  });

  test("goes exactly where it is put: a sibling of the message of another device", () => {
    const later = after(answered, put("other", "a1"));
    const view = look(later, [say("u2", { parent: "a1" })]);
    expect(shown(view)).toBe("u1 a1 +u2");
    expect(view.messages[2]?.branches).toEqual(["other", "u2"]);
    expect(shown(look(later, [say("u2", { parent: null })]))).toBe("+u2");
  });

  test("goes below its anchor if the head is on another branch", () => {
    const branch = after(answered, put("b1", "u1"));
    expect(shown(look(branch, [say("u2", { after: "a1" })]))).toBe("u1 a1 +u2");
  });

  test("waits while a run goes on, while another waits, and while one is on its way", () => {
    const first = look(writing, [say("u3", { after: "a2" })]);
    expect([shown(first), turns(first)]).toEqual(["u1 a1 u2 a2", "+run of u3"]);
    expect(first.queued[0]?.input).toEqual([{ id: "u3", text: "u3" }]);
    const waiting = after(writing, [queued("r3", "a2", ["q"])]);
    expect(turns(look(waiting, [say("u3")]))).toBe("r3 +run of u3");
    const both = look(answered, [say("u2"), say("u3")]);
    expect([shown(both), turns(both)]).toEqual(["u1 a1 +u2", "+run of u3"]);
  });

  test("interrupts as a branch, rolls back if asked to, and is not shown if it may not wait", () => {
    expect(shown(look(writing, [say("u3", { parent: "a1" })]))).toBe("u1 a1 +u3");
    const rolled = look(writing, [say("u3", { after: "a2", when_busy: "rollback" })]);
    expect(shown(rolled)).toBe("u1 a1 u2 a2 +u3");
    expect(rolled.messages[3]).toMatchObject({ parts: [], status: "stopped" });
    expect(shown(look(writing, [say("u3", { when_busy: "reject" })]))).toBe("u1 a1 u2 a2");
    expect(shown(look(answered, [say("u2", { when_busy: "reject" })]))).toBe("u1 a1 +u2");
  });

  test("is no longer pending when it came back, though its outcome did not", () => {
    const change: ChangeBody = { ...say("u2", { after: "a1" }), run: "r2" } as ChangeBody;
    const view = look(writing, [change]);
    expect([shown(view), turns(view)]).toEqual(["u1 a1 u2 a2", ""]);
    const waiting = after(answered, [queued("r2", "a1", ["u2"])]);
    expect(turns(look(waiting, [change]))).toBe("r2");
  });

  test("asks once more: the head is where the answer will be", () => {
    const view = look(answered, [{ type: "start_run", run: "r2", parent: "u1" }]);
    expect([shown(view), view.status]).toEqual(["u1", "submitted"]);
  });

  test("stays the same object until something of it changes, also when it gets its number", () => {
    const change = say("u2", { after: "a1" });
    const first = project(answered, [pendingOf(-1, change, { seen: "3@e" })], null);
    const later = after(answered, [{ type: "thread_updated", title: "x" }]);
    const second = project(later, [pendingOf(7, change, { seen: "3@e" })], null, first);
    expect(second.messages).toBe(first.messages);
    expect(first.messages[2]?.created).toBe(4);
  });
});

describe("a put or deleted message", () => {
  test("an edit is shown at once, in its place, with the fields that it does not name", () => {
    const view = look(answered, [edit({ id: "u1", text: "better" })]);
    expect(shown(view)).toBe("~u1 a1");
    expect(view.messages[0]).toMatchObject({ role: "user", parts: text("better"), parent: null });
    const again = look(answered, [edit({ id: "u1", text: "b" }), edit({ id: "u1", text: "c" })]);
    expect(again.messages[0]?.parts).toEqual(text("c"));
  });

  test("a message that was put is complete, after any earlier status", () => {
    const view = look(writing, [edit({ id: "a2", text: "my words" })]);
    expect(view.messages[3]).toMatchObject({ status: "complete", parts: text("my words") });
  });

  test("an edit that came back before its outcome is not marked any more", () => {
    const edited = after(answered, put("u1", null, "better"));
    expect(shown(look(edited, [edit({ id: "u1", text: "better" })], "a1"))).toBe("u1 a1");
  });

  test("an edit of a new message leaves it new, and an offer does not change present ones", () => {
    const changes = [edit({ id: "n", text: "1" }, { after: "a1" }), edit({ id: "n", text: "2" })];
    const view = look(answered, changes);
    expect(shown(view)).toBe("u1 a1 +n");
    expect(view.messages[2]?.parts).toEqual(text("2"));
    const offer = edit({ id: "u1", text: "mine" }, { if_absent: true });
    expect(look(answered, [offer]).messages).toEqual(look(answered).messages);
  });

  test("deleting takes all below it at once, and the head goes up", () => {
    const view = look(writing, [{ type: "delete_message", message: "u2" }]);
    expect(shown(view)).toBe("u1 a1");
    expect(shown(look(writing, [{ type: "delete_message", message: "u1" }]))).toBe("");
    const gone: ChangeBody = { type: "delete_message", message: "not there" };
    expect(shown(look(writing, [gone]))).toBe("u1 a1 u2 a2");
  });

  test("a message behind a deleted one goes behind the next living one above it", () => {
    const changes = [
      { type: "delete_message", message: "u2" } as const,
      say("u3", { after: "a2" }),
    ];
    expect(shown(look(asked, changes.with(1, edit({ id: "n" }, { after: "u2" }))))).toBe(
      "u1 a1 +n",
    );
    // The deletion ends the run that was given the message, so this turn need not wait.
    expect(shown(look(asked, changes))).toBe("u1 a1 +u3");
    expect(turns(look(asked, changes))).toBe("");
  });

  test("a run with a deleted input is over, and can't be stopped any more", () => {
    const view = look(writing, [{ type: "delete_message", message: "u1" }]);
    expect(view).toMatchObject({ run: null, status: "ready", stopping: false });
    const other = look(writing, [{ type: "delete_message", message: "not there" }]);
    expect(other).toMatchObject({ status: "streaming" });
    expect(other.run).not.toBeNull();
  });

  test("deleting all of a long thread is no more than that", () => {
    const long = Array.from({ length: 12_000 }, (_, at) => put(`m${at}`, at ? `m${at - 1}` : null));
    const view = look(after(null, long.flat()), [{ type: "delete_message", message: "m1" }]);
    expect(shown(view)).toBe("m0");
  });

  test("the head and the thread's fields change at once", () => {
    const moved = look(writing, [{ type: "move_head", head: "a1" }]);
    expect(shown(moved)).toBe("u1 a1");
    const titled = look(answered, [{ type: "update_thread", title: "new" }]);
    expect(titled.thread).toMatchObject({ title: "new", archived: false });
  });
});

describe("a stop", () => {
  const stop = (run: string, frozen?: PendingChange["frozen"]): PendingChange =>
    pendingOf(1, { type: "stop_run", run }, frozen ? { frozen } : {});
  const seen = [{ message: "a2", part: 0, length: 2 }];
  const frozen = frozenOf(writing, "r2", seen).messages;

  test("freezes the text on the screen against later frames", () => {
    const later = after(writing, [wrote("a2", 5, " there")], created("a3", "a2", "r2"));
    for (const state of [writing, later]) {
      const view = look(state, [stop("r2", frozen)]);
      expect(shown(view)).toBe("u1 a1 u2 a2");
      expect(view.messages[3]).toMatchObject({ parts: text("he"), status: "stopped" });
      expect(view.stopping).toBe(true);
      expect(view.status).toBe("ready");
    }
    const [one, other] = [writing, later].map((state) => look(state, [stop("r2", frozen)]));
    expect(other!.messages[3]).toBe(one!.messages[3]);
  });

  test("before the first word leaves an empty answer, for which models get a sentence", () => {
    const open = after(asked, created("a2", "u2", "r2"));
    expect(shown(look(open))).toBe("u1 a1 u2 a2");
    const view = look(open, [stop("r2", frozenOf(open, "r2").messages)]);
    expect(shown(view)).toBe("u1 a1 u2 a2");
    expect(view.messages[3]).toMatchObject({ parts: [], status: "stopped" });
  });

  test("lets the next message be shown at once", () => {
    const view = look(writing, [stop("r2", frozen), pendingOf(2, say("u3", { after: "a2" }))]);
    expect([shown(view), turns(view)]).toEqual(["u1 a1 u2 a2 +u3", ""]);
    expect(view.status).toBe("submitted");
  });

  test("of a turn that waits takes it off", () => {
    const waiting = after(writing, [queued("r3", "a2", ["u3"])]);
    const view = look(waiting, [stop("r3")]);
    expect([turns(view), view.stopping]).toEqual(["", false]);
    const own = look(writing, [say("u3"), stop("run of u3")]);
    expect(turns(own)).toBe("");
  });

  test("of a turn that was never sent keeps its words", () => {
    const view = look(answered, [say("u2"), stop("run of u2")]);
    expect([shown(view), view.status]).toEqual(["u1 a1 +u2", "ready"]);
  });
});

describe("the view", () => {
  test("has an empty stopped answer too", () => {
    const stopped = after(asked, [...created("a2", "u2", "r2"), messageEnded("a2", "stopped")]);
    expect(shown(look(stopped))).toBe("u1 a1 u2 a2");
    const alone = after(stopped, [runEnded("r2", "stopped")], put("b2", "u2"));
    expect(shown(look(alone))).toBe("u1 a1 u2 b2");
    expect(shown(look(alone, [], "a2"))).toBe("u1 a1 u2 a2");
  });

  test("the status names the awaited event", () => {
    const nothing = { ...after(null), epoch: null };
    expect(look(nothing).status).toBe("loading");
    expect(look(after(null)).status).toBe("ready");
    expect(look(answered).status).toBe("ready");
    expect(look(asked).status).toBe("submitted");
    expect(look(after(asked, created("a2", "u2", "r2"))).status).toBe("submitted");
    expect(look(writing).status).toBe("streaming");
    expect(look(writing, [], "a1").status).toBe("streaming");
    expect(look(after(answered, [queued("r3", "a1", ["q"])])).status).toBe("submitted");
    expect(look(writing).run?.id).toBe("r2");
    expect([...look(writing).runs.keys()]).toEqual(["r1", "r2"]);
  });

  test("a run that failed is an error until the next turn", () => {
    const error = { code: "model", detail: "no answer" };
    const failed = after(writing, [{ type: "run_ended", run: "r2", status: "failed", error }]);
    expect(look(failed)).toMatchObject({ status: "error", error, run: null });
    expect(look(failed, [say("u3")])).toMatchObject({ status: "submitted", error: null });
    const broken = after(writing, [runEnded("r2", "interrupted")]);
    expect(look(broken).error).toEqual({ code: "interrupted", detail: "" });
  });

  test("turns that were dropped with a run that failed are offered until one is sent again", () => {
    const waiting = after(writing, [queued("r3", "a2", ["u3"])]);
    const failed = after(waiting, [runEnded("r2", "failed"), runEnded("r3", "interrupted")]);
    const dropped = look(failed).unsent;
    expect(dropped).toEqual([{ run: "r3", input: [{ id: "u3", text: "u3" }], pending: false }]);
    expect(look(failed, [say("u3")]).unsent).toEqual([]);
    const again = after(failed, [queued("r4", "a2"), started("r4", "a2")]);
    expect(look(again).unsent).toEqual([]);
  });

  test("a turn for an agent that is no longer configured is offered too", () => {
    const waiting = after(writing, [queued("r3", "a2", ["u3"])]);
    const gone = after(waiting, [runEnded("r2", "completed"), runEnded("r3", "failed")]);
    expect(look(gone).unsent.map((turn) => turn.run)).toEqual(["r3"]);
  });

  test("a branch that is chosen is looked at, with its siblings", () => {
    const branched = after(answered, put("b1", "u1"), put("c1", "b1"));
    expect(shown(look(branched))).toBe("u1 b1 c1");
    const view = look(branched, [], "a1");
    expect(shown(view)).toBe("u1 a1");
    expect(view.messages[1]?.branches).toEqual(["a1", "b1"]);
    const up = look(branched, [edit({ id: "a1", text: "better" })], "u1");
    expect(shown(up)).toBe("u1 b1 c1");
    const down = after(branched, [{ type: "head_moved", head: null }]);
    expect(shown(look(down, [edit({ id: "u1", text: "better" })], "u1"))).toBe("~u1 b1 c1");
    const change = pendingOf(1, say("n", { parent: "u1" }));
    expect(branchesOf(branched, [change], "c1")).toEqual(["c1"]);
    expect(branchesOf(branched, [change], "a1")).toEqual(["a1", "b1", "n"]);
  });

  test("unchanged values are the same objects, down to each message", () => {
    const first = look(writing);
    const next = after(writing, [wrote("a2", 5, " there")]);
    const second = project(next, [], null, first);
    expect(second.messages.slice(0, 3)).toEqual(first.messages.slice(0, 3));
    for (const at of [0, 1, 2]) expect(second.messages[at]).toBe(first.messages[at]);
    expect(second.messages[3]).not.toBe(first.messages[3]);
    expect(second.queued).toBe(first.queued);
    expect(second.thread).toBe(first.thread);
    const third = project(after(next, []), [], null, second);
    expect(third.messages).toBe(second.messages);
    // Another device's sibling branch changes only the arrows.
    const branched = project(after(next, put("b1", "u1")), [], "a2", second);
    expect(branched.messages[0]).toBe(second.messages[0]);
    expect(branched.messages[1]).not.toBe(second.messages[1]);
    expect(branched.messages[2]).toBe(second.messages[2]);
  });
});
