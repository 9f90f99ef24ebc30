// SPDX-License-Identifier: Apache-2.0
// state.ts: the state of a thread in a front.
//
// An immutable value: every change makes a new one that shares the unchanged objects with the
// former, so a page sees by identity what to draw again.

import type { Cursor, Message, Run, Thread, Timestamp } from "./wire.js";

export interface ThreadState {
  readonly id: string;
  /** The timestamp of its last entry; 0: it has no entry. */
  readonly ts: Timestamp;
  /** The epoch of the server's history; null until a diff has named it. */
  readonly epoch: string | null;
  readonly thread: Thread | null;
  /** By id, in the order in which they entered the tree. */
  readonly messages: ReadonlyMap<string, Message>;
  /** By id, in the order in which they were asked for. */
  readonly runs: ReadonlyMap<string, Run>;
}

export const emptyState = (id: string): ThreadState => ({
  id,
  ts: 0,
  epoch: null,
  thread: null,
  messages: new Map(),
  runs: new Map(),
});

export const cursorOf = (state: ThreadState): Cursor | null =>
  state.epoch === null ? null : `${state.ts}@${state.epoch}`;
