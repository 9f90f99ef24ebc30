// SPDX-License-Identifier: Apache-2.0
// smooth.ts: text that arrives in bursts, revealed evenly.
//
// Each frame reveals a share of what is still hidden, so that a burst is spread over about a third
// of a second however large it is, and a steady stream is shown with a steady delay. It never shows
// half a character. A user who stops the answer has seen only the revealed text, so each length is
// reported to `useSeen`; a text that Stop has cut is shown cut at once.

import { useEffect, useLayoutEffect, useRef, useState } from "react";

import type { Painted } from "./seen.js";

export interface SmoothOptions {
  readonly message: string;
  readonly part: number;
  /** The part is still being written. A part that is complete at first is shown whole at once. */
  readonly open: boolean;
  /** Stop was pressed: reveals no more. */
  readonly frozen?: boolean | undefined;
  /** The result of `useSeen`; without it the lengths are not reported. */
  readonly painted?: Painted | undefined;
  /** Spreads a burst over so many milliseconds; 0: shows it at once. */
  readonly spread?: number | undefined;
}

const SPREAD_DEFAULT = 300;

/** The length after a frame of so many milliseconds; never inside a code point. Pure. */
export function reveal(text: string, shown: number, elapsed: number, spread: number): number {
  const hidden = text.length - shown;
  if (hidden <= 0) return text.length;
  const share = spread <= 0 ? 1 : Math.min(1, elapsed / spread);
  const next = Math.min(text.length, shown + Math.max(1, Math.ceil(hidden * share)));
  return endsInsideCodePoint(text, next) ? next + 1 : next;
}

function endsInsideCodePoint(text: string, length: number): boolean {
  const last = text.charCodeAt(length - 1);
  const after = text.charCodeAt(length);
  return last >= 0xd800 && last <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

function wantsNoMotion(): boolean {
  return typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** The part of the text to show now. */
export function useSmooth(text: string, options: SmoothOptions): string {
  const { message, part, open, frozen = false, painted } = options;
  const spread = wantsNoMotion() ? 0 : (options.spread ?? SPREAD_DEFAULT);
  const [length, setLength] = useState(open ? 0 : text.length);
  const shown = spread === 0 && !frozen ? text.length : Math.min(length, text.length);
  const latest = useRef(text);
  latest.current = text;

  // A text that was cut and grows again starts from the cut.
  if (length > text.length) setLength(text.length);

  const waiting = !frozen && shown < text.length;
  useEffect(() => {
    if (!waiting) return undefined;
    let before: number | null = null;
    let frame = requestAnimationFrame(function step(now: number): void {
      const elapsed = before === null ? 16 : now - before;
      before = now;
      setLength((current) => reveal(latest.current, current, elapsed, spread));
      frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [waiting, spread]);

  useLayoutEffect(() => {
    painted?.report(message, part, shown < text.length ? shown : null);
  }, [painted, message, part, shown, text.length]);
  useEffect(() => () => painted?.report(message, part, null), [painted, message, part]);

  return shown < text.length ? text.slice(0, shown) : text;
}
