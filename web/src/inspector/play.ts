// SPDX-License-Identifier: Apache-2.0
// play.ts: plays a log at a multiple of its own speed, frame by frame. A gap above two seconds is
// played as two seconds: a night between two turns is too long to watch.

import { useEffect, useRef, useState } from "react";

import type { Timeline } from "./timeline.js";

export const SPEEDS = [1, 2, 5, 10, 25, 50, 100] as const;

export interface Player {
  readonly playing: boolean;
  readonly speed: number;
  readonly toggle: () => void;
  readonly pause: () => void;
  readonly setSpeed: (speed: number) => void;
}

export function usePlayer(
  timeline: Timeline,
  index: number,
  onIndex: (index: number) => void,
): Player {
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<number>(10);
  const at = useRef(index);
  at.current = index;
  const tell = useRef(onIndex);
  tell.current = onIndex;
  useEffect(() => {
    if (!playing) return undefined;
    let time = timeline.played[at.current] ?? 0;
    let shown = at.current;
    let before: number | null = null;
    let frame = requestAnimationFrame(function step(now: number): void {
      // The user may have moved the slider meanwhile.
      if (at.current !== shown) time = timeline.played[at.current] ?? time;
      time += before === null ? 0 : (now - before) * 1000 * speed;
      before = now;
      const next = Math.max(at.current, timeline.indexPlayed(time));
      shown = next;
      if (next !== at.current) tell.current(next);
      if (next >= timeline.length - 1) setPlaying(false);
      else frame = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, timeline]);
  return {
    playing,
    speed,
    setSpeed,
    pause: () => setPlaying(false),
    toggle: () => {
      if (!playing && at.current >= timeline.length - 1) tell.current(0);
      setPlaying(!playing);
    },
  };
}
