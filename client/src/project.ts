// project.ts: what the user sees of a thread.
//
// The server's state, with the changes applied that it has not answered, along the path that this
// device looks at. Nothing of it is kept: it is found anew after each change, and what is the same
// as before is the same object.

import { equal, sameItems } from "./equal.js";
import { Overlay } from "./overlay.js";
import { pathLookedAt, siblingsOf, treeOf, type Tree } from "./path.js";
import { runsOf } from "./runs.js";
import type { ThreadState } from "./state.js";
import { growingText, isEmpty } from "./text.js";
import type { MessageView, PendingChange, QueuedTurn, ThreadView } from "./types.js";
import type { Message, Run } from "./wire.js";

export { frozenOf } from "./seen.js";

/** The part of a view that follows from the state and the pending changes alone. */
export type Projection = Omit<ThreadView, "pending" | "refused" | "lost" | "cursor">;

/** `shown`: a message on the branch that this device looks at; null: it looks at the head. */
export function project(
  state: ThreadState,
  pending: readonly PendingChange[],
  shown: string | null,
  former?: Projection | undefined,
): Projection {
  const overlay = new Overlay(state, pending);
  const tree: Tree = pending.length > 0 ? overlay : treeOf(state);
  const runs = runsOf(state.runs);
  const messages: MessageView[] = [];
  for (const message of pathLookedAt(tree, shown)) {
    const branches = tree.children(message.parent);
    const mark = overlay.marks.get(message.id) ?? null;
    if (overlay.isLate(message) || (mark === null && isNothing(message, branches))) continue;
    messages.push(viewOf(message, mark, branches));
  }
  const unsent = runs.unsent.filter((turn) => !turn.input.some((it) => isThere(tree, it.id)));
  const error = overlay.started !== null ? null : errorOf(runs.last);
  return {
    id: state.id,
    status: statusOf(state, overlay, tree, error !== null),
    messages: kept(former?.messages, messages),
    queued: kept(former?.queued, overlay.queued),
    unsent: kept(former?.unsent, unsent),
    run: runs.running,
    stopping: overlay.stopping,
    thread: keptValue(former?.thread ?? null, overlay.thread),
    error: keptValue(former?.error ?? null, error),
  };
}

/** The siblings of a message, in order, itself among them; pending ones too. */
export function branchesOf(
  state: ThreadState,
  pending: readonly PendingChange[],
  message: string,
): readonly string[] {
  return siblingsOf(new Overlay(state, pending), message);
}

const views = new WeakMap<Message, MessageView>();

function viewOf(
  message: Message,
  pending: MessageView["pending"],
  branches: readonly string[],
): MessageView {
  const held = views.get(message);
  if (held && held.pending === pending) {
    if (held.branches === branches || sameItems(held.branches, branches)) return held;
  }
  const view = { ...message, pending, branches };
  views.set(message, view);
  return view;
}

// A run that was stopped before its first word leaves an empty message, which no model is sent. It
// is shown only where it is the way back to its siblings.
const isNothing = (message: Message, branches: readonly string[]) =>
  message.status === "stopped" && branches.length < 2 && isEmpty(message);

const isThere = (tree: Tree, id: string | undefined) =>
  id !== undefined && tree.message(id) !== undefined;

function statusOf(
  state: ThreadState,
  overlay: Overlay,
  tree: Tree,
  failed: boolean,
): ThreadView["status"] {
  const { running } = runsOf(state.runs);
  const runs = running !== null && !overlay.isStopped(running.id);
  if (runs && overlay.started === null) return hasWord(tree, running) ? "streaming" : "submitted";
  if (runs || overlay.started !== null || overlay.queued.length > 0) return "submitted";
  if (failed) return "error";
  return state.epoch === null && state.ts === 0 && overlay.marks.size === 0 ? "loading" : "ready";
}

/** Is there a word of the run's answer, on whatever branch? */
function hasWord(tree: Tree, run: Run): boolean {
  for (const next = [...tree.children(run.head ?? null)]; next.length > 0;) {
    const id = next.pop() as string;
    const message = tree.message(id);
    if (message?.run !== run.id) continue;
    if (message.parts.some((part) => growingText(part) !== "")) return true;
    next.push(...tree.children(id));
  }
  return false;
}

function errorOf(run: Run | null): ThreadView["error"] {
  if (run?.status !== "failed" && run?.status !== "interrupted") return null;
  return run.error ?? { code: run.status, detail: "" };
}

function kept<Item extends MessageView | QueuedTurn>(
  former: readonly Item[] | undefined,
  items: readonly Item[],
): readonly Item[] {
  return former && sameItems(former, items) ? former : items;
}

function keptValue<Value>(former: Value, value: Value): Value {
  return equal(former, value) ? former : value;
}
