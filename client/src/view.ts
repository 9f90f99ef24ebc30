// SPDX-License-Identifier: Apache-2.0
// view.ts: makes the view of a thread from the replica, the changes and the projection.

import type { Changes } from "./changes.js";
import { memo } from "./equal.js";
import { project, type Projection } from "./project.js";
import { emptyReplica, type Replica, whenGone } from "./replica.js";
import { cursorOf, type ThreadState } from "./state.js";
import type { PendingChange, RefusedChange, ThreadView } from "./types.js";
import type { Message } from "./wire.js";

/** `shown`: the state with the pending changes applied. */
export const viewOf = (
  { phase, state, lost, error }: Replica,
  { pending, refused }: Pick<Changes, "pending" | "refused">,
  shown: Projection,
): ThreadView => {
  // An empty thread is ready as soon as the server has said that it is empty.
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

/** The view of a thread that is shown as deleted. */
export const goneView = (id: string): ThreadView => {
  const gone = whenGone(emptyReplica(id));
  return viewOf(gone, { pending: [], refused: [] }, project(gone.state, [], null));
};

// A change refused as `changed` gets the message as it is now, so that the user can compare.
const told = (refused: RefusedChange, state: ThreadState): RefusedChange => {
  const { code, change } = refused;
  if (code !== "changed") return refused;
  const id = change.type === "put_message" ? change.message.id : undefined;
  const message = change.type === "delete_message" ? change.message : id;
  return withNow(refused, state.messages.get(message ?? "") ?? null);
};

const withNow = memo((refused: RefusedChange, now: Message | null) => ({ ...refused, now }));

/** A change that is never sent: it hides the message while its deletion waits. */
export const deletionOf = (thread: string, message: string): PendingChange => ({
  op: 0,
  thread,
  change: { type: "delete_message", message },
  seen: null,
});
