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

// Each state has a map of its own: of a long thread fewer are kept.
const statesMax = 256;
const entriesMax = 100_000;

export class SeenStates {
  #states: ThreadState[] = [];
  #marked = false;
  #shown: readonly Shown[] = [];

  /** A view of this state was handed out. */
  handed(state: ThreadState): void {
    if (this.#states.at(-1) === state) return;
    this.#states.push(state);
    // The oldest is what is known to be seen; of those between, each can be done without.
    const most = Math.max(2, Math.min(statesMax, entriesMax / state.messages.size));
    if (this.#states.length > most) this.#states.splice(1, 1);
  }

  mark(cursor: Cursor, shown: readonly Shown[]): void {
    const place = this.#states.findIndex((it) => cursorOf(it) === cursor);
    if (place < 0) return;
    this.#marked = true;
    this.#states.splice(0, place);
    this.#shown = shown;
  }

  seen(current: ThreadState): Seen {
    const state = (this.#marked ? this.#states[0] : this.#states.at(-1)) ?? current;
    return { state, cursor: cursorOf(state), shown: this.#marked ? this.#shown : [] };
  }

  /** The history is another. */
  clear(): void {
    this.#states = [];
    this.#marked = false;
    this.#shown = [];
  }
}
