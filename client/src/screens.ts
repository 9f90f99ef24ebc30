// SPDX-License-Identifier: Apache-2.0
// screens.ts: which states its user may still be looking at.
//
// A front that says what was painted says it late: by then more has come. What is stopped is cut as
// it was seen, so the states that were handed out since the last mark are remembered.

import { cursorOf, type ThreadState } from "./state.js";
import type { Cursor, Shown } from "./wire.js";

export interface Seen {
  readonly state: ThreadState;
  readonly cursor: Cursor | null;
  /** Of these parts less is on the screen than the state has. */
  readonly shown: readonly Shown[];
}

export interface Screens {
  /** A view of this state was handed out. */
  handed(state: ThreadState): void;
  mark(cursor: Cursor, shown: readonly Shown[]): void;
  seen(current: ThreadState): Seen;
  /** The history is another. */
  clear(): void;
}

// Each state has a map of its own: of a long thread fewer are kept.
const statesMax = 256;
const entriesMax = 100_000;

export const createScreens = (): Screens => {
  let states: ThreadState[] = [];
  /** Of the first state; null: nobody says what was painted. */
  let marked: readonly Shown[] | null = null;
  return {
    handed(state) {
      if (states.at(-1) === state) return;
      states.push(state);
      // The oldest is what is known to be seen; of those between, each can be done without.
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
