// SPDX-License-Identifier: Apache-2.0
// replica.ts: what a front holds of one thread, and what a frame makes of it.
//
// The pure half of a session: values in, values out. There are no timers, no promises and no requests
// here; session.ts asks the server, and puts what is made here in the place of what it held.
//
// A frame that does not follow from what is held makes nothing (null): it is a gap, and the session
// asks anew. Only `Gap` says so; any other error is one of ours, and goes on to whoever can see it.

import { apply, partsOf } from "./diff.js";
import { fold, Gap } from "./fold.js";
import { emptyState, type ThreadState } from "./state.js";
import type { StoredThread, ThreadView } from "./types.js";
import type { DiffFrame, EntryFrame, Message, Timestamp } from "./wire.js";

/** What is known of the thread; session.ts has a drawing of how one leads to another. */
export type Phase = "loading" | "asking" | "known" | "stale" | "absent" | "gone";

export interface Replica {
  readonly phase: Phase;
  readonly state: ThreadState;
  /** So many frames in a row did not follow from what is held. */
  readonly gaps: number;
  /** What this device held and the server does not. Another list whenever another history came. */
  readonly lost: readonly Message[];
  /** What its user has given up: lost no more, and never will be. */
  readonly forgotten: readonly string[];
  readonly error: ThreadView["error"];
}

export const emptyReplica = (id: string): Replica => ({
  phase: "loading",
  state: emptyState(id),
  gaps: 0,
  lost: [],
  forgotten: [],
  error: null,
});

/** With what this browser had stored of it. */
export const withStored = (held: Replica, stored: StoredThread): Replica => {
  const { id, cursor, thread, messages, runs, lost = held.lost } = stored;
  const [ts, epoch] = partsOf(cursor);
  const state = { id, ts, epoch, thread, messages: byId(messages), runs: byId(runs) };
  return { ...held, state, lost };
};

const byId = <Item extends { readonly id: string }>(items: readonly Item[]) =>
  new Map(items.map((it) => [it.id, it]));

/** In another phase, if it is in this one. */
export const onward = (held: Replica, from: Phase, phase: Phase): Replica =>
  held.phase === from ? { ...held, phase } : held;

export interface Diffed {
  readonly held: Replica;
  /** The server was set back to this time: what was seen later is of no history. */
  readonly rewoundTo: Timestamp | undefined;
}

/** With all frames of a diff; `anew`: it was asked for from nothing. */
export const withDiff = (
  held: Replica,
  frames: readonly DiffFrame[],
  anew: boolean,
): Diffed | null => {
  const { phase, state: before } = held;
  const isStale = phase === "stale";
  const replaces = anew && isStale;
  const state = unlessGap(() => apply(replaces ? emptyState(before.id) : before, frames));
  if (!state) return null;
  const reset = frames.find((it) => it.reset)?.reset;
  const rewound = reset?.reason === "rewound" && before.epoch !== state.epoch;
  const from = reset?.kept_until ?? 0;
  const now = isStale && !anew ? phase : "known";
  const next: Replica = { ...held, state, phase: now, gaps: 0, error: null };
  const removed = frames.flatMap((it) => it.removed);
  return {
    held: replaces || rewound ? losing(next, before, from, removed) : next,
    rewoundTo: rewound ? from : undefined,
  };
};

export const withEntry = (held: Replica, entry: EntryFrame): Replica | null => {
  const state = unlessGap(() => fold(held.state, entry));
  if (state === held.state) return held;
  return state && { ...held, state };
};

/** Once more from the cursor held; if that does not help, from nothing. */
export const afterGap = (held: Replica): Replica => ({
  ...held,
  gaps: held.gaps + 1,
  phase: held.gaps > 0 ? "stale" : held.phase,
});

/** The server has no such thread, nor anything of what is held here if that is stale. */
export const whenAbsent = (held: Replica): Replica => {
  const { phase, state: before } = held;
  const absent: Replica = { ...held, phase: "absent" };
  if (phase !== "stale") return absent;
  return losing({ ...absent, state: emptyState(before.id) }, before, 0, []);
};

export const whenGone = (held: Replica): Replica => ({
  ...held,
  phase: "gone",
  state: emptyState(held.state.id),
  error: isDeleted,
});

export const isDeleted = { code: "deleted", detail: "The thread is deleted." };

/** What its user has given up is lost no more. */
export const withForgotten = (held: Replica, messages: readonly string[]): Replica => {
  const forgotten = [...held.forgotten, ...messages];
  return { ...held, forgotten, lost: held.lost.filter((it) => !forgotten.includes(it.id)) };
};

/** Whoever put it back, in whatever tab: what is there is not lost. */
export const withoutFound = (held: Replica): Replica => {
  const lost = held.lost.filter((it) => !held.state.messages.has(it.id));
  return lost.length < held.lost.length ? { ...held, lost } : held;
};

// It was there before, and is not any more, though nobody removed it. What is there after all goes
// with `withoutFound`.
const losing = (
  held: Replica,
  before: ThreadState,
  from: Timestamp,
  removed: readonly string[],
): Replica => {
  const known = new Set([...removed, ...held.forgotten, ...held.lost.map((it) => it.id)]);
  const newly = [...before.messages.values()].filter(
    ({ id, created }) => created > from && !known.has(id),
  );
  return { ...held, lost: [...held.lost, ...newly] };
};

const unlessGap = (next: () => ThreadState): ThreadState | null => {
  try {
    return next();
  } catch (error) {
    if (error instanceof Gap) return null;
    throw error;
  }
};
