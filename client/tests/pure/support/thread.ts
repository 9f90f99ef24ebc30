// SPDX-License-Identifier: Apache-2.0
// thread.ts: short notation for threads, for tests of views.

import { foldAll } from "../../../src/fold.js";
import { emptyState, type ThreadState } from "../../../src/state.js";
import type { PendingChange } from "../../../src/types.js";
import type { ChangeBody, Cursor, Event, Message, Part, Role } from "../../../src/wire.js";

/** The state after one more entry for each list of events. */
export function after(state: ThreadState | null, ...entries: readonly (readonly Event[])[]) {
  const begun = state ?? { ...emptyState("t"), epoch: "e" };
  const frames = entries.map((events, index) => {
    const ts = begun.ts + 1 + index;
    return { frame: "entry", ts, prev: ts - 1, events } as const;
  });
  return foldAll(begun, frames);
}

export const text = (it: string): readonly Part[] => [{ type: "text", text: it }];

/** Puts a message, and moves the head to it. */
export function put(
  id: string,
  parent: string | null,
  said = id,
  role: Role = "user",
): readonly Event[] {
  const times = { created: 1, updated: 1 };
  const message: Message = { id, parent, role, parts: text(said), status: "complete", ...times };
  return [
    { type: "message_put", message },
    { type: "head_moved", head: id },
  ];
}

export function queued(run: string, after: string | null, input: readonly string[] = []): Event {
  const messages = input.map((id) => ({ id, text: id }));
  return { type: "run_queued", run, agent: "default", input: messages, after };
}

export const started = (run: string, head: string): Event => ({
  type: "run_started",
  run,
  attempt: 1,
  head,
  settings: "s",
});

/** A message of a run, open and empty. */
export const created = (id: string, parent: string, run: string): readonly Event[] => [
  { type: "message_created", message: { id, parent, role: "assistant", run } },
  { type: "head_moved", head: id },
];

export const wrote = (message: string, at: number, said: string): Event => ({
  type: "content_appended",
  message,
  part: 0,
  at,
  text: said,
});

export const messageEnded = (message: string, status: Message["status"]): Event => ({
  type: "message_ended",
  message,
  status,
});

export const runEnded = (
  run: string,
  status: "completed" | "stopped" | "failed" | "interrupted",
): Event => ({ type: "run_ended", run, status });

export function pendingOf(
  op: number,
  change: ChangeBody,
  more: { readonly seen?: Cursor; readonly frozen?: readonly Message[] } = {},
): PendingChange {
  return { op, thread: "t", change, seen: more.seen ?? null, ...more };
}
