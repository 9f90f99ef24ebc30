// SPDX-License-Identifier: Apache-2.0
// session.test.ts: one thread's side of the protocol, frame by frame.

import { beforeEach, describe, expect, test } from "vitest";

import type { Sink } from "../../src/net/link.js";
import { createSession } from "../../src/session.js";
import type { Outside, Session } from "../../src/session_face.js";
import type { PendingChange, Settled, StoredThread } from "../../src/types.js";
import type {
  ChangeBody,
  DiffFrame,
  Message,
  Outcome,
  SyncRequest,
  Thread,
} from "../../src/wire.js";

interface Asked {
  readonly request: SyncRequest & { readonly thread: string };
  readonly sink: Sink;
  cancelled: boolean;
}

/** A world that does nothing by itself: it records requests, and time stands still. */
class World implements Outside {
  readonly asked: Asked[] = [];
  readonly settledOps: number[] = [];
  readonly timers: { at: number; task: () => void }[] = [];
  readonly kept: StoredThread[] = [];
  readonly renumbering: { ops: readonly number[]; seen: string | null | undefined }[] = [];
  dropped = 0;
  gone = 0;
  changes = 0;
  now = 0;

  device = () => "device";
  sync(request: Asked["request"], sink: Sink): () => void {
    const asked = { request, sink, cancelled: false };
    this.asked.push(asked);
    return () => (asked.cancelled = true);
  }
  after(milliseconds: number, task: () => void): () => void {
    const timer = { at: this.now + milliseconds, task };
    this.timers.push(timer);
    return () =>
      void this.timers.splice(this.timers.indexOf(timer), this.timers.includes(timer) ? 1 : 0);
  }
  random = () => 0.5;
  settled(_: string, outcomes: readonly Settled[]): void {
    this.settledOps.push(...outcomes.map((it) => it.op ?? 0));
  }
  renumber(_: string, ops: readonly number[], seen: string | null | undefined): void {
    this.renumbering.push({ ops, seen });
  }
  keep = (thread: StoredThread) => void this.kept.push(thread);
  drop = () => void (this.dropped += 1);
  missing = () => void (this.gone += 1);
  changed = () => void (this.changes += 1);

  pass(milliseconds: number): void {
    this.now += milliseconds;
    for (const timer of [...this.timers]) {
      if (timer.at > this.now || !this.timers.includes(timer)) continue;
      this.timers.splice(this.timers.indexOf(timer), 1);
      timer.task();
    }
  }
  /** The last request that follows, or that has changes. */
  get follow(): Asked {
    return last(this.asked.filter((it) => it.request.follow === "live"));
  }
  get sending(): Asked {
    return last(this.asked.filter((it) => it.request.follow === "none"));
  }
}

function last<Item>(items: readonly Item[]): Item {
  const item = items.at(-1);
  if (item === undefined) throw new Error("there is none");
  return item;
}

const thread = (ts: number, head: string | null = null): Thread => ({
  id: "t",
  title: "",
  archived: false,
  metadata: {},
  head,
  created: 1,
  updated: ts,
  running: false,
});

const message = (id: string, created: number, parent: string | null = null): Message => ({
  id,
  parent,
  role: "user",
  parts: [{ type: "text", text: id }],
  status: "complete",
  created,
  updated: created,
});

const diff = (cursor: string, fields: Partial<DiffFrame> = {}): DiffFrame => ({
  frame: "diff",
  cursor,
  from: 0,
  messages: [],
  removed: [],
  runs: [],
  outcomes: [],
  ...fields,
});

const applied = (op: number): Outcome => ({ op, type: "update_thread", outcome: "applied", ts: 9 });
const failure = (status: number, code: string, path?: string) =>
  ({ frame: "failure", status, code, retry: status === 503, ...(path && { path }) }) as const;

const change = (op: number, seen: string | null = null): PendingChange => ({
  op,
  thread: "t",
  change: { type: "update_thread", title: `title ${op}` } satisfies ChangeBody,
  seen,
});

describe("a session", () => {
  let world: World;
  let session: Session;

  /** Follows, and holds one message, m at 5. */
  beforeEach(() => {
    world = new World();
    session = createSession("t", world);
    session.load(null, []);
    session.start(null);
    session.watch(true);
    session.connected(true, true);
    world.follow.sink(diff("5@e", { thread: thread(5, "m"), messages: [message("m", 5)] }));
  });

  const ops = () => world.sending.request.changes?.map((it) => it.op);

  test("a change is sent in its own request, from the cursor held", () => {
    session.add(change(1, "5@e"));
    expect(world.sending.request).toMatchObject({ cursor: "5@e", device: "device", thread: "t" });
    expect(world.sending.request.changes).toEqual([
      { type: "update_thread", title: "title 1", op: 1, seen: "5@e" },
    ]);
    world.sending.sink(diff("6@e", { from: 5, thread: thread(6, "m"), outcomes: [applied(1)] }));
    expect(world.settledOps).toEqual([1]);
    expect(session.view).toMatchObject({ pending: 0, cursor: "6@e" });
  });

  test("one request with changes is in flight; later changes go together in the next", () => {
    for (const op of [1, 2, 3]) session.add(change(op));
    expect(ops()).toEqual([1]);
    world.sending.sink(diff("6@e", { from: 5, outcomes: [applied(1)] }));
    expect(ops()).toEqual([2, 3]);
  });

  test("a change without a number is shown and not sent", () => {
    session.add(change(-1));
    expect(session.view.pending).toBe(1);
    expect(world.asked.filter((it) => it.request.changes)).toEqual([]);
    session.add(change(7), -1);
    expect(session.view.pending).toBe(1);
    expect(ops()).toEqual([7]);
  });

  test("after a lost connection the same changes are sent again", () => {
    session.add(change(1, "3@e"));
    const [first] = world.sending.request.changes ?? [];
    world.follow.sink({ frame: "entry", ts: 6, prev: 5, events: [] });
    world.sending.sink({ frame: "lost" });
    session.connected(false, true);
    session.add(change(2));
    const before = world.asked.length;
    session.connected(true, true);
    expect(world.asked.length).toBeGreaterThan(before);
    expect(ops()).toEqual([1, 2]);
    // Exactly the same: another `seen` under the same number would be refused.
    expect(world.sending.request.changes?.[0]).toEqual(first);
  });

  test("a request that is lost on an open connection is sent again", () => {
    session.add(change(1));
    const before = world.asked.length;
    world.follow.sink({ frame: "lost" });
    world.sending.sink({ frame: "lost" });
    world.pass(1_000);
    expect(world.asked.slice(before).map((it) => it.request.follow)).toEqual(["live", "none"]);
    expect(ops()).toEqual([1]);
  });

  test("the outcomes of a diff that is behind the state count all the same", () => {
    session.add(change(1));
    world.follow.sink({ frame: "entry", ts: 8, prev: 5, events: [] });
    world.sending.sink(diff("6@e", { from: 5, outcomes: [applied(1)] }));
    expect(session.view).toMatchObject({ pending: 0, cursor: "8@e" });
  });

  test("an entry that acknowledges a change of this device is its outcome", () => {
    session.add(change(1));
    const ack = { user: "u", op: 1, outcome: "applied" } as const;
    const entry = { frame: "entry", prev: 5, ts: 6, events: [] } as const;
    world.follow.sink({ ...entry, acks: [{ ...ack, device: "another" }] });
    expect(session.view.pending).toBe(1);
    world.follow.sink({ ...entry, prev: 6, ts: 7, acks: [{ ...ack, device: "device" }] });
    expect(session.view.pending).toBe(0);
    expect(world.settledOps).toEqual([1]);
  });

  test("the frames of a diff are applied together", () => {
    world.follow.sink(diff("9@e", { from: 5, more: true, messages: [message("a", 9, "m")] }));
    expect(session.state.messages.has("a")).toBe(false);
    world.follow.sink(diff("9@e", { from: 5, messages: [message("b", 9, "a")] }));
    expect([...session.state.messages.keys()]).toEqual(["m", "a", "b"]);
  });

  test("a diff that does not fit the copy is requested again, then from the beginning", () => {
    world.follow.sink({ frame: "lost" });
    world.pass(1_000);
    const second = world.follow;
    second.sink(diff("9@e", { from: 7 }));
    expect(second.cancelled).toBe(true);
    expect(world.follow).not.toBe(second);
    expect(world.follow.request.cursor).toBe("5@e");
    world.follow.sink(diff("9@e", { from: 7 }));
    expect(world.follow.request.cursor).toBeUndefined();
    expect(session.view.messages.map((it) => it.id)).toEqual(["m"]);
  });

  test.each([
    ["an entry", { frame: "entry", ts: 6, prev: 5, events: null }],
    ["an event", { frame: "entry", ts: 6, prev: 5, events: [{ type: "message_put" }] }],
    ["a diff", { ...diff("9@e", { from: 5 }), messages: [null] }],
  ])("of %s that nobody can make anything of, nothing is taken", (_, frame) => {
    const first = world.follow;
    const held = session.state;
    first.sink(frame as never);
    expect(session.state).toBe(held);
    expect(first.cancelled).toBe(true);
    expect(world.follow.request.cursor).toBe("5@e");
  });

  test.each([
    ["an entry", { frame: "entry", ts: 6, prev: 5, events: [] }, "events"],
    ["a diff", diff("6@e", { from: 5 }), "messages"],
  ])(
    "an error of our own in %s is no gap: it surfaces, and nothing is asked anew",
    (_, frame, read) => {
      const asked = world.asked.length;
      const ours = new TypeError("ours");
      Object.defineProperty(frame, read, {
        get: () => {
          throw ours;
        },
      });
      expect(() => world.follow.sink(frame as never)).toThrow(ours);
      expect(world.asked.length).toBe(asked);
      expect(world.follow.cancelled).toBe(false);
    },
  );

  test("after a gap it asks again from its cursor, then from nothing", () => {
    const first = world.follow;
    first.sink({ frame: "entry", ts: 9, prev: 7, events: [] });
    expect(first.cancelled).toBe(true);
    expect(world.follow.request.cursor).toBe("5@e");
    world.follow.sink({ frame: "entry", ts: 9, prev: 7, events: [] });
    expect(world.follow.request.cursor).toBeUndefined();
    world.follow.sink(diff("9@e", { thread: thread(9, "n"), messages: [message("n", 9)] }));
    expect([...session.state.messages.keys()]).toEqual(["n"]);
  });

  test("messages of an unknown history that the server lacks are lost, and can be offered", () => {
    world.follow.sink({ frame: "lost" });
    session.connected(false, true);
    session.connected(true, true);
    world.follow.sink(failure(409, "unknown_history"));
    expect(session.view.messages.map((it) => it.id)).toEqual(["m"]);
    expect(world.follow.request.cursor).toBeUndefined();
    world.follow.sink(diff("4@f", { thread: thread(4, "k"), messages: [message("k", 3)] }));
    expect(session.view.messages.map((it) => it.id)).toEqual(["k"]);
    expect(session.view.lost.map((it) => it.id)).toEqual(["m"]);
    session.forgetLost(["m"]);
    expect(session.view.lost).toEqual([]);
  });

  test("messages that another tab discarded are not lost here, also if this tab learns of it first", () => {
    session.forgetLost(["m"]);
    world.follow.sink(failure(409, "unknown_history"));
    world.follow.sink(diff("4@f", { thread: thread(4, "k"), messages: [message("k", 3)] }));
    expect(session.view.lost).toEqual([]);
  });

  test("lost messages are kept, until they are offered", () => {
    world.follow.sink(failure(409, "unknown_history"));
    world.follow.sink(diff("4@f", { thread: thread(4, "k"), messages: [message("k", 3)] }));
    world.pass(1_000);
    const reloaded = createSession("t", world);
    reloaded.load(last(world.kept), []);
    expect(reloaded.view.lost.map((it) => it.id)).toEqual(["m"]);
    reloaded.forgetLost(["m"]);
    world.pass(1_000);
    expect(last(world.kept).lost).toEqual([]);
  });

  test("changes refused before the page was loaded are reported, and not sent", () => {
    session.connected(false, true);
    const why = { code: "unknown_message", detail: "There is none." };
    session.load(null, [{ ...change(1), refused: why }, change(2)]);
    session.add({ ...change(1), refused: why });
    expect(session.view.refused).toMatchObject([{ op: 1, ...why }]);
    expect(session.view.pending).toBe(1);
    session.connected(true, true);
    expect(ops()).toEqual([2]);
    session.dismiss(1);
    expect(session.view.refused).toEqual([]);
    expect(world.settledOps).toEqual([1]);
  });

  test("an edit that was refused as changed has the present message, as it goes on changing", () => {
    const edit = { type: "put_message", message: { id: "m", text: "mine" } } as const;
    session.add({ ...change(1, "3@e"), change: { ...edit, if_unchanged: true } });
    const newer = {
      ...message("m", 5),
      parts: [{ type: "text", text: "theirs" }],
      updated: 7,
    } as const;
    const outcome = { ...applied(1), outcome: "refused", code: "changed" } as const;
    world.sending.sink(diff("7@e", { from: 5, messages: [newer], outcomes: [outcome] }));
    expect(session.view.refused).toMatchObject([{ op: 1, change: edit, now: newer }]);
    expect(session.view.refused[0]).toBe(session.view.refused[0]);
    world.follow.sink({
      frame: "entry",
      ts: 8,
      prev: 7,
      events: [{ type: "message_deleted", message: "m" }],
    });
    expect(session.view.refused).toMatchObject([{ op: 1, change: edit, now: null }]);
  });

  test("a change that another tab dismissed is dismissed here", () => {
    session.add(change(1));
    world.sending.sink(diff("5@e", { outcomes: [{ ...applied(1), outcome: "refused" }] }));
    expect(session.view.refused.map((it) => it.op)).toEqual([1]);
    session.settle([{ op: 1, outcome: "dismissed" }]);
    expect(session.view.refused).toEqual([]);
  });

  test("lost messages that come back, from any side, are not lost any more", () => {
    world.follow.sink(failure(409, "unknown_history"));
    world.follow.sink(diff("4@f", { thread: thread(4, "k"), messages: [message("k", 3)] }));
    world.pass(1_000);
    const stored = last(world.kept);
    const back = { type: "message_put", message: message("m", 6) } as const;
    world.follow.sink({ frame: "entry", ts: 6, prev: 4, events: [back] });
    expect(session.view.lost).toEqual([]);
    // Another tab, which did not follow meanwhile, has stored it as lost with the newer state.
    world.pass(1_000);
    const reloaded = createSession("t", world);
    reloaded.load({ ...last(world.kept), lost: stored.lost }, []);
    expect(reloaded.view.lost).toEqual([]);
  });

  test("a message that was deleted does not count as lost", () => {
    world.follow.sink(failure(409, "unknown_history"));
    world.follow.sink(diff("4@f", { thread: thread(4), removed: ["m"] }));
    expect(session.view.lost).toEqual([]);
  });

  test("a server that has nothing of the thread makes all of it lost", () => {
    world.follow.sink(failure(409, "unknown_history"));
    world.follow.sink(failure(404, "unknown_thread"));
    expect(session.view).toMatchObject({ messages: [], status: "ready", thread: null });
    expect(session.view.lost.map((it) => it.id)).toEqual(["m"]);
    expect(world.gone).toBe(1);
  });

  test("after a rewind, changes seen beyond the restored point get new numbers, seen as now", () => {
    session.connected(false, true);
    session.add(change(1, "3@e"));
    session.add(change(2, "5@e"));
    session.connected(true, true);
    const kept = { reason: "rewound", kept_until: 3 };
    world.sending.sink(
      diff("4@f", { reset: kept, thread: thread(4, "k"), messages: [message("k", 2)] }),
    );
    expect(session.view.lost.map((it) => it.id)).toEqual(["m"]);
    expect(world.renumbering).toEqual([{ ops: [2], seen: "4@f" }]);
    const sent = world.asked.length;
    session.act();
    expect(world.asked.slice(sent).filter((it) => it.request.changes)).toEqual([]);
    session.renumbered([change(3, "4@f")], [2]);
    expect(ops()).toEqual([1, 3]);
  });

  test("a reset of many frames is in the first of them, and counts for all", () => {
    session.connected(false, true);
    session.add(change(1, "5@e"));
    session.connected(true, true);
    const reset = { reason: "rewound", kept_until: 3 };
    world.sending.sink(diff("4@f", { reset, more: true, messages: [message("k", 2)] }));
    world.sending.sink(diff("4@f", { thread: thread(4, "l"), messages: [message("l", 2, "k")] }));
    expect([...session.state.messages.keys()]).toEqual(["k", "l"]);
    expect(session.view.lost.map((it) => it.id)).toEqual(["m"]);
    expect(world.renumbering).toEqual([{ ops: [1], seen: "4@f" }]);
  });

  test("a rewinding that is told again, and late, takes back no later entry", () => {
    session.connected(false, true);
    session.add(change(1, "5@e"));
    session.connected(true, true);
    const reset = { reason: "rewound", kept_until: 3 };
    const told = diff("4@f", { reset, thread: thread(4, "k"), messages: [message("k", 2)] });
    world.follow.sink(told);
    world.follow.sink(
      diff("6@f", { from: 4, thread: thread(6, "l"), messages: [message("l", 6, "k")] }),
    );
    world.sending.sink(told);
    expect(session.state.ts).toBe(6);
    expect([...session.state.messages.keys()]).toEqual(["k", "l"]);
    expect(ops(), "it was not tried").toEqual([1]);
  });

  test("on a reset for the digest nothing is lost, and the changes are sent again", () => {
    session.add(change(1));
    const reset = { reason: "digest" };
    world.sending.sink(diff("6@f", { reset, thread: thread(6, "n"), messages: [message("n", 2)] }));
    expect(session.view.lost).toEqual([]);
    expect(ops()).toEqual([1]);
    expect(world.sending.request.cursor).toBe("6@f");
  });

  test("the change that a refusal names is refused alone", () => {
    session.connected(false, true);
    for (const op of [1, 2, 3]) session.add(change(op));
    session.connected(true, true);
    world.sending.sink(failure(422, "invalid", "changes[1].title"));
    expect(session.view.refused.map((it) => it.op)).toEqual([2]);
    expect(ops()).toEqual([1, 3]);
  });

  test("if a refusal names no change, the session finds the faulty one by halving", () => {
    session.connected(false, true);
    for (let op = 1; op <= 8; op += 1) session.add(change(op));
    session.connected(true, true);
    let requests = 0;
    while (session.view.pending > 0 && requests++ < 20) {
      const sent = ops() ?? [];
      if (sent.includes(6)) world.sending.sink(failure(413, "too_large"));
      else world.sending.sink(diff("6@e", { from: 5, outcomes: sent.map(applied) }));
    }
    expect(session.view.refused.map((it) => it.op)).toEqual([6]);
    expect(world.settledOps.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(requests).toBeLessThan(10);
  });

  test("when the server is overloaded it waits, longer each time", () => {
    session.add(change(1));
    const waits: number[] = [];
    for (let time = 0; time < 4; time += 1) {
      world.sending.sink(failure(503, "overloaded"));
      const asked = world.asked.length;
      const start = world.now;
      while (world.asked.length === asked && world.now - start < 60_000) world.pass(25);
      waits.push(world.now - start);
    }
    expect(waits).toEqual([375, 750, 1500, 3000]);
    expect(session.view.pending).toBe(1);
    expect(session.view.error).toBeNull();
  });

  test("a request without a word on its changes is not sent again at once", () => {
    session.add(change(1));
    const asked = world.asked.length;
    world.sending.sink(diff("6@e", { from: 5 }));
    expect(world.asked.length).toBe(asked);
    world.pass(1_000);
    expect(ops()).toEqual([1]);
  });

  test("a deleted thread takes its copy and its changes with it", () => {
    session.add(change(1));
    world.follow.sink({ frame: "end", cursor: "6@e", reason: "deleted" });
    expect(session.view).toMatchObject({ status: "error", error: { code: "deleted" }, pending: 0 });
    expect(session.view.refused[0]).toMatchObject({ op: 1, code: "deleted" });
    expect(world.dropped).toBe(1);
    expect(world.settledOps).toEqual([1]);
  });

  test("the stored copy is checked by its digest, once", () => {
    const fresh = createSession("t", world);
    const { thread: held, messages } = session.state;
    const stored = {
      id: "t",
      cursor: "5@e",
      thread: held as Thread,
      messages: [...messages.values()],
      runs: [],
    };
    fresh.load(stored, []);
    expect(fresh.view.messages.map((it) => it.id)).toEqual(["m"]);
    fresh.watch(true);
    fresh.connected(true, true);
    const before = world.asked.length;
    fresh.start("d1");
    expect(world.asked.length).toBe(before + 1);
    expect(world.follow.request).toMatchObject({ cursor: "5@e", digest: "d1" });
    world.follow.sink({ frame: "entry", ts: 6, prev: 5, events: [] });
    world.follow.sink({ frame: "lost" });
    world.pass(1_000);
    expect(world.follow.request.digest).toBeUndefined();
  });

  test("a state is kept when its run is over or it rests, not with each word", () => {
    world.pass(2_000);
    const before = world.kept.length;
    for (let ts = 6; ts < 30; ts += 1) {
      world.follow.sink({ frame: "entry", ts, prev: ts - 1, events: [] });
      world.pass(100);
    }
    expect(world.kept.length).toBe(before);
    world.pass(1_000);
    expect(world.kept.at(-1)?.cursor).toBe("29@e");
    expect(world.kept.length).toBe(before + 1);
  });

  test("a tab that does not send leaves it to the one that does, and hears of the outcome", () => {
    session.connected(true, false);
    session.add(change(1));
    expect(world.asked.filter((it) => it.request.changes)).toEqual([]);
    session.settle([applied(1)]);
    expect(session.view.pending).toBe(0);
    session.add(change(1));
    expect(session.view.pending).toBe(0);
    session.add(change(2));
    session.connected(true, true);
    expect(ops()).toEqual([2]);
  });

  test("a thread without subscribers is not followed", () => {
    const { follow } = world;
    session.watch(false);
    expect(follow.cancelled).toBe(true);
    const before = world.asked.length;
    session.connected(false, true);
    session.connected(true, true);
    expect(world.asked.length).toBe(before);
  });

  test("the seen state is the one handed out last, or the marked one", () => {
    expect(session.view.cursor).toBe("5@e");
    world.follow.sink({ frame: "entry", ts: 6, prev: 5, events: [] });
    expect(session.seen().cursor).toBe("5@e");
    expect(session.view.cursor).toBe("6@e");
    session.markSeen("5@e", [{ message: "m", part: 0, length: 0 }]);
    expect(session.seen()).toMatchObject({ cursor: "5@e", shown: [{ length: 0 }] });
    session.markSeen("6@e", []);
    session.markSeen("5@e", []);
    expect(session.seen()).toMatchObject({ cursor: "6@e", shown: [] });
  });
});
