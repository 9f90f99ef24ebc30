// SPDX-License-Identifier: Apache-2.0
// blocks.ts: cuts a markdown text into pieces that can be drawn one by one.
//
// An answer that streams grows at its end. If it is cut at blank lines between top-level blocks,
// all pieces but the last stay the same and need not be parsed again with each token. A cut is made
// only where markdown means the same on both sides of it: never inside a fence, nor before a line
// that may belong to the list or quote above, and nowhere in a text with definitions that other
// pieces use.

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
/** A list item, a quote, or an indented line may continue the block above the blank line. */
const CARRIES_ON = /^(\s|[-*+>]|\d{1,9}[.)])/;
const DEFINITION = /^ {0,3}\[[^\]\n]+\]:/m;
const HTML = /^ {0,3}<[!?a-zA-Z/]/m;

export function blocksOf(text: string): readonly string[] {
  if (DEFINITION.test(text) || HTML.test(text)) return [text];
  const blocks: string[] = [];
  let fence: string | null = null;
  let start = 0;
  let at = 0;
  let afterBlank = false;
  while (at < text.length) {
    const end = text.indexOf("\n", at);
    const next = end === -1 ? text.length : end + 1;
    const line = text.slice(at, end === -1 ? text.length : end);
    const blank = line.trim() === "";
    if (fence === null && afterBlank && !blank && !CARRIES_ON.test(line)) {
      blocks.push(text.slice(start, at));
      start = at;
    }
    fence = fenceAfter(fence, line);
    afterBlank = blank && fence === null;
    at = next;
  }
  if (start < text.length) blocks.push(text.slice(start));
  return blocks;
}

/** The marks of the fence that is open after this line, if `fence` was open before it. */
export function fenceAfter(fence: string | null, line: string): string | null {
  const marks = FENCE.exec(line)?.[1];
  if (marks === undefined) return fence;
  if (fence === null) return opens(marks, line) ? marks : null;
  const closes = marks[0] === fence[0] && marks.length >= fence.length && line.trim() === marks;
  return closes ? null : fence;
}

/** Backticks with another one after them on the line are a span of code, not a fence. */
const opens = (marks: string, line: string): boolean =>
  marks[0] === "~" || !line.slice(line.indexOf(marks) + marks.length).includes("`");
