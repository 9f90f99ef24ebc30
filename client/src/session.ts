// SPDX-License-Identifier: Apache-2.0
// session.ts: one thread's side of the protocol.
//
// It owns the copy of the thread (the replica: replica.ts, which is pure) and keeps it in step.
// Inputs are frames, changes and the state of the connection; effects go out through `Outside`. Its
// exchanges with the server are in exchanges.ts.
//
// The phase of the replica:
//
//              start           a diff              409, a second gap (from asking, too)
//    loading ─────────> asking ────────> known ─────────────────────────────> stale
//                          │              │ ^ ^                                │ │
//                          │              │ │ └───── a diff of everything ─────┘ │
//           no such thread │              │ │                                    │
//                          │              v │ a diff, appeared, connected        │
//                          └────────────> absent <───────── no such thread ──────┘
//
//    from each of them: the thread is deleted ────> gone, for good
//
// In `loading` the session reads the store and asks nothing. In `asking` and `known` it asks for
// the diff from the cursor held, if there is one. In `stale` it asks for the whole thread, because
// the server does not know the cursor held; the answer replaces the copy. In `absent` it follows
// nothing, but sends changes. In `gone` it asks nothing.
//
// A frame that does not follow from the copy is a gap: the session asks again, at once after the
// first two in a row, after a delay from the third on.

import { type Changes, createChanges, isFull } from "./changes.js";
import { partsOf } from "./diff.js";
import { createExchanges, type Exchange, type Exchanges, type Taken } from "./exchanges.js";
import { branchesOf, project } from "./project.js";
import {
  afterGap,
  emptyReplica,
  isDeleted,
  onward,
  type Replica,
  whenAbsent,
  whenGone,
  withDiff,
  withEntry,
  withForgotten,
  withoutFound,
  withStored,
} from "./replica.js";
import { createScreens, type Seen } from "./screens.js";
import type { Outside, Session } from "./session_face.js";
import { cursorOf, type ThreadState } from "./state.js";
import type { PendingChange, Settled, StoredThread, ThreadView } from "./types.js";
import { deletionOf, goneView, viewOf } from "./view.js";
import type { Cursor, DiffFrame, EntryFrame, FailureFrame, Shown, Timestamp } from "./wire.js";

type Problem = { readonly code: string; readonly detail: string };

const idle = 1_000;

export const createSession = (id: string, outside: Outside): Session =>
  new ThreadSession(id, outside);

class ThreadSession implements Session {
  readonly id: string;
  readonly #outside: Outside;
  readonly #changes: Changes;
  readonly #screens = createScreens();
  #held: Replica;
  #look: string | null = null;
  #hidden: readonly PendingChange[] = [];
  #hiddenAll = false;
  #view: ThreadView | null = null;
  #former: ThreadView | undefined;

  /** The digest of the path that was loaded; it counts as long as the state is that one. */
  #digestAt: { readonly ts: Timestamp; readonly digest: string } | null = null;
  readonly #exchanges: Exchanges;
  #cancelKeeping: (() => void) | undefined;
  #kept: ThreadState | null = null;

  constructor(id: string, outside: Outside) {
    this.id = id;
    this.#outside = outside;
    this.#changes = createChanges(id);
    this.#held = emptyReplica(id);
    this.#exchanges = createExchanges(outside, this.#changes, {
      held: () => this.#held,
      digest: () => (this.#digestAt?.ts === this.state.ts ? this.#digestAt.digest : undefined),
      take: (exchange, frame) => this.#take(exchange, frame),
    });
  }

  // --- The view ----------------------------------------------------------------------------------

  get state(): ThreadState {
    return this.#held.state;
  }

  get pending(): readonly PendingChange[] {
    return this.#changes.pending;
  }

  get view(): ThreadView {
    this.#view ??= this.#former = this.#viewNow();
    this.#screens.handed(this.state);
    return this.#view;
  }

  show(message: string | null): void {
    this.#look = message;
    this.#changed();
  }

  branches(message: string): readonly string[] {
    return branchesOf(this.state, this.#shownChanges(), message);
  }

  markSeen(cursor: Cursor, shown: readonly Shown[] = []): void {
    this.#screens.mark(cursor, shown);
  }

  seen(): Seen {
    return this.#screens.seen(this.state);
  }

  hide(messages: readonly string[], all: boolean): void {
    if (messages.length + this.#hidden.length === 0 && all === this.#hiddenAll) return;
    this.#hidden = messages.map((message) => deletionOf(this.id, message));
    this.#hiddenAll = all;
    this.#changed();
  }

  #viewNow(): ThreadView {
    if (this.#hiddenAll) return goneView(this.id);
    const shown = project(this.state, this.#shownChanges(), this.#look, this.#former);
    return viewOf(this.#held, this.#changes, shown);
  }

  #shownChanges(): readonly PendingChange[] {
    return [...this.#changes.pending, ...this.#hidden];
  }

  #changed(): void {
    this.#view = null;
    this.#held = withoutFound(this.#held);
    this.#outside.changed();
  }

  #changedAndAct(): void {
    this.#changed();
    this.act();
  }

  // --- Changes -----------------------------------------------------------------------------------

  load(stored: StoredThread | null, pending: readonly PendingChange[]): void {
    if (this.#held.phase === "gone") return;
    if (stored) {
      this.#held = withStored(this.#held, stored);
      this.#kept = this.state;
    }
    this.#changes.merge(pending);
    this.#changed();
  }

  start(digest: string | null): void {
    if (digest) this.#digestAt = { ts: this.state.ts, digest };
    this.#held = onward(this.#held, "loading", "asking");
    this.act();
  }

  add(change: PendingChange, former?: number): Settled | null {
    const outcome = this.#changes.add(change, former);
    if (this.#held.phase === "gone" && change.op > 0) this.#refuse([change], isDeleted);
    this.#changedAndAct();
    return outcome;
  }

  settle(outcomes: readonly Settled[]): void {
    if (this.#changes.settle(outcomes).length > 0) this.#changed();
  }

  renumbered(changes: readonly PendingChange[], former: readonly number[]): void {
    this.#changes.renumbered(changes, former);
    this.#changedAndAct();
  }

  dismiss(op: number): void {
    this.#tellSettled([{ op, outcome: "dismissed" }]);
    this.#changed();
  }

  offered(): void {
    this.#lose({ ...this.#held, lost: [] });
  }

  forgetLost(messages: readonly string[]): void {
    this.#lose(withForgotten(this.#held, messages));
  }

  #lose(held: Replica): void {
    this.#held = held;
    this.#kept = null;
    this.#keepSoon(true);
    this.#changed();
  }

  #refuse(refused: readonly PendingChange[], why: Problem): void {
    this.#tellSettled(refused.map(({ op }) => ({ op, outcome: "refused", ...why })));
  }

  #tellSettled(outcomes: readonly Settled[]): void {
    const settled = this.#changes.settle(outcomes);
    if (settled.length > 0) this.#outside.settled(this.id, settled);
  }

  #renumber(meant: (change: PendingChange) => boolean, seen: Cursor | null | undefined): void {
    const ops = this.#changes.hold(meant);
    if (ops.length > 0) this.#outside.renumber(this.id, ops, seen);
  }

  // --- Requests ----------------------------------------------------------------------------------

  watch(watched: boolean): void {
    this.#exchanges.watched = watched;
    if (!watched) {
      this.#exchanges.unfollow();
      this.keepNow();
    }
    this.act();
  }

  connected(up: boolean, sends: boolean): void {
    if (!this.#exchanges.connect(up, sends)) return;
    if (up) this.#held = onward(this.#held, "absent", "known");
    this.act();
  }

  appeared(): void {
    this.#held = onward(this.#held, "absent", "known");
    this.act();
  }

  act(): void {
    this.#exchanges.act();
  }

  // --- Frames ------------------------------------------------------------------------------------

  #take(exchange: Exchange, frame: Taken): void {
    if (frame.frame === "diff") this.#tookDiff(exchange, frame);
    else if (frame.frame === "entry") this.#tookEntry(frame);
    else if (frame.frame === "failure") this.#failed(exchange, frame);
    else this.#ended(frame.reason);
  }

  #tookDiff(exchange: Exchange, frame: DiffFrame): void {
    const { ops, frames } = exchange;
    frames.push(frame);
    if (frame.more) return;
    exchange.frames = [];
    this.#exchanges.done(exchange);
    this.#held = onward(this.#held, "absent", "known");
    // Outcomes count even if the diff is older than the copy held, or does not follow from it.
    const full = frame.outcomes.filter(
      ({ op, code }) => code === "too_many" && this.#changes.isTurn(op),
    );
    this.#tellSettled(frame.outcomes.filter((it) => !full.includes(it)));
    this.#applyDiff(exchange, frames);
    // Another device filled the room for waiting turns first. Ours wait here, under new numbers,
    // because the server remembers the refusal of the old ones.
    if (full.length > 0 && isFull(this.state)) {
      const first = Math.min(...full.map(({ op = 0 }) => op));
      this.#renumber(({ op }) => op >= first, undefined);
    } else {
      this.#tellSettled(full);
    }
    const reset = frames.some((it) => it.reset);
    if (ops.length > 0 && this.#changes.answered(ops, frame.outcomes, reset))
      this.#exchanges.backOff();
    this.#changedAndAct();
  }

  #applyDiff({ anew }: Exchange, frames: readonly DiffFrame[]): void {
    const before = this.#held;
    const diffed = withDiff(before, frames, anew);
    if (!diffed) return this.#gap();
    this.#replace(diffed.held);
    const { rewoundTo } = diffed;
    // A `seen` after the restored point is of no history: its changes are sent as new, seen as now.
    if (rewoundTo !== undefined) {
      this.#renumber(
        ({ seen }) => seen !== null && partsOf(seen)[0] > rewoundTo,
        cursorOf(this.state),
      );
    }
    if (this.state !== before.state) this.#keepSoon(true);
  }

  #tookEntry(entry: EntryFrame): void {
    const before = this.#held;
    const held = withEntry(before, entry);
    if (!held) {
      this.#gap();
      return this.act();
    }
    this.#held = held;
    const device = this.#outside.device();
    // An ack has no detail, so a refusal is read from its outcome, which has one.
    const acks = entry.acks?.filter((it) => it.device === device && it.outcome === "applied");
    if (acks) this.#tellSettled(acks.map((it) => ({ ...it, ts: entry.ts })));
    if (held === before) return;
    this.#keepSoon(entry.events.some((it) => it.type === "run_ended"));
    this.#changedAndAct();
  }

  #replace(held: Replica): void {
    if (held.lost !== this.#held.lost) this.#screens.clear();
    this.#held = held;
  }

  #gap(): void {
    this.#exchanges.unfollow();
    this.#held = afterGap(this.#held);
    if (this.#held.gaps > 2) this.#exchanges.backOff();
  }

  #ended(reason: "done" | "deleted" | "forbidden" | "shutdown"): void {
    if (reason === "deleted") this.deleted();
    else if (reason === "done" && this.state.ts === 0) this.#absent();
    // `shutdown`, `forbidden`, or a follow that is done: usually the connection closes next.
    else this.#exchanges.backOff();
  }

  #absent(): void {
    this.#replace(whenAbsent(this.#held));
    this.#outside.missing(this.id);
    this.#changedAndAct();
  }

  #failed({ ops }: Exchange, failure: FailureFrame): void {
    const { status, code, detail = failure.title ?? "", retry, path = "" } = failure;
    if (status === 410) return this.deleted();
    if (status === 409) {
      // The server does not know the cursor's history. The copy stays until the server's has come.
      if (this.#held.phase === "stale") this.#exchanges.backOff();
      this.#held = { ...this.#held, phase: "stale" };
      return this.act();
    }
    if (ops.length === 0 && code === "unknown_thread") {
      if (this.state.ts > 0) this.#held = { ...this.#held, phase: "stale" };
      return this.#absent();
    }
    if (ops.length > 0 && [400, 404, 413, 422].includes(status)) {
      // The server took no change of the request. The faulty one must not block the others.
      const index = /changes\[(\d+)\]/.exec(path)?.[1];
      const blamed = this.#changes.blame(ops, index === undefined ? index : +index);
      if (blamed) this.#refuse([blamed], { code, detail });
      return this.#changedAndAct();
    }
    if (!retry) this.#held = { ...this.#held, error: { code, detail } };
    this.#exchanges.backOff();
    this.#changed();
  }

  deleted(): void {
    this.#held = whenGone(this.#held);
    this.#exchanges.cancel();
    this.#cancelKeeping?.();
    this.#refuse(this.#changes.pending, isDeleted);
    this.#outside.drop(this.id);
    this.#changed();
  }

  // --- Keeping -----------------------------------------------------------------------------------

  #keepSoon(boundary: boolean): void {
    this.#cancelKeeping?.();
    this.#cancelKeeping = this.#outside.after(boundary ? 0 : idle, () => this.keepNow());
  }

  keepNow(): void {
    this.#cancelKeeping?.();
    const { thread, messages, runs } = this.state;
    const cursor = cursorOf(this.state);
    if (!cursor || !thread || this.#kept === this.state) return;
    this.#kept = this.state;
    const [all, asked] = [[...messages.values()], [...runs.values()]];
    const { lost } = this.#held;
    this.#outside.keep({ id: this.id, cursor, thread, messages: all, runs: asked, lost });
  }

  end(): void {
    this.keepNow();
    this.#exchanges.connect(false, false);
    this.#exchanges.cancel();
  }
}
