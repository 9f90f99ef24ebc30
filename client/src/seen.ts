// seen.ts: what was seen of a run, and what its stop leaves.

import type { ThreadState } from "./state.js";
import { cutPart, growingText, roundDown } from "./text.js";
import type { Message, Part, Shown } from "./wire.js";

/** Of `shown` what has to be said: the parts of which less was seen than the state has. */
export function shownToSend(seen: ThreadState, shown: readonly Shown[]): readonly Shown[] {
  const least = new Map<string, Shown>();
  for (const { message, part, length } of shown) {
    const held = seen.messages.get(message)?.parts[part];
    const text = held && growingText(held);
    if (text === undefined) continue;
    const cut = roundDown(text, length);
    const key = `${part} ${message}`;
    if (cut < (least.get(key)?.length ?? text.length)) {
      least.set(key, { message, part, length: cut });
    }
  }
  return [...least.values()];
}

/**
 * What a run's stop leaves, from the state as its user saw it: its messages, cut to what was shown,
 * and the lengths to send. The server cuts by the same rules.
 */
export function frozenOf(
  seen: ThreadState,
  run: string,
  shown: readonly Shown[] = [],
): { readonly messages: readonly Message[]; readonly shown: readonly Shown[] } {
  const own = [...seen.messages.values()].filter((message) => message.run === run);
  const ids = new Set(own.map((message) => message.id));
  const lengths = shownToSend(
    seen,
    shown.filter((it) => ids.has(it.message)),
  );
  const messages = own.map((message) => {
    const cuts = lengths.filter((it) => it.message === message.id);
    return cut(message, new Map(cuts.map(({ part, length }) => [part, length])));
  });
  return { messages, shown: lengths };
}

function cut(message: Message, lengths: ReadonlyMap<number, number>): Message {
  const parts: Part[] = [];
  for (const [index, part] of message.parts.entries()) {
    const kept = cutPart(part, lengths.get(index) ?? Infinity);
    // A half-written call goes, with all behind it.
    if (kept.type === "tool_call" && !isObject(kept.arguments)) break;
    parts.push(kept);
  }
  const whole =
    parts.length === message.parts.length && parts.every((part, at) => part === message.parts[at]);
  if (whole && message.status !== "open") return message;
  return { ...message, parts, status: "stopped" };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
