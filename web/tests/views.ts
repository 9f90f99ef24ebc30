// SPDX-License-Identifier: Apache-2.0
// views.ts: messages, runs and views that tests begin with.

import type { MessageView, Part, Run, ThreadView } from "lockstep-client";

import { nothing, threadOf } from "./fake_client.js";

export const thread = threadOf("tea", 0);

export const text = (said: string): Part => ({ type: "text", text: said });

export function messageOf(
  id: string,
  role: MessageView["role"],
  more: Partial<MessageView> = {},
): MessageView {
  const { created, updated } = thread;
  const said = { parts: [text(id)], status: "complete" } as const;
  const shown = { pending: null, branches: [id] };
  return { id, parent: null, role, ...said, created, updated, ...shown, ...more };
}

/** An answer that goes on with another. */
export const onward = (id: string, cut: string, more: Partial<MessageView> = {}): MessageView =>
  messageOf(id, "assistant", { parent: cut, continues: cut, ...more });

export const runOf = (id: string, head: string, more: Partial<Run> = {}): Run => ({
  id,
  agent: "default",
  status: "completed",
  attempt: 1,
  head,
  queued: thread.updated - 3,
  started: thread.updated - 2,
  ended: thread.updated,
  ...more,
});

export const runsOf = (...runs: readonly Run[]): ReadonlyMap<string, Run> =>
  new Map(runs.map((run) => [run.id, run]));

export const viewOf = (
  messages: readonly MessageView[],
  more: Partial<ThreadView> = {},
): ThreadView => ({ ...nothing, id: "tea", messages, thread, ...more });
