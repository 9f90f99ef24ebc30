// SPDX-License-Identifier: Apache-2.0
// clock.ts: the clock of the machine (the default), and the delays of retries.

import type { Clock } from "./types.js";

const longestDelay = 30_000;

/** Backoff in milliseconds: doubles with each failure up to 30 s; jitter takes off up to a half. */
export const delayAfter = (failures: number, first: number, random: () => number): number =>
  Math.min(longestDelay, first * 2 ** failures) * (0.5 + random() / 2);

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, task) {
    const timer = setTimeout(task, milliseconds);
    return () => clearTimeout(timer);
  },
};
