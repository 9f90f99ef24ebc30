// SPDX-License-Identifier: Apache-2.0
// endings.test.ts: how answers end, how they go on, and how their requests differ from the path.

import { describe, expect, test } from "vitest";

import { createChanges } from "../../src/changes.js";
import { apply } from "../../src/diff.js";
import { Gap } from "../../src/fold.js";
import { createLive } from "../../src/live.js";
import { project } from "../../src/project.js";
import type { Session } from "../../src/session_face.js";
import { cursorOf, type ThreadState } from "../../src/state.js";
import type { PendingChange } from "../../src/types.js";
import type { ChangeBody, DiffFrame, Event, Growth, Repair } from "../../src/wire.js";
import {
  after,
  created,
  messageEnded,
  pendingOf,
  put,
  queued,
  runEnded,
  started,
  wrote,
} from "./support/thread.js";

const asked = after(null, [...put("u1", null), queued("r1", null), started("r1", "u1")]);
const written = after(asked, [...created("a1", "u1", "r1"), wrote("a1", 0, "one")]);
const cut = after(written, [messageEnded("a1", "stopped"), runEnded("r1", "stopped")]);

const goesOn: readonly Event[] = [
  { ...queued("r2", null), continues: "a1" } as Event,
  started("r2", "a1"),
  {
    type: "message_created",
    message: { id: "a2", parent: "a1", role: "assistant", run: "r2", continues: "a1" },
  },
  { type: "head_moved", head: "a2" },
  wrote("a2", 0, " two"),
];

const length = { finish_reason: "length", model: "small-2" } as const;

describe("an answer", () => {
  test("has the reason and the model of its end, and so has its run", () => {
    const ended = after(written, [
      { type: "message_ended", message: "a1", status: "complete", ...length },
      { type: "run_ended", run: "r1", status: "completed", ...length },
    ]);
    expect(ended.messages.get("a1")).toMatchObject({ status: "complete", ...length });
    expect(ended.runs.get("r1")).toMatchObject({ status: "completed", ...length });
  });

  test("keeps the model that was asked if its end names no other", () => {
    const start: Event = { ...started("r1", "u1"), model: "small" } as Event;
    const state = after(null, [...put("u1", null), queued("r1", null), start]);
    expect(after(state, [runEnded("r1", "completed")]).runs.get("r1")?.model).toBe("small");
  });

  test("that goes on names the answer before it, and its run names it too", () => {
    const on = after(cut, goesOn);
    expect(on.messages.get("a2")).toMatchObject({ parent: "a1", continues: "a1" });
    expect(on.runs.get("r2")?.continues).toBe("a1");
  });
});

describe("an edit", () => {
  test("takes the reason and the model with the text that they belong to", () => {
    const ended = after(written, [
      { type: "message_ended", message: "a1", status: "complete", ...length },
    ]);
    const edit = pendingOf(1, { type: "put_message", message: { id: "a1", text: "mine" } });
    const message = project(ended, [edit], null).messages[1];
    expect(message?.status).toBe("complete");
    expect([message?.finish_reason, message?.model]).toEqual([undefined, undefined]);
  });
});

describe("a growth", () => {
  const growth: Growth = { id: "a1", status: "complete", updated: 3, parts: 1, grow: [] };
  const diff = (grown: Growth): DiffFrame => ({
    frame: "diff",
    cursor: "3@e",
    from: written.ts,
    messages: [grown],
    removed: [],
    runs: [],
    outcomes: [],
  });

  test("brings the reason and the model, and keeps those that it does not name", () => {
    const ended = apply(written, [diff({ ...growth, ...length })]);
    expect(ended.messages.get("a1")).toMatchObject(length);
    const again = { ...diff({ ...growth, updated: 4 }), cursor: "4@e" };
    expect(apply(ended, [again]).messages.get("a1")).toMatchObject(length);
  });
});

describe("repairs", () => {
  const noted = (repairs: readonly Repair[]): Event => ({
    type: "repairs_noted",
    run: "r1",
    repairs,
  });
  const joined: Repair = { kind: "joined", count: 1, ids: ["u1"] };

  test("belong to the run, and later ones replace the earlier", () => {
    const first = after(asked, [noted([joined, { kind: "dropped", count: 2, ids: ["x", "y"] }])]);
    expect(first.runs.get("r1")?.repairs).toHaveLength(2);
    const second = after(first, [noted([joined])]);
    expect(second.runs.get("r1")?.repairs).toEqual([joined]);
    expect(second.runs.get("r1")?.status).toBe("running");
  });

  test("that are no list of objects are a gap", () => {
    for (const repairs of [7, [7], { kind: "joined" }])
      expect(() => after(asked, [noted(repairs as never)])).toThrow(Gap);
  });
});

describe("a continuation", () => {
  const start = (fields: object = {}): PendingChange =>
    pendingOf(1, { type: "start_run", run: "r2", continue: "a1", ...fields });
  const ids = (view: ReturnType<typeof project>) => view.messages.map(({ id }) => id).join(" ");

  test("is awaited at once behind the answer, wherever the head is", () => {
    const elsewhere = after(cut, put("u2", null));
    for (const state of [cut, elsewhere]) {
      const view = project(state, [start()], null);
      expect([ids(view), view.status]).toEqual(["u1 a1", "submitted"]);
    }
  });

  test("waits behind another run like a turn", () => {
    const busy = after(cut, [...put("u2", "a1"), queued("r3", "a1"), started("r3", "u2")]);
    const view = project(busy, [start()], null);
    expect([ids(view), view.queued.length]).toEqual(["u1 a1 u2", 1]);
  });

  test("is no longer pending when its run came back", () => {
    const view = project(after(cut, goesOn), [start()], null);
    expect([ids(view), view.status]).toEqual(["u1 a1 a2", "streaming"]);
  });

  test("is not asked for again if another device was first", () => {
    const others = project(after(cut, goesOn), [start({ run: "r9" })], null);
    expect([ids(others), others.status]).toEqual(["u1 a1 a2", "streaming"]);
    const waiting = after(cut, goesOn.slice(0, 2));
    expect(project(waiting, [start({ run: "r9" })], null).queued).toEqual([]);
    const silent = after(waiting, [runEnded("r2", "stopped")]);
    expect(project(silent, [start({ run: "r9" })], null).status).toBe("submitted");
  });

  test("waits with the turn that makes its message", () => {
    const changes = createChanges("t");
    const full = Array.from({ length: 32 }, (_, at) => queued(`q${at}`, "a1"));
    const busy = after(written, full);
    changes.add(pendingOf(1, { type: "start_run", run: "r8", input: [{ id: "m8" }] }));
    changes.add(
      pendingOf(2, { type: "start_run", run: "r9", continue: "m8", when_busy: "reject" }),
    );
    changes.add(pendingOf(3, { type: "update_thread", title: "new" }));
    expect(changes.batch(busy)).toMatchObject([[{ op: 3 }], true]);
  });

  const stageOf = (state: ThreadState) => {
    const sent: ChangeBody[] = [];
    const session = {
      id: "t",
      state,
      pending: [],
      view: project(state, [], null),
      seen: () => ({ state, cursor: cursorOf(state), shown: [] }),
      show: () => undefined,
    } as unknown as Session;
    const add = ({ change }: Omit<PendingChange, "op">) => {
      sent.push(change);
      return Promise.resolve({ ok: true, ts: 9 } as const);
    };
    const live = createLive(session, { add } as unknown as Parameters<typeof createLive>[1]);
    return { live, sent };
  };

  test("is asked for by the message that was cut, by default the last one", async () => {
    const { live, sent } = stageOf(cut);
    expect(await live.continueMessage("a1", { agent: "mine" })).toMatchObject({ ok: true, ts: 9 });
    void live.continueMessage();
    const asks = { type: "start_run", continue: "a1", run: expect.stringMatching(/^r-/) };
    expect(sent).toEqual([{ ...asks, agent: "mine" }, asks]);
    for (const change of sent) {
      const given = Object.entries(change).filter(([, value]) => value !== undefined);
      for (const name of ["input", "after", "parent"]) expect(given.flat()).not.toContain(name);
    }
  });

  test("belongs to the whole answer: another answer begins at the question", () => {
    const { live, sent } = stageOf(after(cut, goesOn));
    void live.regenerate("a2");
    expect(sent[0]).toMatchObject({ type: "start_run", parent: "u1" });
  });
});
