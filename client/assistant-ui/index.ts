// SPDX-License-Identifier: Apache-2.0
// index.ts: `lockstep-client/assistant-ui`: a thread as a runtime of assistant-ui.
//
//   const runtime = useLockstepRuntime("tea");
//   <AssistantRuntimeProvider runtime={runtime}><Thread /></AssistantRuntimeProvider>
//
// The thread owns all state, and assistant-ui shows it: the runtime asks the thread to send, edit,
// answer again, stop or change the branch, and the result comes back in the view. Refused changes,
// waiting turns and lost messages are in the runtime's `extras`. Files that the user adds are
// uploaded by the client.

import { useExternalStoreRuntime } from "@assistant-ui/react";
import type {
  AppendMessage,
  AssistantRuntime,
  AttachmentAdapter,
  ExternalStoreAdapter,
  ExternalStoreThreadListAdapter,
  ThreadMessage,
} from "@assistant-ui/react";
import { useMemo } from "react";

import { useClient } from "../react/context.js";
import { useThread, useThreads } from "../react/hooks.js";
import type { ThreadHook } from "../react/hooks.js";
import { useSeen } from "../react/seen.js";
import type { Painted } from "../react/seen.js";
import { answersOf } from "../src/answers.js";
import type { Client, LiveThread, SendOptions, ThreadView } from "../src/types.js";
import { BlobAttachments } from "./attachments.js";
import { toParts, toRepository } from "./convert.js";

export { BlobAttachments } from "./attachments.js";
export { toParts, toRepository } from "./convert.js";

export interface LockstepRuntimeOptions {
  /** Default: the provider's client. */
  readonly client?: Client | undefined;
  /** Options of every request to a model. */
  readonly send?: SendOptions | undefined;
  /** The result of `useLockstepThreadList`. */
  readonly threadList?: ExternalStoreThreadListAdapter | undefined;
  /** What becomes of files that the user adds. Default: the client uploads them. Null: none may be. */
  readonly attachments?: AttachmentAdapter | null | undefined;
}

/** The runtime's `extras`. */
export interface LockstepExtras {
  readonly live: LiveThread;
  readonly view: ThreadView;
}

type Adapter = ExternalStoreAdapter<ThreadMessage>;

/** The adapter that assistant-ui wants; without React, so that tests need none. */
export function adapterOf(
  { live, view }: Pick<ThreadHook, "live" | "view">,
  painted: Painted | null,
  options: LockstepRuntimeOptions,
): Adapter {
  const { send, threadList } = options;
  const adapters = {
    ...(threadList === undefined ? {} : { threadList }),
    ...(options.attachments ? { attachments: options.attachments } : {}),
  };
  const running = view.run !== null || view.status === "submitted" || view.status === "streaming";
  const extras: LockstepExtras = { live, view };
  return {
    isRunning: running,
    isLoading: view.status === "loading",
    messageRepository: toRepository(view.messages),
    extras,
    ...verbsOf(live, view, send),
    onCancel: async () => {
      painted?.flush();
      void live.stop();
    },
    // With `setMessages` assistant-ui would remove the user's message when a running run is
    // cancelled.
    ...(running ? {} : { setMessages: (messages) => showBranch(live, view, messages) }),
    ...(Object.keys(adapters).length === 0 ? {} : { adapters }),
  };
}

// The verbs do not wait for the server: a change is in the view at once, and its outcome may come
// hours later, when there is a network again.
function verbsOf(
  live: LiveThread,
  view: ThreadView,
  send: SendOptions | undefined,
): Pick<Adapter, "onNew" | "onEdit" | "onReload" | "onDelete"> {
  return {
    onNew: async (message: AppendMessage) => {
      const parts = toParts(message);
      if (message.startRun ?? message.role === "user") void live.sendMessage({ parts }, send);
      else void live.change({ type: "put_message", message: { role: message.role, parts } });
    },
    onEdit: async (message: AppendMessage) => {
      const said = { parts: toParts(message) };
      if (message.sourceId === null) {
        void live.sendMessage(said, { ...send, parent: message.parentId });
      } else {
        void live.edit(message.sourceId, said, { ...send, resend: message.role === "user" });
        editRest(live, view, message.sourceId);
      }
    },
    onReload: async (parent, { sourceId }) => {
      const answer = sourceId ?? view.messages.find((one) => one.parent === parent)?.id;
      if (answer !== undefined) void live.regenerate(answer, send);
      else void live.regenerate(undefined, { ...send, parent });
    },
    onDelete: (message) => void live.remove(message),
  };
}

// The first message of an answer has its whole text after an edit: those that go on lose theirs.
function editRest(live: LiveThread, view: ThreadView, first: string): void {
  const chain = answersOf(view.messages).find(([message]) => message?.id === first) ?? [];
  for (const { id, parts } of chain.slice(1)) {
    const rest = parts.filter((part) => part.type !== "text");
    if (rest.length < parts.length) void live.edit(id, { parts: rest });
  }
}

function showBranch(live: LiveThread, view: ThreadView, messages: readonly ThreadMessage[]): void {
  const here = new Set(view.messages.map((message) => message.id));
  const other = messages.find((message) => !here.has(message.id));
  if (other !== undefined) live.show(other.id);
}

/** A thread for `AssistantRuntimeProvider`. Follows the thread while it is mounted. */
export function useLockstepRuntime(
  thread: string,
  options: LockstepRuntimeOptions = {},
): AssistantRuntime {
  const client = useClient(options.client);
  const { live, view } = useThread(thread, options.client);
  const painted = useSeen(live, view);
  const { send, threadList } = options;
  const uploads = useMemo(() => new BlobAttachments(client), [client]);
  const attachments = options.attachments === undefined ? uploads : options.attachments;
  const adapter = useMemo(
    () => adapterOf({ live, view }, painted, { send, threadList, attachments }),
    [live, view, painted, send, threadList, attachments],
  );
  return useExternalStoreRuntime(adapter);
}

/** The list of threads. `onThread`: the user wants this thread, or a new one (null). */
export function useLockstepThreadList(
  thread: string,
  onThread: (thread: string | null) => void,
  client?: Client,
): ExternalStoreThreadListAdapter {
  const found = useClient(client);
  const { threads, status } = useThreads(found);
  return useMemo(() => {
    const rows = threads.map(({ id, title, archived }) => ({ id, title, archived }));
    return {
      threadId: thread,
      isLoading: status === "loading",
      threads: rows
        .filter((row) => !row.archived)
        .map(({ id, title }) => ({ id, title, status: "regular" as const })),
      archivedThreads: rows
        .filter((row) => row.archived)
        .map(({ id, title }) => ({ id, title, status: "archived" as const })),
      onSwitchToThread: (id) => onThread(id),
      onSwitchToNewThread: () => onThread(null),
      onRename: (id, title) => void found.thread(id).update({ title }),
      onArchive: (id) => void found.thread(id).update({ archived: true }),
      onUnarchive: (id) => void found.thread(id).update({ archived: false }),
      onDelete: (id) => void found.thread(id).delete(),
    };
  }, [threads, status, thread, onThread, found]);
}
