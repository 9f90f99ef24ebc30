// SPDX-License-Identifier: Apache-2.0
// session.ts: one thread's side of the protocol.
//
// It owns all that is known of the thread and does nothing itself: what comes in (frames, changes,
// the connection) changes what it holds, and what is to be done goes out through `Outside`. There
// are at most two exchanges at a time: one that follows the thread while somebody looks, and one
// with all unanswered changes. Both answer with a diff from the cursor held to now, so it does not
// matter which of them is faster.
//
// Longer than most: what an exchange brings decides what is held (a reset, a gap, a rewinding), and
// what is held decides what is asked next. Parted, each half would know all of the other.

import { createChanges, isFull } from "./changes.js";
import { delayAfter } from "./clock.js";
import { apply, partsOf } from "./diff.js";
import { memo } from "./equal.js";
import { fold, Gap } from "./fold.js";
import type { Sink } from "./net/link.js";
import { branchesOf, project } from "./project.js";
import { type Seen, createScreens } from "./screens.js";
import { cursorOf, emptyState, type ThreadState } from "./state.js";
import type { PendingChange, RefusedChange, Settled, StoredThread, ThreadView } from "./types.js";
import type {
  Cursor,
  DiffFrame,
  EntryFrame,
  FailureFrame,
  Message,
  Shown,
  SyncRequest,
  Timestamp,
} from "./wire.js";

/** What a session asks of the world. */
export interface Outside {
  device(): string;
  sync(request: SyncRequest & { readonly thread: string }, sink: Sink): () => void;
  after(milliseconds: number, task: () => void): () => void;
  random(): number;
  /** Answered: no longer to be kept. */
  settled(thread: string, outcomes: readonly Settled[]): void;
  /** These are to be numbered anew, as seen at this cursor or as before; they come back by `renumbered`. */
  renumber(thread: string, ops: readonly number[], seen: Cursor | null | undefined): void;
  keep(thread: StoredThread): void;
  drop(thread: string): void;
  /** The thread is not there yet: somebody is to call `appeared`. */
  missing(thread: string): void;
  changed(): void;
}

export interface Session {
  readonly id: string;
  readonly state: ThreadState;
  /** The run that was asked for last and of which the server knows nothing yet. */
  readonly starting: string | undefined;
  /** The numbers of the changes that wait for their outcome. */
  readonly unanswered: readonly number[];

  /** The same until `changed` was called. */
  readonly view: ThreadView;
  show(message: string | null): void;
  branches(message: string): readonly string[];
  markSeen(cursor: Cursor, shown?: readonly Shown[]): void;
  /** What its user has seen: the state, its cursor, and how much of which part. */
  seen(): Seen;

  /** What this browser held: shown at once. */
  load(stored: StoredThread | null, pending: readonly PendingChange[]): void;
  /** From now on the server is asked. `digest`: of the path of what was loaded. */
  start(digest: string | null): void;
  /** `former`: its provisional number. Returns its outcome, if that is known already. */
  add(change: PendingChange, former?: number): Settled | null;
  /** What came of changes elsewhere: another tab was told. */
  settle(outcomes: readonly Settled[]): void;
  renumbered(changes: readonly PendingChange[], former: readonly number[]): void;
  dismiss(op: number): void;
  /** What was lost is said again. */
  offered(): void;
  /** These are lost no more, and never will be. */
  forgetLost(messages: readonly string[]): void;
  /** These messages are shown as deleted, or the whole thread is. */
  hide(messages: readonly string[], all: boolean): void;
  watch(watched: boolean): void;
  /** Is there a connection, and is it this tab that sends? */
  connected(up: boolean, sends: boolean): void;
  appeared(): void;
  deleted(): void;
  /** Does what can be done now. */
  act(): void;
  /** Stores what is held, if it is not stored. */
  keepNow(): void;
  /** Nothing more is to be done. */
  end(): void;
}

interface Exchange {
  /** All is asked for, in place of what is held. */
  readonly fresh: boolean;
  /** The changes that it carries; none: it follows. */
  readonly ops: readonly number[];
  frames: DiffFrame[];
  cancel?: () => void;
}

type Problem = { readonly code: string; readonly detail: string };

const idle = 1_000;
const firstDelay = 500;
const isDeleted: Problem = { code: "deleted", detail: "The thread is deleted." };

export const createSession = (id: string, outside: Outside): Session => {
  const changes = createChanges(id);
  const screens = createScreens();
  let state = emptyState(id);
  let look: string | null = null;
  let lost: readonly Message[] = [];
  const forgotten = new Set<string>();
  let error: Problem | null = null;
  let view: ThreadView | null = null;
  let former: ThreadView | undefined;
  let hidden: readonly PendingChange[] = [];
  let hiddenAll = false;

  let loaded = false;
  let known = false;
  let gone = false;
  let absent = false;
  let fresh = false;
  let gaps = 0;
  let digestAt: { readonly ts: Timestamp; readonly digest: string } | null = null;

  let up = false;
  let sends = true;
  let watched = false;
  let follow: Exchange | null = null;
  let sending: Exchange | null = null;
  let failures = 0;
  let cancelWaiting: (() => void) | null = null;
  let cancelKeeping: (() => void) | undefined;
  let kept: ThreadState | null = null;

  // --- What is shown -----------------------------------------------------------------------------

  const shownChanges = () => [...changes.pending, ...hidden];

  const viewNow = (): ThreadView => {
    if (hiddenAll) return { ...goneView(id), error: isDeleted };
    const { pending } = changes;
    const shown = project(state, shownChanges(), look, former);
    // That there is nothing yet is known, too.
    const found = known && shown.status === "loading" ? "ready" : shown.status;
    return {
      ...shown,
      status: error ? "error" : found,
      pending: pending.length,
      refused: changes.refused.map(told),
      lost,
      error: error ?? shown.error,
      cursor: cursorOf(state),
    };
  };

  const told = (refused: RefusedChange): RefusedChange => {
    const { code, change } = refused;
    if (code !== "changed") return refused;
    const id = change.type === "put_message" ? change.message.id : undefined;
    const message = change.type === "delete_message" ? change.message : id;
    return withNow(refused, state.messages.get(message ?? "") ?? null);
  };

  const changed = (): void => {
    view = null;
    // Whoever put it back, in whatever tab: what is there is not lost.
    if (lost.some(isThere)) lost = lost.filter((it) => !isThere(it));
    outside.changed();
  };

  const isThere = (message: Message) => state.messages.has(message.id);

  const changedAndAct = (): void => {
    changed();
    act();
  };

  // --- Exchanges ---------------------------------------------------------------------------------

  const act = (): void => {
    if (!loaded || !up || gone || cancelWaiting) return;
    const [batch, heldBack] = sends ? changes.batch(state) : [[], false];
    // Where something waits for room, somebody has to look whether there is.
    const follows = watched || heldBack;
    if (!follows) unfollow();
    if (follows && !follow && !absent) {
      const digest = !fresh && digestAt?.ts === state.ts ? digestAt.digest : undefined;
      follow = begin([]);
      ask(follow, { digest, follow: "live" });
    }
    if (batch.length > 0 && !sending) {
      sending = begin(batch.map(({ op }) => op));
      const said = batch.map(({ op, seen, change }) => ({
        ...change,
        op,
        seen: seen ?? undefined,
      }));
      ask(sending, { device: outside.device(), changes: said, follow: "none" });
    }
  };

  const begin = (ops: readonly number[]): Exchange => ({ fresh, ops, frames: [] });

  const ask = (exchange: Exchange, fields: SyncRequest): void => {
    const cursor = (fresh ? null : cursorOf(state)) ?? undefined;
    exchange.cancel = outside.sync({ thread: id, cursor, ...fields }, (frame) => {
      if (exchange !== follow && exchange !== sending) return;
      if (frame.frame === "diff") return tookDiff(exchange, frame);
      if (frame.frame === "entry") return tookEntry(frame);
      if (frame.frame === "live" || frame.frame === "feed") return;
      if (exchange === follow) follow = null;
      else sending = null;
      if (frame.frame === "failure") failed(exchange, frame);
      else if (frame.frame === "end") ended(frame.reason);
      // By another tab that leads no more, while the connection seems to be there.
      else if (up) backOff();
    });
  };

  const unfollow = (): void => {
    follow?.cancel?.();
    follow = null;
  };

  const cancelAll = (): void => {
    follow?.cancel?.();
    sending?.cancel?.();
    follow = sending = null;
  };

  const backOff = (): void => {
    if (cancelWaiting) return;
    cancelWaiting = outside.after(delayAfter(failures++, firstDelay, outside.random), () => {
      cancelWaiting = null;
      act();
    });
  };

  // --- What comes --------------------------------------------------------------------------------

  const tookDiff = (exchange: Exchange, frame: DiffFrame): void => {
    const { ops, frames } = exchange;
    frames.push(frame);
    if (frame.more) return;
    exchange.frames = [];
    failures = 0;
    absent = false;
    if (exchange === sending) sending = null;
    // Outcomes count even where the diff is behind what is held, or does not fit it.
    const full = frame.outcomes.filter(({ op, code }) => code === "too_many" && changes.isTurn(op));
    tellSettled(frame.outcomes.filter((it) => !full.includes(it)));
    const reset = frames.find((it) => it.reset)?.reset;
    if (!applyDiff(exchange, frames, reset)) gap();
    // Turns of another device were faster: there was no room. They wait for it, under new numbers.
    if (full.length > 0 && isFull(state)) {
      const first = Math.min(...full.map(({ op = 0 }) => op));
      renumber(({ op }) => op >= first, undefined);
    } else {
      tellSettled(full);
    }
    if (ops.length > 0 && changes.answered(ops, frame.outcomes, !!reset)) backOff();
    changedAndAct();
  };

  /** False: it does not follow from what is held. An error of ours is none of the server's. */
  const follows = (next: () => ThreadState): boolean => {
    try {
      state = next();
      return true;
    } catch (error) {
      if (error instanceof Gap) return false;
      throw error;
    }
  };

  const applyDiff = (
    exchange: Exchange,
    frames: readonly DiffFrame[],
    reset: DiffFrame["reset"],
  ): boolean => {
    const before = state;
    const replaces = exchange.fresh && fresh;
    if (!follows(() => apply(replaces ? emptyState(id) : before, frames))) return false;
    known = true;
    gaps = 0;
    error = null;
    if (exchange.fresh) fresh = false;
    const rewound = reset?.reason === "rewound" && before.epoch !== state.epoch;
    if (replaces || rewound) {
      const from = reset?.kept_until ?? 0;
      lose(before, from, new Set(frames.flatMap((it) => it.removed)));
      if (rewound) {
        // What was seen beyond the cut is of no history: the changes made on it are said anew.
        renumber(({ seen }) => seen !== null && partsOf(seen)[0] > from, cursorOf(state));
      }
    }
    if (state !== before) keepSoon(true);
    return true;
  };

  const renumber = (
    meant: (change: PendingChange) => boolean,
    seen: Cursor | null | undefined,
  ): void => {
    const ops = changes.hold(meant);
    if (ops.length > 0) outside.renumber(id, ops, seen);
  };

  // What this device holds and the server does not: it was there, and is not any more. What is there
  // after all goes with the next `changed`, which every caller says.
  const lose = (before: ThreadState, from: Timestamp, removed: ReadonlySet<string>): void => {
    screens.clear();
    const newly = [...before.messages.values()].filter(
      ({ id: name, created }) =>
        created > from &&
        !removed.has(name) &&
        !forgotten.has(name) &&
        lost.every((it) => it.id !== name),
    );
    lost = [...lost, ...newly];
  };

  const loseOnly = (messages: readonly Message[]): void => {
    lost = messages;
    kept = null;
    keepSoon(true);
    changed();
  };

  const tookEntry = (entry: EntryFrame): void => {
    const before = state;
    if (!follows(() => fold(before, entry))) {
      gap();
      return act();
    }
    const device = outside.device();
    // A refusal's reason comes with its outcome.
    const acks = entry.acks?.filter((it) => it.device === device && it.outcome === "applied");
    if (acks) tellSettled(acks.map((it) => ({ ...it, ts: entry.ts })));
    if (state === before) return;
    keepSoon(entry.events.some((it) => it.type === "run_ended"));
    changedAndAct();
  };

  // Once more from the cursor held; if that does not help, from nothing.
  const gap = (): void => {
    unfollow();
    if (gaps++ > 0) fresh = true;
    if (gaps > 2) backOff();
  };

  const ended = (reason: "done" | "deleted" | "forbidden" | "shutdown"): void => {
    if (reason === "deleted") deleted();
    else if (reason === "done" && state.ts === 0) notThere();
    // The server says good-bye, or has no more for us: the connection goes with it, as a rule.
    else backOff();
  };

  const notThere = (): void => {
    absent = known = true;
    if (fresh) {
      // The server has nothing of what is held here.
      const before = state;
      fresh = false;
      state = emptyState(id);
      lose(before, 0, new Set());
    }
    outside.missing(id);
    changedAndAct();
  };

  const failed = ({ ops }: Exchange, failure: FailureFrame): void => {
    const { status, code, detail = failure.title ?? "", retry, path = "" } = failure;
    if (status === 410) return deleted();
    if (status === 409) {
      // The server does not know the history of our cursor. What is held stays until its own came.
      if (fresh) backOff();
      fresh = true;
      return act();
    }
    if (ops.length === 0 && code === "unknown_thread") {
      fresh ||= state.ts > 0;
      return notThere();
    }
    if (ops.length > 0 && [400, 404, 413, 422].includes(status)) {
      // A request with changes was not taken. What is to blame must not block the others.
      const index = /changes\[(\d+)\]/.exec(path)?.[1];
      const blamed = changes.blame(ops, index === undefined ? index : +index);
      if (blamed) refuse([blamed], { code, detail });
      return changedAndAct();
    }
    if (!retry) error = { code, detail };
    backOff();
    changed();
  };

  const deleted = (): void => {
    gone = known = true;
    cancelAll();
    cancelKeeping?.();
    state = emptyState(id);
    error = isDeleted;
    refuse(changes.pending, isDeleted);
    outside.drop(id);
    changed();
  };

  const refuse = (refused: readonly PendingChange[], why: Problem): void =>
    tellSettled(refused.map(({ op }) => ({ op, outcome: "refused", ...why })));

  const tellSettled = (outcomes: readonly Settled[]): void => {
    const settled = changes.settle(outcomes);
    if (settled.length > 0) outside.settled(id, settled);
  };

  // --- Keeping -----------------------------------------------------------------------------------

  const keepSoon = (boundary: boolean): void => {
    cancelKeeping?.();
    cancelKeeping = outside.after(boundary ? 0 : idle, keepNow);
  };

  const keepNow = (): void => {
    cancelKeeping?.();
    const { thread, messages, runs } = state;
    const cursor = cursorOf(state);
    if (!cursor || !thread || kept === state) return;
    kept = state;
    const [all, asked] = [[...messages.values()], [...runs.values()]];
    outside.keep({ id, cursor, thread, messages: all, runs: asked, lost });
  };

  return {
    id,
    get state() {
      return state;
    },
    get starting() {
      const unknown = ({ change }: PendingChange) =>
        change.type === "start_run" && !state.runs.has(change.run ?? "");
      return (changes.pending.findLast(unknown)?.change as { run?: string } | undefined)?.run;
    },
    get unanswered() {
      return changes.pending.map(({ op }) => op).filter((op) => op > 0);
    },
    get view() {
      view ??= former = viewNow();
      screens.handed(state);
      return view;
    },
    show(message) {
      look = message;
      changed();
    },
    branches: (message) => branchesOf(state, shownChanges(), message),
    markSeen: (cursor, shown = []) => screens.mark(cursor, shown),
    seen: () => screens.seen(state),

    load(stored, pending) {
      if (gone) return;
      if (stored) {
        state = kept = stateOf(stored);
        lost = stored.lost ?? lost;
      }
      changes.merge(pending);
      changed();
    },
    start(digest) {
      if (digest) digestAt = { ts: state.ts, digest };
      loaded = true;
      act();
    },
    add(change, provisional) {
      const outcome = changes.add(change, provisional);
      if (gone && change.op > 0) refuse([change], isDeleted);
      changedAndAct();
      return outcome;
    },
    settle(outcomes) {
      if (changes.settle(outcomes).length > 0) changed();
    },
    renumbered(numbered, ops) {
      changes.renumbered(numbered, ops);
      changedAndAct();
    },
    dismiss(op) {
      tellSettled([{ op, outcome: "dismissed" }]);
      changed();
    },
    offered: () => loseOnly([]),
    forgetLost(messages) {
      for (const message of messages) forgotten.add(message);
      loseOnly(lost.filter((it) => !forgotten.has(it.id)));
    },
    hide(messages, all) {
      if (messages.length + hidden.length === 0 && all === hiddenAll) return;
      hidden = messages.map((message) => deletionOf(id, message));
      hiddenAll = all;
      changed();
    },
    watch(now) {
      watched = now;
      if (!now) {
        unfollow();
        keepNow();
      }
      act();
    },
    connected(isUp, itSends) {
      if (isUp === up && itSends === sends) return;
      up = isUp;
      sends = itSends;
      if (up) {
        absent = false;
        failures = 0;
        cancelWaiting?.();
        cancelWaiting = null;
      }
      act();
    },
    appeared() {
      absent = false;
      act();
    },
    deleted,
    act,
    keepNow,
    end() {
      keepNow();
      up = false;
      cancelAll();
      cancelWaiting?.();
    },
  };
};

const withNow = memo((refused: RefusedChange, now: Message | null) => ({ ...refused, now }));

const deletionOf = (thread: string, message: string): PendingChange => ({
  op: 0,
  thread,
  change: { type: "delete_message", message },
  seen: null,
});

const goneView = (id: string): ThreadView => ({
  ...project(emptyState(id), [], null),
  status: "error",
  pending: 0,
  refused: [],
  lost: [],
  cursor: null,
});

const stateOf = ({ id, cursor, thread, messages, runs }: StoredThread): ThreadState => {
  const [ts, epoch] = partsOf(cursor);
  const byId = <Item extends { readonly id: string }>(items: readonly Item[]) =>
    new Map(items.map((it) => [it.id, it]));
  return { id, ts, epoch, thread, messages: byId(messages), runs: byId(runs) };
};
