// SPDX-License-Identifier: Apache-2.0
// replica.ts: a front's copy of one thread, and how a frame changes it.
//
// The pure half of a session: values in, values out, without timers, promises or requests.
// session.ts asks the server, and replaces its copy by the one that these functions return.
//
// A frame that does not follow from the copy is a gap: the function returns null, and the session
// asks again. Only `Gap` means that. Any other error is a bug of ours: taken for a gap it would
// make an endless resync, so it goes up to the caller.

import { apply, partsOf } from "./diff.js";
import { fold, Gap } from "./fold.js";
import { emptyState, type ThreadState } from "./state.js";
import type { StoredThread, ThreadView } from "./types.js";
import type { DiffFrame, EntryFrame, Message, Timestamp } from "./wire.js";

/** The relation of the copy to the server's; session.ts has a drawing of the transitions. */
export type Phase = "loading" | "asking" | "known" | "stale" | "absent" | "gone";

export interface Replica {
  readonly phase: Phase;
  readonly state: ThreadState;
  /** Frames in a row that did not follow from the copy. */
  readonly gaps: number;
  /** Messages that only this device has. A new list whenever another history replaced the copy. */
  readonly lost: readonly Message[];
  /** Ids that the user has given up: they never count as lost again. */
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

/** With the copy from the store. */
export const withStored = (held: Replica, stored: StoredThread): Replica => {
  const { id, cursor, thread, messages, runs, lost = held.lost } = stored;
  const [ts, epoch] = partsOf(cursor);
  const state = { id, ts, epoch, thread, messages: byId(messages), runs: byId(runs) };
  return { ...held, state, lost };
};

const byId = <Item extends { readonly id: string }>(items: readonly Item[]) =>
  new Map(items.map((it) => [it.id, it]));

/** In phase `phase` if it is in `from`, else as it is. */
export const onward = (held: Replica, from: Phase, phase: Phase): Replica =>
  held.phase === from ? { ...held, phase } : held;

export interface Diffed {
  readonly held: Replica;
  /** The store was restored to this time: a `seen` after it is of no history. */
  readonly rewoundTo: Timestamp | undefined;
}

/** With all frames of a diff; `anew`: the request had no cursor, so it is the whole thread. */
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

/** After the first gap the session asks from the cursor held, after a second for everything. */
export const afterGap = (held: Replica): Replica => ({
  ...held,
  gaps: held.gaps + 1,
  phase: held.gaps > 0 ? "stale" : held.phase,
});

/** The server has no such thread. If the copy was stale, all its messages are lost. */
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

/** Without these in `lost`, now and later: the user has given them up. */
export const withForgotten = (held: Replica, messages: readonly string[]): Replica => {
  const forgotten = [...held.forgotten, ...messages];
  return { ...held, forgotten, lost: held.lost.filter((it) => !forgotten.includes(it.id)) };
};

/** Without the lost messages that are there again, whichever tab put them back. */
export const withoutFound = (held: Replica): Replica => {
  const lost = held.lost.filter((it) => !held.state.messages.has(it.id));
  return lost.length < held.lost.length ? { ...held, lost } : held;
};

// Lost are the messages made after `from` that the copy had, unless the diff names them as removed
// or the user gave them up. `withoutFound` takes out the ones that the new state has.
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

// Catches only `Gap`. A bug that was taken for a gap would make the session resync for ever.
const unlessGap = (next: () => ThreadState): ThreadState | null => {
  try {
    return next();
  } catch (error) {
    if (error instanceof Gap) return null;
    throw error;
  }
};
