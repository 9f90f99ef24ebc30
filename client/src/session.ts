// session.ts: one thread's side of the protocol.
//
// It owns all that is known of the thread and does nothing itself: what comes in (frames, changes,
// the connection) changes what it holds, and what is to be done goes out through `Outside`. There
// are at most two exchanges at a time: one that follows the thread while somebody looks, and one
// with all unanswered changes. Both answer with a diff from the cursor held to now, so it does not
// matter which of them is faster.

import { Changes } from "./changes.js";
import { apply, partsOf } from "./diff.js";
import { fold, Gap } from "./fold.js";
import type { Sink } from "./link.js";
import { branchesOf, project } from "./project.js";
import { type Seen, SeenStates } from "./screens.js";
import { cursorOf, emptyState, type ThreadState } from "./state.js";
import type { PendingChange, StoredThread, ThreadView } from "./types.js";
import type {
  Cursor,
  DiffFrame,
  EntryFrame,
  FailureFrame,
  Message,
  Outcome,
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
  settled(thread: string, outcomes: readonly Outcome[]): void;
  /** These are to be numbered anew, and come back by `renumbered`. */
  renumber(thread: string, ops: readonly number[], seen: Cursor | null): void;
  keep(thread: StoredThread): void;
  drop(thread: string): void;
  /** The thread is not there yet: somebody is to call `appeared`. */
  missing(thread: string): void;
  changed(): void;
}

interface Exchange {
  readonly cursor: Cursor | null;
  /** All is asked for, in place of what is held. */
  readonly fresh: boolean;
  readonly ops: readonly number[];
  frames: DiffFrame[];
  cancel: () => void;
}

type Problem = { readonly code: string; readonly detail: string };

const idle = 1_000;
const firstDelay = 500;
const longestDelay = 30_000;
const deleted = ["deleted", "The thread is deleted."] as const;

export class Session {
  readonly id: string;
  readonly #outside: Outside;
  readonly #changes: Changes;
  readonly #screens = new SeenStates();
  #state: ThreadState;
  #look: string | null = null;
  #lost: readonly Message[] = [];
  #error: Problem | null = null;
  #loaded = false;
  #known = false;
  #gone = false;
  #absent = false;
  #fresh = false;
  #gaps = 0;
  #digest: { readonly ts: Timestamp; readonly digest: string } | null = null;
  #up = false;
  #sends = true;
  #watched = false;
  #follow: Exchange | null = null;
  #sending: Exchange | null = null;
  #failures = 0;
  #waiting: (() => void) | null = null;
  #keeping: () => void = () => undefined;
  #kept: ThreadState | null = null;
  #view: ThreadView | null = null;
  #former: ThreadView | undefined = undefined;

  constructor(id: string, outside: Outside) {
    this.id = id;
    this.#outside = outside;
    this.#state = emptyState(id);
    this.#changes = new Changes(id);
  }

  get state(): ThreadState {
    return this.#state;
  }

  get lost(): readonly Message[] {
    return this.#lost;
  }

  /** The run that was asked for last and of which the server knows nothing yet. */
  get starting(): string | undefined {
    let run: string | undefined;
    for (const { change } of this.#changes.pending) {
      if (change.type === "start_run" && !this.#state.runs.has(change.run ?? "")) run = change.run;
    }
    return run;
  }

  // --- What is shown -----------------------------------------------------------------------------

  get view(): ThreadView {
    this.#view ??= this.#former = this.#project();
    this.#screens.handed(this.#state);
    return this.#view;
  }

  #project(): ThreadView {
    const { pending, refused } = this.#changes;
    const shown = project(this.#state, pending, this.#look, this.#former);
    // That there is nothing yet is known, too.
    const found = this.#known && shown.status === "loading" ? "ready" : shown.status;
    return {
      ...shown,
      status: this.#error !== null ? "error" : found,
      pending: pending.length,
      refused,
      lost: this.#lost,
      error: this.#error ?? shown.error,
      cursor: cursorOf(this.#state),
    };
  }

  #changed(): void {
    this.#view = null;
    this.#outside.changed();
  }

  show(message: string | null): void {
    this.#look = message;
    this.#changed();
  }

  branches(message: string): readonly string[] {
    return branchesOf(this.#state, this.#changes.pending, message);
  }

  markSeen(cursor: Cursor, shown: readonly Shown[]): void {
    this.#screens.mark(cursor, shown);
  }

  /** What its user has seen: the state, its cursor, and how much of which part. */
  seen(): Seen {
    return this.#screens.seen(this.#state);
  }

  // --- What is asked from this side --------------------------------------------------------------

  /** What this browser held: shown at once. */
  load(stored: StoredThread | null, pending: readonly PendingChange[]): void {
    if (this.#gone) return;
    if (stored !== null) this.#state = this.#kept = stateOf(stored);
    this.#changes.merge(pending);
    this.#changed();
  }

  /** From now on the server is asked. `digest`: of the path of what was loaded. */
  start(digest: string | null): void {
    if (digest !== null) this.#digest = { ts: this.#state.ts, digest };
    this.#loaded = true;
    this.act();
  }

  /** Returns its outcome, if that is known already. */
  add(change: PendingChange, former?: number): Outcome | null {
    const known = this.#changes.add(change, former);
    if (this.#gone && change.op > 0) this.#tellSettled([refusal(change, ...deleted)]);
    this.#changed();
    this.act();
    return known;
  }

  /** What came of changes elsewhere: another tab was told. */
  settle(outcomes: readonly Outcome[]): void {
    if (this.#changes.settle(outcomes).length > 0) this.#changed();
  }

  renumbered(changes: readonly PendingChange[], former: readonly number[]): void {
    this.#changes.renumbered(changes, former);
    this.#changed();
    this.act();
  }

  dismiss(op: number): void {
    if (this.#changes.dismiss(op)) this.#changed();
  }

  offered(): void {
    this.#lost = [];
    this.#changed();
  }

  watch(watched: boolean): void {
    this.#watched = watched;
    if (!watched) {
      this.#follow?.cancel();
      this.#follow = null;
      this.keepNow();
    }
    this.act();
  }

  /** Is there a connection, and is it this tab that sends? */
  connected(up: boolean, sends: boolean): void {
    if (up === this.#up && sends === this.#sends) return;
    this.#sends = sends;
    this.#up = up;
    if (up) {
      this.#absent = false;
      this.#failures = 0;
      this.#waiting?.();
      this.#waiting = null;
    }
    this.act();
  }

  appeared(): void {
    if (!this.#absent) return;
    this.#absent = false;
    this.act();
  }

  deleted(): void {
    this.#gone = true;
    this.#follow?.cancel();
    this.#sending?.cancel();
    this.#follow = this.#sending = null;
    this.#keeping();
    const refused = this.#changes.pending.map((it) => refusal(it, ...deleted));
    this.#state = emptyState(this.id);
    this.#known = true;
    this.#error = { code: deleted[0], detail: deleted[1] };
    this.#tellSettled(refused);
    this.#outside.drop(this.id);
    this.#changed();
  }

  /** Does what can be done now. */
  act(): void {
    if (!this.#loaded || !this.#up || this.#gone || this.#waiting !== null) return;
    if (this.#watched && this.#follow === null && !this.#absent) this.#startFollow();
    const batch = this.#sends && this.#sending === null ? this.#changes.batch() : [];
    if (batch.length > 0) this.#startChanges(batch);
  }

  // --- Exchanges ---------------------------------------------------------------------------------

  #startFollow(): void {
    const cursor = this.#fresh ? null : cursorOf(this.#state);
    const held = this.#digest;
    const digest = cursor !== null && held?.ts === this.#state.ts ? held.digest : undefined;
    const body = { thread: this.id, ...(cursor && { cursor }), ...(digest && { digest }) };
    const exchange = this.#exchange(cursor, []);
    this.#follow = exchange;
    exchange.cancel = this.#outside.sync({ ...body, follow: "live" }, (frame) => {
      if (this.#follow !== exchange) return;
      if (frame.frame === "diff") this.#tookDiff(exchange, frame);
      else if (frame.frame === "entry") this.#tookEntry(frame);
      else if (frame.frame === "failure") this.#failed(frame);
      else if (frame.frame === "lost") this.#follow = null;
      else if (frame.frame === "end") this.#ended(frame.reason);
    });
  }

  #startChanges(batch: readonly PendingChange[]): void {
    const cursor = this.#fresh ? null : cursorOf(this.#state);
    const device = this.#outside.device();
    const changes = batch.map(({ op, seen, change }) => ({ ...change, op, ...(seen && { seen }) }));
    const body = { thread: this.id, ...(cursor && { cursor }), device, changes };
    const exchange = this.#exchange(
      cursor,
      batch.map((it) => it.op),
    );
    this.#sending = exchange;
    exchange.cancel = this.#outside.sync({ ...body, follow: "none" }, (frame) => {
      if (this.#sending !== exchange) return;
      if (frame.frame === "diff") this.#tookDiff(exchange, frame);
      else if (frame.frame === "failure") this.#refused(exchange, frame);
      else if (frame.frame === "lost") this.#sending = null;
    });
  }

  #exchange(cursor: Cursor | null, ops: readonly number[]): Exchange {
    return { cursor, fresh: this.#fresh, ops, frames: [], cancel: () => undefined };
  }

  // --- What comes --------------------------------------------------------------------------------

  #tookDiff(exchange: Exchange, frame: DiffFrame): void {
    exchange.frames.push(frame);
    if (frame.more) return;
    const { frames } = exchange;
    exchange.frames = [];
    this.#failures = 0;
    this.#absent = false;
    const sent = exchange === this.#sending;
    if (sent) this.#sending = null;
    // Outcomes count even where the diff is behind what is held, or does not fit it.
    this.#tellSettled(frame.outcomes);
    const fits = this.#applyDiff(exchange, frames);
    if (sent) {
      const reset = frames.some((it) => it.reset !== undefined);
      if (this.#changes.answered(exchange.ops, frame.outcomes, reset)) this.#backOff();
    }
    if (!fits) this.#gap();
    this.#changed();
    this.act();
  }

  #applyDiff(exchange: Exchange, frames: readonly DiffFrame[]): boolean {
    const former = this.#state;
    const replaces = exchange.fresh && this.#fresh;
    const reset = frames.find((it) => it.reset !== undefined)?.reset;
    try {
      this.#state = apply(replaces ? emptyState(this.id) : former, frames);
    } catch (error) {
      if (error instanceof Gap) return false;
      throw error;
    }
    this.#known = true;
    this.#gaps = 0;
    this.#error = null;
    if (exchange.fresh) this.#fresh = false;
    const rewound = reset?.reason === "rewound" && former.epoch !== this.#state.epoch;
    if (replaces || rewound) {
      this.#screens.clear();
      const from = reset?.kept_until ?? 0;
      const removed = new Set(frames.flatMap((it) => it.removed));
      this.#lose(former, from, removed);
      if (rewound) this.#rewound(from);
    }
    if (this.#state !== former) this.#stateChanged(true);
    return true;
  }

  // What this device holds and the server does not: it was there, and is not any more.
  #lose(former: ThreadState, from: Timestamp, removed: ReadonlySet<string>): void {
    const known = new Set(this.#lost.map((it) => it.id));
    const lost = [...former.messages.values()].filter(
      (it) =>
        it.created > from &&
        !this.#state.messages.has(it.id) &&
        !removed.has(it.id) &&
        !known.has(it.id),
    );
    if (lost.length > 0) this.#lost = [...this.#lost, ...lost];
  }

  // What was seen beyond the cut is of no history: the changes made on it are said again, as now.
  #rewound(keptUntil: Timestamp): void {
    const ops = this.#changes.hold((seen) => seen !== null && partsOf(seen)[0] > keptUntil);
    if (ops.length > 0) this.#outside.renumber(this.id, ops, cursorOf(this.#state));
  }

  #tookEntry(entry: EntryFrame): void {
    const former = this.#state;
    try {
      this.#state = fold(former, entry);
    } catch (error) {
      if (!(error instanceof Gap)) throw error;
      this.#follow?.cancel();
      this.#follow = null;
      this.#gap();
      return this.act();
    }
    const device = this.#outside.device();
    // A refusal's reason comes with its outcome.
    const acks = (entry.acks ?? []).filter(
      (it) => it.device === device && it.outcome === "applied",
    );
    if (acks.length > 0) this.#tellSettled(this.#changes.outcomes(acks, entry.ts));
    if (this.#state === former) return;
    this.#stateChanged(entry.events.some((it) => it.type === "run_ended"));
    this.#changed();
    this.act();
  }

  // Once more from the cursor held; if that does not help, from nothing.
  #gap(): void {
    this.#gaps += 1;
    if (this.#gaps > 1) this.#fresh = true;
    if (this.#gaps > 2) this.#backOff();
  }

  #ended(reason: "done" | "deleted" | "forbidden" | "shutdown"): void {
    this.#follow = null;
    if (reason === "deleted") return this.deleted();
    if (reason === "done" && this.#state.ts === 0) return this.#notThere();
    // The server says good-bye, or has no more for us: the connection goes with it, as a rule.
    this.#backOff();
  }

  #notThere(): void {
    this.#absent = true;
    this.#known = true;
    if (this.#fresh) {
      // The server has nothing of what is held here.
      const former = this.#state;
      this.#fresh = false;
      this.#state = emptyState(this.id);
      this.#lose(former, 0, new Set());
      this.#screens.clear();
    }
    this.#outside.missing(this.id);
    this.#changed();
    this.act();
  }

  #failed(failure: FailureFrame): void {
    this.#follow = null;
    if (this.#common(failure)) return;
    if (failure.code === "unknown_thread") {
      if (this.#state.ts > 0) this.#fresh = true;
      return this.#notThere();
    }
    if (!failure.retry) this.#error = problem(failure);
    this.#backOff();
    this.#changed();
  }

  /** A request with changes was not taken. What is to blame must not block the others. */
  #refused(exchange: Exchange, failure: FailureFrame): void {
    this.#sending = null;
    if (this.#common(failure)) return;
    const blames = [400, 404, 413, 422].includes(failure.status);
    if (blames) {
      const path = /changes\[(\d+)\]/.exec(failure.path ?? "")?.[1];
      const op = this.#changes.blame(exchange.ops, path === undefined ? null : Number(path));
      const found = this.#changes.pending.find((it) => it.op === op);
      const { code, detail } = problem(failure);
      if (found !== undefined) this.#tellSettled([refusal(found, code, detail)]);
      this.#changed();
      return this.act();
    }
    if (!failure.retry) this.#error = problem(failure);
    this.#backOff();
    this.#changed();
  }

  // What means the same for every request. True: it is done with.
  #common(failure: FailureFrame): boolean {
    if (failure.status === 410) {
      this.deleted();
      return true;
    }
    if (failure.status !== 409) return false;
    // The server does not know the history of our cursor. What is held stays until its own came.
    if (this.#fresh) this.#backOff();
    this.#fresh = true;
    this.act();
    return true;
  }

  #backOff(): void {
    if (this.#waiting !== null) return;
    const longest = Math.min(longestDelay, firstDelay * 2 ** Math.min(this.#failures++, 16));
    this.#waiting = this.#outside.after(longest * (0.5 + this.#outside.random() / 2), () => {
      this.#waiting = null;
      this.act();
    });
  }

  #tellSettled(outcomes: readonly Outcome[]): void {
    const settled = this.#changes.settle(outcomes);
    if (settled.length > 0) this.#outside.settled(this.id, settled);
  }

  // --- Keeping -----------------------------------------------------------------------------------

  #stateChanged(boundary: boolean): void {
    this.#keeping();
    this.#keeping = this.#outside.after(boundary ? 0 : idle, () => this.keepNow());
  }

  /** Stores what is held, if it is not stored. */
  keepNow(): void {
    this.#keeping();
    const cursor = cursorOf(this.#state);
    if (cursor === null || this.#state.thread === null || this.#kept === this.#state) return;
    this.#kept = this.#state;
    const { id, thread, messages, runs } = this.#state;
    this.#outside.keep({
      id,
      cursor,
      thread,
      messages: [...messages.values()],
      runs: [...runs.values()],
    });
  }

  /** Nothing more is to be done. */
  end(): void {
    this.keepNow();
    this.#up = false;
    this.#follow?.cancel();
    this.#sending?.cancel();
    this.#follow = this.#sending = null;
    this.#waiting?.();
  }
}

function stateOf({ id, cursor, thread, messages, runs }: StoredThread): ThreadState {
  const [ts, epoch] = partsOf(cursor);
  return {
    id,
    ts,
    epoch,
    thread,
    messages: new Map(messages.map((it) => [it.id, it])),
    runs: new Map(runs.map((it) => [it.id, it])),
  };
}

const problem = ({ code, detail, title }: FailureFrame): Problem => ({
  code,
  detail: detail ?? title ?? "",
});

const refusal = ({ op, change }: PendingChange, code: string, detail: string): Outcome => ({
  op,
  type: change.type,
  outcome: "refused",
  code,
  detail,
});
