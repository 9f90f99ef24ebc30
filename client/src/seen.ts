// SPDX-License-Identifier: Apache-2.0
// seen.ts: computes the view that the stop of a run leaves.

import { sameItems } from "./equal.js";
import type { ThreadState } from "./state.js";
import { cutPart, growingText } from "./text.js";
import type { Message, Part, Shown } from "./wire.js";

/**
 * From the state that the user saw: the run's messages, cut to the text that was shown, and the
 * parts of which the user saw less than the state has (the change's `shown`). The server cuts by
 * the same rules.
 */
export const frozenOf = (
  seen: ThreadState,
  run: string,
  shown: readonly Shown[] = [],
): { readonly messages: readonly Message[]; readonly shown: readonly Shown[] } => {
  const messages: Message[] = [];
  const said: Shown[] = [];
  for (const message of seen.messages.values()) {
    if (message.run !== run) continue;
    const parts: Part[] = [];
    for (const [part, value] of message.parts.entries()) {
      const own = shown.filter((it) => it.message === message.id && it.part === part);
      const kept = cutPart(value, Math.min(...own.map((it) => it.length)));
      if (kept !== value) said.push({ message: message.id, part, length: lengthOf(kept) });
      // A half-written call is removed, with all parts behind it.
      if (kept.type === "tool_call" && !isObject(kept.arguments)) break;
      parts.push(kept);
    }
    const stays = sameItems(message.parts, parts) && message.status !== "open";
    messages.push(stays ? message : { ...message, parts, status: "stopped" });
  }
  return { messages, shown: said };
};

const lengthOf = (part: Part) => growingText(part)?.length ?? 0;

const isObject = (text: string): boolean => {
  try {
    JSON.parse(text);
    return text.trim().startsWith("{");
  } catch {
    return false;
  }
};
