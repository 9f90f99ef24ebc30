// SPDX-License-Identifier: Apache-2.0
// screens.ts: remembers the states that may still be on the screen.
//
// The page says after the paint which state it painted, and newer states have come by then. A stop
// cuts to the text that the user saw, so the states handed out since the last `markSeen` are kept.

import { cursorOf, type ThreadState } from "./state.js";
import type { Cursor, Shown } from "./wire.js";

export interface Seen {
  readonly state: ThreadState;
  readonly cursor: Cursor | null;
  /** The parts of which the screen has less than the state. */
  readonly shown: readonly Shown[];
}

export interface Screens {
  /** A view of this state was handed out. */
  handed(state: ThreadState): void;
  mark(cursor: Cursor, shown: readonly Shown[]): void;
  seen(current: ThreadState): Seen;
  /** Another history has replaced the copy. */
  clear(): void;
}

// Each state has its own map of messages, so fewer states of a long thread are kept.
const statesMax = 256;
const entriesMax = 100_000;

export const createScreens = (): Screens => {
  let states: ThreadState[] = [];
  /** The shown parts of the first state; null: the page never called `markSeen`. */
  let marked: readonly Shown[] | null = null;
  return {
    handed(state) {
      if (states.at(-1) === state) return;
      states.push(state);
      // Keep the oldest, which was surely seen, and the newest; any one between can go.
      const most = Math.max(2, Math.min(statesMax, entriesMax / state.messages.size));
      if (states.length > most) states.splice(1, 1);
    },
    mark(cursor, shown) {
      const place = states.findIndex((it) => cursorOf(it) === cursor);
      if (place < 0) return;
      states.splice(0, place);
      marked = shown;
    },
    seen(current) {
      const state = states.at(marked ? 0 : -1) ?? current;
      return { state, cursor: cursorOf(state), shown: marked ?? [] };
    },
    clear() {
      states = [];
      marked = null;
    },
  };
};
