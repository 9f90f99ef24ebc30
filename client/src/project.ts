// SPDX-License-Identifier: Apache-2.0
// project.ts: computes the user's view of a thread.
//
// That is the server's state with the unanswered changes applied, along the path that this device
// shows. It is computed again after each change; parts that did not change are the same objects.

import { keep, memo, sameItems } from "./equal.js";
import { createOverlay, type Overlay } from "./overlay.js";
import { pathLookedAt, siblingsOf, type Tree } from "./path.js";
import { runsOf } from "./runs.js";
import type { ThreadState } from "./state.js";
import { isEmpty } from "./text.js";
import type { MessageView, PendingChange, ThreadView } from "./types.js";
import type { Message, Run } from "./wire.js";

/** The part of a view that follows from the state and the pending changes alone. */
export type Projection = Omit<ThreadView, "pending" | "refused" | "lost" | "cursor">;

/** `shown`: a message on the branch that this device shows; null: it shows the head. */
export const project = (
  state: ThreadState,
  pending: readonly PendingChange[],
  shown: string | null,
  former?: Projection | undefined,
): Projection => {
  const tree = createOverlay(state, pending);
  const { running = null, last, unsent } = runsOf(state.runs);
  const messages: MessageView[] = [];
  for (const message of pathLookedAt(tree, shown)) {
    const branches = tree.children(message.parent);
    const mark = tree.marks.get(message.id) ?? null;
    if (!tree.isLate(message)) messages.push(viewOf(message, mark, branches));
  }
  const error = tree.started === null ? errorOf(last) : null;
  const isThere = ({ id = "" }: { readonly id?: string | undefined }) => tree.message(id);
  return {
    id: state.id,
    status: statusOf(state, tree, running, error !== null),
    messages: kept(former?.messages, messages),
    queued: kept(former?.queued, tree.queued),
    unsent: kept(
      former?.unsent,
      unsent.filter((turn) => !turn.input.some(isThere)),
    ),
    run: running?.id === tree.ended ? null : running,
    runs: state.runs,
    stopping: tree.stopping,
    thread: keep(former?.thread, tree.thread),
    error: keep(former?.error, error),
  };
};

/** The ids of a message's siblings in order, its own and pending ones included. */
export const branchesOf = (
  state: ThreadState,
  pending: readonly PendingChange[],
  message: string,
): readonly string[] => siblingsOf(createOverlay(state, pending), message);

const viewOf = memo(
  (
    message: Message,
    pending: MessageView["pending"],
    branches: readonly string[],
  ): MessageView => ({ ...message, pending, branches }),
);

const statusOf = (
  state: ThreadState,
  tree: Overlay,
  run: Run | null,
  failed: boolean,
): ThreadView["status"] => {
  if (tree.started !== null) return "submitted";
  if (run !== null && tree.running !== null) return hasWord(tree, run) ? "streaming" : "submitted";
  if (tree.queued.length > 0) return "submitted";
  if (failed) return "error";
  return state.epoch === null && state.ts === 0 && tree.marks.size === 0 ? "loading" : "ready";
};

/** Has the run written a word, on any branch? */
const hasWord = (tree: Tree, run: Run, below: string | null = run.head ?? null): boolean => {
  return tree.children(below).some((id) => {
    const message = tree.message(id);
    return message?.run === run.id && (!isEmpty(message) || hasWord(tree, run, id));
  });
};

const errorOf = (run: Run | undefined): ThreadView["error"] =>
  run && ["failed", "interrupted"].includes(run.status)
    ? (run.error ?? { code: run.status, detail: "" })
    : null;

const kept = <Item>(
  former: readonly Item[] | undefined,
  items: readonly Item[],
): readonly Item[] => (former && sameItems(former, items) ? former : items);
