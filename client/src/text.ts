// text.ts: the parts that grow, and how they are cut.
//
// Lengths are UTF-16 units, as `length` counts; a cut never falls inside a code point.

import type { Message, Part } from "./wire.js";

/** The text of a part that can grow; undefined for the others, and for types not known here. */
export function growingText(part: Part): string | undefined {
  if (part.type === "text" || part.type === "reasoning") return part.text;
  return part.type === "tool_call" ? part.arguments : undefined;
}

/** The same part with another text; a part that can't grow stays as it is. */
export function withText(part: Part, text: string): Part {
  if (growingText(part) === undefined || growingText(part) === text) return part;
  return part.type === "tool_call" ? { ...part, arguments: text } : ({ ...part, text } as Part);
}

/** The last boundary of code points at or before `units`. */
export function roundDown(text: string, units: number): number {
  if (!(units > 0)) return 0;
  if (units >= text.length) return text.length;
  const whole = Math.floor(units);
  return (text.codePointAt(whole - 1) ?? 0) > 0xffff ? whole - 1 : whole;
}

export function cutText(text: string, units: number): string {
  return text.slice(0, roundDown(text, units));
}

/** The part's first units; one that can't grow stays whole. */
export function cutPart(part: Part, units: number): Part {
  const text = growingText(part);
  return text === undefined ? part : withText(part, cutText(text, units));
}

/** Is there nothing in it to show? */
export function isEmpty(message: Message): boolean {
  return message.parts.every((part) => growingText(part) === "");
}
