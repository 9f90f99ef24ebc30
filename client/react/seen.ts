// SPDX-License-Identifier: Apache-2.0
// seen.ts: reports to the thread how much the browser has painted, which is less than was received.
//
// A view counts as seen when the browser has painted it: React has put it into the document, a
// frame has begun after that (its paint shows the view), and the next frame begins. While the
// document is hidden no frames begin, so nothing is seen. A part that a smoothing renderer still
// reveals counts only with the length that is in the document.

import { useEffect, useLayoutEffect, useMemo } from "react";

import type { LiveThread, ThreadView } from "../src/types.js";
import type { Shown } from "../src/wire.js";

/** Knows what is in the document, and calls `markSeen` after the paint. */
export interface Painted {
  /** The length of a part in the document while it is revealed slowly; null: the whole part. */
  report(message: string, part: number, length: number | null): void;
  /**
   * Marks everything in the document as seen, at once. Call it before `stop()`: text that was put
   * there since the last frame is painted together with the frozen answer, so the user sees it.
   */
  flush(): void;
}

class Painter implements Painted {
  private readonly lengths = new Map<string, Shown>();
  private view: ThreadView | null = null;
  private frame: number | null = null;

  constructor(private readonly live: LiveThread) {}

  commit(view: ThreadView): void {
    this.view = view;
    this.schedule();
  }

  report(message: string, part: number, length: number | null): void {
    const key = `${message}\n${part}`;
    if (length === null) {
      if (!this.lengths.delete(key)) return;
    } else {
      if (this.lengths.get(key)?.length === length) return;
      this.lengths.set(key, { message, part, length });
    }
    this.schedule();
  }

  flush(): void {
    if (this.view === null || this.view.cursor === null) return;
    this.live.markSeen(this.view.cursor, [...this.lengths.values()]);
  }

  close(): void {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
  }

  // The first frame paints what is in the document when it begins; the second one proves the paint.
  private schedule(): void {
    if (this.frame !== null) return;
    this.frame = requestAnimationFrame(() => {
      const cursor = this.view?.cursor ?? null;
      const shown = [...this.lengths.values()];
      this.frame = requestAnimationFrame(() => {
        this.frame = null;
        if (cursor !== null && document.visibilityState === "visible") {
          this.live.markSeen(cursor, shown);
        }
        if (this.view?.cursor !== cursor || !this.same(shown)) this.schedule();
      });
    });
  }

  private same(shown: readonly Shown[]): boolean {
    const now = [...this.lengths.values()];
    return now.length === shown.length && now.every((one, index) => one === shown[index]);
  }
}

/** Tells the thread how much of this view was painted. Requires: the caller renders `view`. */
export function useSeen(live: LiveThread, view: ThreadView): Painted {
  const painter = useMemo(() => new Painter(live), [live]);
  useLayoutEffect(() => painter.commit(view), [painter, view]);
  useEffect(() => () => painter.close(), [painter]);
  return painter;
}
