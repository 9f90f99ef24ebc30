// SPDX-License-Identifier: Apache-2.0
// hooks.ts: a client's views as React state.
//
// The client replaces a view when something changes, so useSyncExternalStore can read it directly:
// without a copy, without an effect that lags behind, without tearing between components. A message
// that did not change is the same object in the next view, so React does not render a component in
// `memo` again that gets only this message.

import { useCallback, useMemo, useSyncExternalStore } from "react";

import type {
  Client,
  ConnectionView,
  LiveThread,
  ThreadListView,
  ThreadView,
  Undoable,
} from "../src/types.js";
import { useClient } from "./context.js";

/** An object with a view that changes. */
interface Viewed<View> {
  readonly view: View;
  subscribe(listener: () => void): () => void;
}

function useView<View>(viewed: Viewed<View>): View {
  const subscribe = useCallback((listener: () => void) => viewed.subscribe(listener), [viewed]);
  const read = (): View => viewed.view;
  return useSyncExternalStore(subscribe, read, read);
}

type Verbs = Pick<
  LiveThread,
  | "sendMessage"
  | "edit"
  | "regenerate"
  | "continueMessage"
  | "answerTool"
  | "decideTool"
  | "stop"
  | "remove"
  | "update"
  | "delete"
  | "change"
  | "show"
  | "dismiss"
>;

/** The view of a thread, and its verbs. */
export interface ThreadHook extends ThreadView, Verbs {
  /** The live thread itself: also its past, its entries, its lost messages. */
  readonly live: LiveThread;
  readonly view: ThreadView;
}

function verbsOf(live: LiveThread): Verbs {
  return {
    sendMessage: (said, options) => live.sendMessage(said, options),
    edit: (message, said, options) => live.edit(message, said, options),
    regenerate: (message, options) => live.regenerate(message, options),
    continueMessage: (message, options) => live.continueMessage(message, options),
    answerTool: (...asked) => live.answerTool(...asked),
    decideTool: (...asked) => live.decideTool(...asked),
    stop: (run) => live.stop(run),
    remove: (message, options) => live.remove(message, options),
    update: (fields) => live.update(fields),
    delete: (options) => live.delete(options),
    change: (change) => live.change(change),
    show: (message) => live.show(message),
    dismiss: (op) => live.dismiss(op),
  };
}

/**
 * Follows a thread while the component is mounted. The verbs keep their identity as long as the
 * thread is the same, so memoised components may take them.
 */
export function useThread(id: string, client?: Client): ThreadHook {
  const found = useClient(client);
  const live = useMemo(() => found.thread(id), [found, id]);
  const verbs = useMemo(() => verbsOf(live), [live]);
  const view = useView(live);
  return useMemo(() => ({ ...view, ...verbs, live, view }), [view, verbs, live]);
}

/** The list of threads, latest change first. */
export function useThreads(client?: Client): ThreadListView {
  const found = useClient(client);
  return useView(useMemo(() => found.threads(), [found]));
}

export interface UndoHook {
  /** Deletions that can still be undone, the latest last. */
  readonly undoable: readonly Undoable[];
  readonly undo: (id: string) => Promise<boolean>;
}

/** Deletions with `undo: true` that are still held, of all threads and tabs. */
export function useUndo(client?: Client): UndoHook {
  const found = useClient(client);
  const subscribe = useCallback((listener: () => void) => found.subscribe(listener), [found]);
  const read = (): readonly Undoable[] => found.undoable;
  const undoable = useSyncExternalStore(subscribe, read, read);
  return useMemo(() => ({ undoable, undo: (id) => found.undo(id) }), [undoable, found]);
}

/** The state of the connection. */
export function useConnection(client?: Client): ConnectionView {
  const found = useClient(client);
  const subscribe = useCallback((listener: () => void) => found.subscribe(listener), [found]);
  const read = (): ConnectionView => found.connection;
  return useSyncExternalStore(subscribe, read, read);
}
