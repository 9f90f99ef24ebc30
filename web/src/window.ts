// SPDX-License-Identifier: Apache-2.0
// window.ts: computes which rows of a long list are in sight, for rows of one height.
//
// The box's height comes from an observer and its place from scroll events. Asking the element
// would make the browser lay out the page at once, and scrubbing through 10,000 rows would be slow.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { RefObject } from "react";

/** Rows drawn above and below the rows in sight. */
const SPARE = 6;

export interface Span {
  readonly first: number;
  /** The index after the last row. */
  readonly end: number;
}

/** The rows that a box of this height shows at this place. Pure. */
export function spanOf(top: number, height: number, row: number, count: number): Span {
  const first = Math.max(0, Math.min(count, Math.floor(top / row) - SPARE));
  const end = Math.max(first, Math.min(count, Math.ceil((top + height) / row) + SPARE));
  return { first, end };
}

/** The place of the box, now at `top`, at which this row is in sight. Pure. */
export function placeFor(index: number, top: number, height: number, row: number): number {
  const above = index * row;
  if (above < top) return above;
  if (above + row > top + height) return above + row - height;
  return top;
}

export interface Rows extends Span {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly onScroll: () => void;
}

/** `index`: whenever it changes, this row is scrolled into sight. */
export function useRows(count: number, row: number, index: number): Rows {
  const box = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(600);
  const [place, setPlace] = useState({ top: 0, index: -1 });
  const ours = useRef(false);
  const shown = useRef(0);
  // In the same render, so that a step of a scrub is drawn once and not twice.
  let { top } = place;
  if (place.index !== index) {
    top = Math.max(0, placeFor(index, top, height, row));
    setPlace({ top, index });
  }
  // Reading the box's place may cost a layout, so not after a move of ours, whose place is known.
  const onScroll = useCallback(() => {
    if (ours.current) return;
    const now = box.current?.scrollTop ?? 0;
    shown.current = now;
    setPlace((before) => (before.top === now ? before : { ...before, top: now }));
  }, []);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.height > 0) setHeight(entry.contentRect.height);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (box.current === null || top === shown.current) return undefined;
    shown.current = top;
    ours.current = true;
    box.current.scrollTop = top;
    // The browser fires scroll events before the callbacks of a frame.
    const frame = requestAnimationFrame(() => (ours.current = false));
    return () => cancelAnimationFrame(frame);
  }, [top]);
  return { box, onScroll, ...spanOf(top, height, row, count) };
}
