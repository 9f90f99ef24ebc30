// SPDX-License-Identifier: Apache-2.0
// cuts.ts: finds the text that a stop removed.
//
// The log has both: the state before the cut has the text that the model had written, and the cut
// keeps the text that the user had seen.

import type { EntryFrame, Event, Message, Part, ThreadState } from "lockstep-client";

export interface PartCut {
  readonly part: number;
  readonly type: Part["type"];
  readonly kept: string;
  readonly cut: string;
}

export interface Cut {
  readonly index: number;
  readonly ts: number;
  readonly message: string;
  /** The message's status after the cut: `stopped` by a user, or the end of a run. */
  readonly status: string;
  readonly parts: readonly PartCut[];
}

/** The text of a part that grows; of another part a text in its place. */
export function contentOf(part: Part): string {
  switch (part.type) {
    case "text":
    case "reasoning":
      return part.text;
    case "tool_call":
      return part.arguments;
    case "tool_result":
      return part.content;
    case "file":
      return part.uri;
    case "data":
      return JSON.stringify(part.value);
    default:
      return "";
  }
}

const grows = (part: Part): boolean =>
  part.type === "text" || part.type === "reasoning" || part.type === "tool_call";

function cutOf(
  before: Message,
  event: Extract<Event, { type: "message_cut" }>,
): readonly PartCut[] {
  return before.parts.flatMap((part, index) => {
    const content = contentOf(part);
    const keep = event.keep[index];
    const kept =
      keep === undefined ? 0 : grows(part) ? Math.min(keep, content.length) : content.length;
    if (keep !== undefined && kept === content.length) return [];
    return [
      { part: index, type: part.type, kept: content.slice(0, kept), cut: content.slice(kept) },
    ];
  });
}

/** The cuts in one entry. Requires: `before` is the state just before it. */
export function cutsIn(before: ThreadState, entry: EntryFrame, index: number): readonly Cut[] {
  const parts = new Map<string, Message>(before.messages);
  return entry.events.flatMap((event): readonly Cut[] => {
    if (event.type === "message_put") parts.set(event.message.id, event.message);
    if (event.type !== "message_cut") return [];
    const message = parts.get(event.message);
    if (message === undefined) return [];
    const { status } = event;
    return [{ index, ts: entry.ts, message: message.id, status, parts: cutOf(message, event) }];
  });
}

export const hasCut = (entry: EntryFrame): boolean =>
  entry.events.some((event) => event.type === "message_cut");
