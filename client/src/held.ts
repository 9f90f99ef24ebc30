// SPDX-License-Identifier: Apache-2.0
// held.ts: deletions that can still be undone.
//
// The client shows them as done and keeps them in the store; the tab that leads sends them when
// their time is over. So they survive a reload, and also the last tab: the next one sends them. The
// next change in the thread builds on them, so they are sent before it. Undo and send race in the
// store: in one transaction the first of them ends the deletion's time, and the other finds that.
//
// Loaded with the store. Its caller hands in the values of the core that it needs: a module
// imported by both would become a chunk of its own, and make the core larger.

import type { Clock, HeldDeletion, Result, Store } from "./types.js";

export interface Outcome {
  readonly id: string;
  readonly result: Result;
}

/** A deletion's turn to be sent. */
export interface Turn {
  /** Ends the time to undo. False: the deletion was undone. */
  mine(): Promise<boolean>;
  /** Call it when the store has the deletion among the changes. */
  kept(): Promise<void>;
}

export interface HeldSettings {
  readonly clock: Clock;
  readonly store: () => Promise<Store>;
  readonly leads: () => boolean;
  send(deletion: HeldDeletion, turn: Turn): Promise<Result>;
  /** These deletions wait now. */
  changed(deletions: readonly HeldDeletion[]): void;
  /** Makes the other tabs look into the store; `done`: the outcome of one. */
  tell(done?: Outcome): void;
}

export interface Held {
  readonly undoable: readonly HeldDeletion[];
  hold(deletion: Omit<HeldDeletion, "until">): Promise<Result>;
  undo(id: string): Promise<boolean>;
  /** Sends the deletions of messages of this thread now. */
  flush(thread: string): void;
  /** Reads the store. */
  look(): Promise<void>;
  heard(done?: Outcome): void;
  /** Sends the deletions whose time is over, if this tab leads. */
  act(): void;
  /** Resolves every waiting deletion with `result`. Its own promise: the store has them all. */
  end(result: Result): Promise<unknown>;
}

const undoneWithin = 10_000;
const again = 5_000;
const undone: Result = { ok: false, code: "undone", detail: "The user has undone it." };

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

  // Answers may come out of order: only the answer to the last question counts.
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
    // Ends its time: from now on it can't be undone.
    const mine = async () => {
      await this.#ask((all) => {
        found = all.some((it) => it.id === id);
        return all.map((it) => (it.id === id ? { ...it, until: 0 } : it));
      });
      return found;
    };
    // The store has it among the changes now, so it no longer waits here.
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
