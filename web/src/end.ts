// SPDX-License-Identifier: Apache-2.0
// end.ts: keeps a box scrolled to its end while new text comes, unless its reader has scrolled up.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { RefObject } from "react";

export interface End {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  /** Has the reader scrolled away from the end? */
  readonly away: boolean;
  readonly onScroll: () => void;
  readonly follow: () => void;
}

/** Nearer to the end than this counts as at the end. */
const NEAR = 48;

/** `shown`: a value that changes whenever the content may have grown. */
export function useEnd(shown: unknown): End {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const height = useRef(0);
  const [away, setAway] = useState(false);
  const toEnd = useCallback(() => {
    const element = box.current;
    if (element === null) return;
    height.current = element.scrollHeight;
    if (following.current) element.scrollTop = element.scrollHeight;
  }, []);
  useLayoutEffect(toEnd, [toEnd, shown]);
  useEffect(() => {
    const observer = new ResizeObserver(toEnd);
    if (content.current !== null) observer.observe(content.current);
    if (box.current !== null) observer.observe(box.current);
    return () => observer.disconnect();
  }, [toEnd]);
  const onScroll = useCallback(() => {
    const element = box.current;
    if (element === null) return;
    const near = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    // The content grew: the end moved away from the reader, who did not scroll.
    if (!near && following.current && element.scrollHeight !== height.current) return toEnd();
    following.current = near;
    setAway(!near);
  }, [toEnd]);
  const follow = useCallback(() => {
    following.current = true;
    setAway(false);
    toEnd();
  }, [toEnd]);
  return { box, content, away, onScroll, follow };
}
