// clock.ts: the time of the machine, where no other is handed in.

import type { Clock } from "./types.js";

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, task) {
    const timer = setTimeout(task, milliseconds);
    return () => clearTimeout(timer);
  },
};
