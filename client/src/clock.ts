// SPDX-License-Identifier: Apache-2.0
// clock.ts: the time of the machine, where no other is handed in, and how long to wait.

import type { Clock } from "./types.js";

const longestDelay = 30_000;

/** How long to wait after so many failures in a row: twice as long each time, jittered by half. */
export const delayAfter = (failures: number, first: number, random: () => number): number =>
  Math.min(longestDelay, first * 2 ** failures) * (0.5 + random() / 2);

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, task) {
    const timer = setTimeout(task, milliseconds);
    return () => clearTimeout(timer);
  },
};
