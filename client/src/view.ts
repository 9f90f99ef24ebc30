// SPDX-License-Identifier: Apache-2.0
// view.ts: what a session shows of its thread: a value, made of what is held and what is pending.

import type { Changes } from "./changes.js";
import { memo } from "./equal.js";
import { project, type Projection } from "./project.js";
import { emptyReplica, type Replica, whenGone } from "./replica.js";
import { cursorOf, type ThreadState } from "./state.js";
import type { PendingChange, RefusedChange, ThreadView } from "./types.js";
import type { Message } from "./wire.js";

/** `shown`: how the state looks with what is pending. */
export const viewOf = (
  { phase, state, lost, error }: Replica,
  { pending, refused }: Pick<Changes, "pending" | "refused">,
  shown: Projection,
): ThreadView => {
  // That there is nothing yet is known, too.
  const isKnown = phase === "known" || phase === "absent";
  const found = isKnown && shown.status === "loading" ? "ready" : shown.status;
  return {
    ...shown,
    status: error ? "error" : found,
    pending: pending.length,
    refused: refused.map((it) => told(it, state)),
    lost,
    error: error ?? shown.error,
    cursor: cursorOf(state),
  };
};

/** Of a thread that is shown as deleted. */
export const goneView = (id: string): ThreadView => {
  const gone = whenGone(emptyReplica(id));
  return viewOf(gone, { pending: [], refused: [] }, project(gone.state, [], null));
};

// An edit or a deletion that came too late is told with what is there now.
const told = (refused: RefusedChange, state: ThreadState): RefusedChange => {
  const { code, change } = refused;
  if (code !== "changed") return refused;
  const id = change.type === "put_message" ? change.message.id : undefined;
  const message = change.type === "delete_message" ? change.message : id;
  return withNow(refused, state.messages.get(message ?? "") ?? null);
};

const withNow = memo((refused: RefusedChange, now: Message | null) => ({ ...refused, now }));

/** What hides a message as if its deletion were sent. */
export const deletionOf = (thread: string, message: string): PendingChange => ({
  op: 0,
  thread,
  change: { type: "delete_message", message },
  seen: null,
});
