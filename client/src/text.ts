// SPDX-License-Identifier: Apache-2.0
// text.ts: the parts that grow, and how they are cut.
//
// Lengths are UTF-16 units, as `length` counts; a cut never falls inside a code point.

import type { Message, Part } from "./wire.js";

/** The text of a part that can grow; undefined for the others, and for types not known here. */
export const growingText = (part: Part): string | undefined => {
  if (part.type === "text" || part.type === "reasoning") return part.text;
  return part.type === "tool_call" ? part.arguments : undefined;
};

/** The text of a message, without reasoning, calls and files. */
export const textOf = (message: Pick<Message, "parts">): string =>
  message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");

/** A part that can grow, with another text. */
export const withText = (part: Part, text: string): Part =>
  part.type === "tool_call" ? { ...part, arguments: text } : ({ ...part, text } as Part);

/** The last boundary of code points at or before `units`. */
export const roundDown = (text: string, units: number): number => {
  const whole = Math.min(text.length, Math.max(0, Math.floor(units) || 0));
  return (text.codePointAt(whole - 1) ?? 0) > 0xffff ? whole - 1 : whole;
};

/** The part's first units; one that can't grow, or is no longer than that, stays as it is. */
export const cutPart = (part: Part, units: number): Part => {
  const text = growingText(part) ?? "";
  const cut = roundDown(text, units);
  return cut === text.length ? part : withText(part, text.slice(0, cut));
};

/** Has the message nothing to show? */
export const isEmpty = (message: Message): boolean =>
  message.parts.every((part) => growingText(part) === "");
