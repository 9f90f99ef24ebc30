// SPDX-License-Identifier: Apache-2.0
// state.ts: what a front holds of a thread.
//
// A value: every change makes a new one that shares with the former all that stayed as it was, so
// that whoever shows it can tell by identity what to draw again.

import type { Cursor, Message, Run, Thread, Timestamp } from "./wire.js";

export interface ThreadState {
  readonly id: string;
  /** The last entry that is in it; 0: none. */
  readonly ts: Timestamp;
  /** Of the store's history; null until a diff has named it. */
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
