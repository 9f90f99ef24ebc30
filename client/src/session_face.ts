// SPDX-License-Identifier: Apache-2.0
// session_face.ts: what a session can be asked, and what it asks of the world.

import type { Sink } from "./net/link.js";
import type { Seen } from "./screens.js";
import type { ThreadState } from "./state.js";
import type { PendingChange, Settled, StoredThread, ThreadView } from "./types.js";
import type { Cursor, Shown, SyncRequest } from "./wire.js";

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
  /** The changes that wait for their outcome; one without a number waits for that. */
  readonly pending: readonly PendingChange[];

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
