// SPDX-License-Identifier: Apache-2.0
// held.ts: deletions that can still be undone.
//
// They are shown as done and kept in the store, and sent when their time is over, by the tab that
// leads: so they are there after a reload, too, and who closes the last tab finds them when the next
// one opens. What is said next in the thread stands on them, so it sends them first. The store decides
// between who undoes and who sends: whichever takes the deletion out of its time first.

import { keep } from "./equal.js";
import { newId } from "./id.js";
import { closed, undone } from "./results.js";
import type { Clock, HeldDeletion, Result, Store, Undoable } from "./types.js";
import type { Cursor } from "./wire.js";

export interface Outcome {
  readonly id: string;
  readonly result: Result;
}

/** A deletion's turn to be sent. */
export interface Turn {
  /** Asked when it has come: false, it was undone. */
  mine(): Promise<boolean>;
  /** To be called when the store has it among the changes. */
  kept(): Promise<void>;
}

export interface HeldSettings {
  readonly clock: Clock;
  readonly store: () => Promise<Store>;
  readonly leads: () => boolean;
  send(deletion: HeldDeletion, turn: Turn): Promise<Result>;
  /** These are held now. */
  changed(deletions: readonly HeldDeletion[]): void;
  /** The other tabs have to look, and here is what came of one. */
  tell(done?: Outcome): void;
}

export interface Held {
  readonly undoable: readonly Undoable[];
  hold(thread: string, message: string | null, seen: Cursor | null): Promise<Result>;
  undo(id: string): Promise<boolean>;
  /** Sends what is held of the messages of a thread. */
  flush(thread: string): void;
  /** Looks into the store. */
  look(): Promise<void>;
  heard(done?: Outcome): void;
  /** Does what can be done now. */
  act(): void;
  /** Resolves when what was held is kept. */
  end(): Promise<unknown>;
}

const undoneWithin = 10_000;
const again = 5_000;

export const heldOf = (settings: HeldSettings): Held => {
  const { clock, store, tell } = settings;
  const asked = new Map<string, (result: Result) => void>();
  const sending = new Set<string>();
  let held: readonly HeldDeletion[] = [];
  let shown: readonly Undoable[] = [];
  let looks = 0;
  let over = false;
  let keeping: Promise<unknown> = Promise.resolve();
  let cancel: () => void = () => undefined;

  const show = (now: readonly HeldDeletion[]): void => {
    held = now;
    settings.changed(held);
    act();
  };

  // The answer to the last question is the newest.
  const ask = async (change?: Parameters<Store["held"]>[0]): Promise<void> => {
    const own = ++looks;
    const now = await (await store()).held(change);
    if (own === looks && !over) show(now);
  };

  const finish = async (id: string, result: Result): Promise<void> => {
    await ask((all) => all.filter((it) => it.id !== id));
    done({ id, result });
    tell({ id, result });
  };

  const done = ({ id, result }: Outcome): void => {
    sending.delete(id);
    asked.get(id)?.(result);
    asked.delete(id);
  };

  const send = async (deletion: HeldDeletion): Promise<void> => {
    const { id } = deletion;
    if (sending.has(id)) return;
    sending.add(id);
    let found = false;
    // Out of its time: from now on it can't be undone.
    const mine = async () => {
      await ask((all) => {
        found = all.some((it) => it.id === id);
        return all.map((it) => (it.id === id ? { ...it, until: 0 } : it));
      });
      return found;
    };
    // It goes on among the changes: it is held no more.
    const kept = () => ask((all) => all.filter((it) => it.id !== id));
    const result = await settings.send(deletion, { mine, kept });
    if (!found) return void sending.delete(id);
    if (!result.ok && result.code === "offline") {
      clock.after(again, () => {
        sending.delete(id);
        act();
      });
      return;
    }
    await finish(id, result);
  };

  const overAt = ({ until }: HeldDeletion) => Math.min(until, clock.now() + undoneWithin);

  const act = (): void => {
    cancel();
    if (over || held.length === 0) return;
    const now = clock.now();
    const due = held.filter((it) => overAt(it) <= now && !sending.has(it.id));
    const later = held.map(overAt).filter((it) => it > now);
    const next = Math.min(...later);
    if (next < Infinity) {
      cancel = clock.after(next - now, () => {
        settings.changed(held);
        act();
      });
    }
    if (settings.leads()) for (const it of due) void send(it);
  };

  return {
    get undoable() {
      const now = held.filter((it) => it.until > clock.now() && !sending.has(it.id));
      return (shown = keep(shown, now));
    },
    hold(thread, message, seen) {
      const deletion = { id: newId("u"), thread, message, seen, until: clock.now() + undoneWithin };
      const result = new Promise<Result>((resolve) => asked.set(deletion.id, resolve));
      show([...held, deletion]);
      keeping = ask((all) => [...all, deletion]).then(() => tell());
      return result;
    },
    async undo(id) {
      let found = false;
      await ask((all) => {
        found = all.some((it) => it.id === id && it.until > clock.now());
        return found ? all.filter((it) => it.id !== id) : all;
      });
      if (found) done({ id, result: undone });
      if (found) tell({ id, result: undone });
      return found;
    },
    flush(thread) {
      for (const it of held) if (it.thread === thread && it.message !== null) void send(it);
    },
    look: () => ask(),
    heard(outcome) {
      if (outcome) done(outcome);
      void ask();
    },
    act,
    end() {
      over = true;
      cancel();
      for (const tellOne of asked.values()) tellOne(closed);
      asked.clear();
      return keeping;
    },
  };
};
