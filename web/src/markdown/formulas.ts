// SPDX-License-Identifier: Apache-2.0
// formulas.ts: finds formulas of several lines in a text.
//
// Markdown finds blocks before their content: a line of a formula that begins with "+ " or "= "
// would become a list or a heading. So this file looks for formulas that span lines first, in one
// pass over the source. A formula is `\( \)`, `\[ \]` or `$$ $$`. It contains no blank line (as in
// TeX) and no fence; a backslash in it takes the next character with it. Text in code is not a
// formula.
//
// `$$` is also used in price ranges. Across lines it counts only if the first one begins its line
// and the second one ends its own.

import { fenceAfter } from "./blocks.js";

interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** From the first character of a formula to after its last. */
export interface Formula extends Stretch {
  /** Its paragraph does not begin before this. */
  readonly paragraph: number;
}

/** The closer of a formula, by its opener. */
const CLOSERS: Readonly<Record<string, string>> = { "\\(": "\\)", "\\[": "\\]", $$: "$$" };

const BLANK = /^[ \t>]*$/;
/** The marks of containers (quotes, lists) before a line's own text. */
const PREFIX = /^(?:[ \t>]|[-*+] |\d{1,9}[.)] )*$/;

/** All formulas of more than one line, in order. */
export function formulasOf(text: string): readonly Formula[] {
  if (!/\\[([]|\$\$/.test(text)) return [];
  return stretchesOf(text).flatMap(({ start, end }) => formulasIn(text, start, end));
}

/** The stretches of lines that are neither blank nor in a fence. */
function stretchesOf(text: string): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let fence: string | null = null;
  let start = 0;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf("\n", at);
    const next = newline === -1 ? text.length : newline + 1;
    const line = text.slice(at, next).trimEnd();
    const before = fence;
    fence = fenceAfter(fence, line);
    if (before !== null || fence !== null || BLANK.test(line)) {
      if (start < at) stretches.push({ start, end: at });
      start = next;
    }
    at = next;
  }
  if (start < text.length) stretches.push({ start, end: text.length });
  return stretches;
}

function formulasIn(text: string, start: number, end: number): Formula[] {
  const found: Formula[] = [];
  // If no closer was found once, no later formula has one either: the pass stays linear.
  const unclosed = new Set<string>();
  for (let at = start; at < end;) {
    if (text[at] === "`") {
      at = behindCode(text, at, end);
      continue;
    }
    const opener = openerAt(text, at);
    if (opener === "" || unclosed.has(opener)) {
      at += text[at] === "\\" ? 2 : Math.max(1, dollarsAt(text, at));
      continue;
    }
    const close = closerOf(text, at + 2, end, opener);
    if (close === -1) {
      unclosed.add(opener);
      continue;
    }
    if (spansLines(text, at, close, opener))
      found.push({ start: at, end: close, paragraph: start });
    at = close;
  }
  return found;
}

function openerAt(text: string, at: number): string {
  if (dollarsAt(text, at) === 2) return "$$";
  const two = text.slice(at, at + 2);
  return two === "\\(" || two === "\\[" ? two : "";
}

/** How many dollar signs stand here in a row. */
function dollarsAt(text: string, at: number): number {
  let count = 0;
  while (text[at + count] === "$") count += 1;
  return count;
}

/** The place after the closer of the formula; -1: there is none. */
function closerOf(text: string, from: number, end: number, opener: string): number {
  for (let at = from; at < end;) {
    if (opener === "$$") {
      const dollars = dollarsAt(text, at);
      if (dollars === 2) return at + 2;
      at += dollars;
    } else if (text.startsWith(CLOSERS[opener] ?? "", at)) {
      return at + 2;
    }
    at += text[at] === "\\" ? 2 : text[at] === "$" && opener === "$$" ? 0 : 1;
  }
  return -1;
}

/** The place after a span of code that begins here, or after the backticks if none does. */
function behindCode(text: string, at: number, end: number): number {
  const marks = /^`+/.exec(text.slice(at, end))?.[0] ?? "`";
  for (let from = at + marks.length; from < end;) {
    const next = text.indexOf("`", from);
    if (next === -1 || next >= end) break;
    let behind = next;
    while (text[behind] === "`") behind += 1;
    if (behind - next === marks.length) return behind;
    from = behind;
  }
  return at + marks.length;
}

function spansLines(text: string, start: number, end: number, opener: string): boolean {
  const last = text.lastIndexOf("\n", end - 1);
  if (last < start) return false;
  if (opener !== "$$") return true;
  const before = text.slice(text.lastIndexOf("\n", start) + 1, start);
  const newline = text.indexOf("\n", end);
  const behind = text.slice(end, newline === -1 ? text.length : newline);
  const own = text.slice(last + 1, end - 2);
  const item = PREFIX.test(own) && !BLANK.test(own);
  return PREFIX.test(before) && behind.trim() === "" && !item;
}
