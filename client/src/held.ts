// SPDX-License-Identifier: Apache-2.0
// held.ts: deletions that can still be undone.
//
// They are shown as done and kept in the store, and sent when their time is over, by the tab that
// leads: so they are there after a reload, too, and who closes the last tab finds them when the next
// one opens. What is said next in the thread stands on them, so it sends them first. The store decides
// between who undoes and who sends: whichever takes the deletion out of its time first.
//
// Loaded with the store. It takes values of the core from whoever calls it, not from modules: what both
// imported would be a chunk of its own, and the core larger.

import type { Clock, HeldDeletion, Result, Store } from "./types.js";

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
  readonly undoable: readonly HeldDeletion[];
  hold(deletion: Omit<HeldDeletion, "until">): Promise<Result>;
  undo(id: string): Promise<boolean>;
  /** Sends what is held of the messages of a thread. */
  flush(thread: string): void;
  /** Looks into the store. */
  look(): Promise<void>;
  heard(done?: Outcome): void;
  /** Does what can be done now. */
  act(): void;
  /** Tells this whoever waits for a deletion. Resolves when what was held is kept. */
  end(result: Result): Promise<unknown>;
}

const undoneWithin = 10_000;
const again = 5_000;
const undone: Result = { ok: false, code: "undone", detail: "Its user has undone it." };

export const createHeld = (settings: HeldSettings): Held => new HeldDeletions(settings);

class HeldDeletions implements Held {
  readonly #settings: HeldSettings;
  readonly #asked = new Map<string, (result: Result) => void>();
  readonly #sending = new Set<string>();
  #held: readonly HeldDeletion[] = [];
  #looks = 0;
  #over = false;
  #keeping: Promise<unknown> = Promise.resolve();
  #cancel: () => void = () => undefined;

  constructor(settings: HeldSettings) {
    this.#settings = settings;
  }

  get undoable(): readonly HeldDeletion[] {
    const now = this.#settings.clock.now();
    return this.#held.filter((it) => it.until > now && !this.#sending.has(it.id));
  }

  hold(asked: Omit<HeldDeletion, "until">): Promise<Result> {
    const deletion = { ...asked, until: this.#settings.clock.now() + undoneWithin };
    const result = new Promise<Result>((resolve) => this.#asked.set(deletion.id, resolve));
    this.#show([...this.#held, deletion]);
    this.#keeping = this.#ask((all) => [...all, deletion]).then(() => this.#settings.tell());
    return result;
  }

  async undo(id: string): Promise<boolean> {
    const now = this.#settings.clock.now();
    let found = false;
    await this.#ask((all) => {
      found = all.some((it) => it.id === id && it.until > now);
      return found ? all.filter((it) => it.id !== id) : all;
    });
    if (found) this.#tell({ id, result: undone });
    return found;
  }

  flush(thread: string): void {
    for (const it of this.#held)
      if (it.thread === thread && it.message !== null) void this.#send(it);
  }

  look(): Promise<void> {
    return this.#ask();
  }

  heard(outcome?: Outcome): void {
    if (outcome) this.#done(outcome);
    void this.#ask();
  }

  act(): void {
    const { clock, changed, leads } = this.#settings;
    this.#cancel();
    if (this.#over || this.#held.length === 0) return;
    const now = clock.now();
    const overAt = ({ until }: HeldDeletion) => Math.min(until, now + undoneWithin);
    const due = this.#held.filter((it) => overAt(it) <= now && !this.#sending.has(it.id));
    const next = Math.min(...this.#held.map(overAt).filter((it) => it > now));
    if (next < Infinity) {
      this.#cancel = clock.after(next - now, () => {
        changed(this.#held);
        this.act();
      });
    }
    if (leads()) for (const it of due) void this.#send(it);
  }

  end(result: Result): Promise<unknown> {
    this.#over = true;
    this.#cancel();
    for (const resolve of this.#asked.values()) resolve(result);
    this.#asked.clear();
    return this.#keeping;
  }

  // The answer to the last question is the newest.
  async #ask(change?: Parameters<Store["held"]>[0]): Promise<void> {
    const own = ++this.#looks;
    const now = await (await this.#settings.store()).held(change);
    if (own === this.#looks && !this.#over) this.#show(now);
  }

  #show(now: readonly HeldDeletion[]): void {
    this.#held = now;
    this.#settings.changed(now);
    this.act();
  }

  async #send(deletion: HeldDeletion): Promise<void> {
    const { id } = deletion;
    if (this.#sending.has(id)) return;
    this.#sending.add(id);
    let found = false;
    // Out of its time: from now on it can't be undone.
    const mine = async () => {
      await this.#ask((all) => {
        found = all.some((it) => it.id === id);
        return all.map((it) => (it.id === id ? { ...it, until: 0 } : it));
      });
      return found;
    };
    // It goes on among the changes: it is held no more.
    const kept = () => this.#ask((all) => all.filter((it) => it.id !== id));
    const result = await this.#settings.send(deletion, { mine, kept });
    if (!found) return void this.#sending.delete(id);
    if (!result.ok && result.code === "offline") {
      this.#settings.clock.after(again, () => {
        this.#sending.delete(id);
        this.act();
      });
      return;
    }
    await kept();
    this.#tell({ id, result });
  }

  #tell(outcome: Outcome): void {
    this.#done(outcome);
    this.#settings.tell(outcome);
  }

  #done({ id, result }: Outcome): void {
    this.#sending.delete(id);
    this.#asked.get(id)?.(result);
    this.#asked.delete(id);
  }
}
