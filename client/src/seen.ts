// SPDX-License-Identifier: Apache-2.0
// seen.ts: what was seen of a run, and what its stop leaves.

import { sameItems } from "./equal.js";
import type { ThreadState } from "./state.js";
import { cutPart, growingText } from "./text.js";
import type { Message, Part, Shown } from "./wire.js";

/**
 * What a run's stop leaves, from the state as its user saw it: its messages, cut to what was shown,
 * and of `shown` what has to be said: the parts of which less was seen than the state has. The
 * server cuts by the same rules.
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
      // A half-written call goes, with all behind it.
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
