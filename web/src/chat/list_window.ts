// SPDX-License-Identifier: Apache-2.0
// list_window.ts: finds the rows to draw of a list in a box that scrolls: those in sight.
//
// The row with the focus stays drawn wherever it is: after scrolling with the wheel, the keys must
// still act on it.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { RefObject } from "react";

import { placeFor, spanOf } from "../window.js";
import type { Span } from "../window.js";

/** The height of a row in rem, so that it grows with the reader's font size. */
const ROW_REM = 2.25;

/** The height before the box is measured: about a screen. */
const HEIGHT_AT_FIRST = 720;

const rowHeight = (): number =>
  ROW_REM * (Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16);

/** The places of the span, and `also` if it is a place outside it. Pure. */
export function placesOf(span: Span, also: number): readonly number[] {
  const places = Array.from({ length: span.end - span.first }, (_, at) => span.first + at);
  if (also === -1 || (also >= span.first && also < span.end)) return places;
  return also < span.first ? [also, ...places] : [...places, also];
}

export interface ListWindow {
  readonly list: RefObject<HTMLUListElement | null>;
  readonly row: number;
  readonly span: Span;
  /** Scrolls a row into sight. */
  readonly bring: (index: number) => void;
}

/** `above`: a value that changes whenever the content above the list in its box may have. */
export function useListWindow(
  box: RefObject<HTMLElement | null>,
  count: number,
  above: number,
): ListWindow {
  const list = useRef<HTMLUListElement>(null);
  const [row, setRow] = useState(rowHeight);
  const [sight, setSight] = useState<Span>(() => spanOf(0, HEIGHT_AT_FIRST, row, Infinity));
  const look = useCallback(() => {
    if (box.current === null || list.current === null) return;
    const top = box.current.scrollTop - list.current.offsetTop;
    const next = spanOf(top, box.current.clientHeight || HEIGHT_AT_FIRST, row, Infinity);
    setSight((now) => (now.first === next.first && now.end === next.end ? now : next));
  }, [box, row]);
  useLayoutEffect(look, [look, count, above]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      setRow(rowHeight());
      look();
    });
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [box, look]);
  const bring = useCallback(
    (index: number) => {
      if (box.current === null || list.current === null) return;
      const before = list.current.offsetTop;
      const top = box.current.scrollTop - before;
      const place = placeFor(index, top, box.current.clientHeight, row);
      if (place !== top) box.current.scrollTop = place + before;
    },
    [box, row],
  );
  const span = { first: Math.min(sight.first, count), end: Math.min(sight.end, count) };
  return { list, row, span, bring };
}
