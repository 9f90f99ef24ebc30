// SPDX-License-Identifier: Apache-2.0
// stored.ts: the store of a browser, which outlives the page, and the values that it keeps.

import type { RefusedChange, Undoable } from "./types.js";
import type { ChangeBody, Cursor, Message, Outcome, Run, Thread, Timestamp } from "./wire.js";

/** A change without an outcome, or a refused one. */
export interface PendingChange {
  readonly op: number;
  readonly thread: string;
  readonly change: ChangeBody;
  readonly seen: Cursor | null;
  /** Only of a stop: the run's messages as they were frozen. */
  readonly frozen?: readonly Message[] | undefined;
  /** The reason of its refusal: kept until the user dismisses it. */
  readonly refused?: Pick<RefusedChange, "code" | "detail"> | undefined;
}

/** The outcome of a change, from an answer or an entry; or the user has dismissed its refusal. */
export interface Settled {
  readonly op?: number | undefined;
  readonly outcome: Outcome["outcome"] | "dismissed";
  readonly ts?: Timestamp | undefined;
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
}

/** A deletion that waits until its time to undo is over. */
export interface HeldDeletion extends Undoable {
  readonly seen: Cursor | null;
}

/** A thread as this browser last stored it. */
export interface StoredThread {
  readonly id: string;
  readonly cursor: Cursor;
  readonly thread: Thread;
  readonly messages: readonly Message[];
  readonly runs: readonly Run[];
  /** As in `ThreadView`. */
  readonly lost?: readonly Message[] | undefined;
}

/** Keeps what outlives the page. Every method is one transaction. */
export interface Store {
  /** The name under which other tabs see the same store; null: only this page uses it. */
  readonly shared: string | null;
  /** The device id of this browser, or of this tab if tabs can't share. */
  readonly device: string;
  /** Gives the change a number (`op`: one above every earlier one) and keeps it. */
  add(change: Omit<PendingChange, "op">): Promise<PendingChange>;
  /** Drops changes that were applied or dismissed; keeps refused ones, with the reason. */
  settle(thread: string, outcomes: readonly Settled[]): Promise<void>;
  /** Gives these new numbers, in their order, seen at this cursor (undefined: as before). */
  renumber(
    thread: string,
    ops: readonly number[],
    seen: Cursor | null | undefined,
  ): Promise<readonly PendingChange[]>;
  /** All changes that are kept, refused ones included. */
  pending(): Promise<readonly PendingChange[]>;
  thread(id: string): Promise<StoredThread | null>;
  keepThread(thread: StoredThread): Promise<void>;
  dropThread(id: string): Promise<void>;
  /** Applies `change` to the deletions that wait, and returns them. */
  held(
    change?: (held: readonly HeldDeletion[]) => readonly HeldDeletion[],
  ): Promise<readonly HeldDeletion[]>;
  threads(): Promise<readonly Thread[]>;
  keepThreads(threads: readonly Thread[]): Promise<void>;
  close(): void;
}
