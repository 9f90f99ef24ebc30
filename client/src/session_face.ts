// SPDX-License-Identifier: Apache-2.0
// session_face.ts: the interface of a session, and the interface that it calls.

import type { Sink } from "./net/link.js";
import type { Seen } from "./screens.js";
import type { ThreadState } from "./state.js";
import type { PendingChange, Settled, StoredThread, ThreadView } from "./types.js";
import type { Cursor, Shown, SyncRequest } from "./wire.js";

/** The world around a session: connection, time, store, other parts of the client. */
export interface Outside {
  device(): string;
  sync(request: SyncRequest & { readonly thread: string }, sink: Sink): () => void;
  after(milliseconds: number, task: () => void): () => void;
  random(): number;
  /** These are answered: the store drops them. */
  settled(thread: string, outcomes: readonly Settled[]): void;
  /** Gives these new numbers, seen at this cursor (undefined: as before); calls `renumbered`. */
  renumber(thread: string, ops: readonly number[], seen: Cursor | null | undefined): void;
  keep(thread: StoredThread): void;
  drop(thread: string): void;
  /** The thread does not exist yet: call `appeared` when it does. */
  missing(thread: string): void;
  changed(): void;
}

export interface Session {
  readonly id: string;
  readonly state: ThreadState;
  /** The changes without an outcome; one that has no number yet has an `op` below 0. */
  readonly pending: readonly PendingChange[];

  /** The same object until `changed` was called. */
  readonly view: ThreadView;
  show(message: string | null): void;
  branches(message: string): readonly string[];
  markSeen(cursor: Cursor, shown?: readonly Shown[]): void;
  /** The state on the screen, its cursor, and the parts that the page showed in part. */
  seen(): Seen;

  /** The copy of the store: shown at once. */
  load(stored: StoredThread | null, pending: readonly PendingChange[]): void;
  /** Begins to ask the server. `digest`: of the path that was loaded. */
  start(digest: string | null): void;
  /** `former`: its provisional number. Returns its outcome if that came first. */
  add(change: PendingChange, former?: number): Settled | null;
  /** Outcomes that another tab got. */
  settle(outcomes: readonly Settled[]): void;
  renumbered(changes: readonly PendingChange[], former: readonly number[]): void;
  dismiss(op: number): void;
  /** The lost messages were offered to the server again. */
  offered(): void;
  /** The user gives these up: they leave `lost` and do not come back. */
  forgetLost(messages: readonly string[]): void;
  /** Shows these messages, or the whole thread, as deleted. */
  hide(messages: readonly string[], all: boolean): void;
  watch(watched: boolean): void;
  /** `up`: there is a connection; `sends`: this tab sends the changes. */
  connected(up: boolean, sends: boolean): void;
  appeared(): void;
  deleted(): void;
  /** Sends the requests that can be sent now. */
  act(): void;
  /** Stores the copy, unless it is stored already. */
  keepNow(): void;
  /** Stores the copy and ends all requests. */
  end(): void;
}
