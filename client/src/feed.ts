// SPDX-License-Identifier: Apache-2.0
// feed.ts: the list of threads, live.
//
// The client reads the list once, page by page, and then follows the feed from the cursor of the
// first page, over the same connection as the threads. Until then it shows the stored list.

import type { Request, Sink } from "./net/link.js";
import { createListeners } from "./listeners.js";
import type { List } from "./past.js";
import type { Clock, LiveThreads, Result, ThreadListView } from "./types.js";
import type { FeedFrame, Thread } from "./wire.js";

export interface FeedSettings {
  /** Reads the whole list. */
  readonly read: () => Promise<Result<List>>;
  readonly clock: Clock;
  readonly online: () => boolean;
  readonly send: (request: Request, sink: Sink) => () => void;
  /** The list that this browser stored. */
  readonly kept: () => Promise<readonly Thread[]>;
  readonly keep: (threads: readonly Thread[]) => void;
  /** A thread was made, or has changed. */
  readonly appeared: (thread: string) => void;
  readonly removed: (thread: string) => void;
  /** Does the client show it as deleted? */
  readonly hidden: (thread: string) => boolean;
}

export interface Feed extends LiveThreads {
  /** Reads or follows if it can now. Call it when the connection has come or gone. */
  act(): void;
  /** Other threads are hidden now. */
  refresh(): void;
  /** Watches for a thread that does not exist yet. */
  want(thread: string): void;
  end(): void;
}

const again = 2_000;
// The page's files are gone, or can't be reached.
const unread = { ok: false, code: "offline", detail: "" } as const;
const keptAfter = 500;

export const createFeed = (settings: FeedSettings): Feed => new ThreadFeed(settings);

class ThreadFeed implements Feed {
  view: ThreadListView = { status: "loading", threads: [], error: null };
  readonly #listeners = createListeners((any) => {
    this.#watched = any;
    if (any) void this.#remember();
    this.act();
  });
  // A field, so that it can be called without its object.
  readonly subscribe = this.#listeners.add;
  readonly #settings: FeedSettings;
  // Each once, the latest change first.
  #threads: readonly Thread[] = [];
  // Threads that pages show and that do not exist yet: the feed reports when one is made.
  readonly #wanted = new Set<string>();
  #cursor: string | undefined;
  #watched = false;
  #reading = false;
  #over = false;
  #cancelFollow: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #cancelKeeping: (() => void) | undefined;

  constructor(settings: FeedSettings) {
    this.#settings = settings;
  }

  act(): void {
    const wanted = this.#watched || this.#wanted.size > 0;
    if (this.#over || !wanted || !this.#settings.online()) return this.#unfollow();
    if (this.#watched && !this.#cursor) void this.#read();
    if (!this.#cancelFollow && (this.#cursor || !this.#watched)) this.#follow();
  }

  // --- The list ----------------------------------------------------------------------------------

  async #remember(): Promise<void> {
    const kept = await this.#settings.kept();
    if (!this.#cursor && kept.length > 0) this.#show(merged(this.#threads, kept));
  }

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    const list = await this.#settings.read().catch(() => unread);
    this.#reading = false;
    if (!list.ok) return this.#failed(list.code, list.detail);
    // It may be followed without a cursor, for a wanted thread: follow it again from the list's.
    this.#unfollow();
    this.#cursor = list.cursor;
    this.#show(merged([], list.threads));
    this.act();
  }

  #failed(code: string, detail: string): void {
    if (this.#threads.length === 0) {
      this.view = { status: "error", threads: [], error: { status: 0, code, detail } };
      this.#listeners.tell();
    }
    this.#later();
  }

  #later(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#settings.clock.after(again, () => this.act());
  }

  // --- The feed ----------------------------------------------------------------------------------

  #follow(): void {
    const { send, appeared, online } = this.#settings;
    const cancel = send({ feed: { cursor: this.#cursor } }, (frame) => {
      if (this.#cancelFollow !== cancel) return;
      if (frame.frame === "feed") return this.#took(frame);
      if (frame.frame === "diff" || frame.frame === "entry") return;
      this.#cancelFollow = undefined;
      // The server does not know the cursor: read the list again.
      if (frame.frame === "failure") this.#cursor = undefined;
      if (frame.frame !== "lost" || online()) this.#later();
    });
    this.#cancelFollow = cancel;
    // They may have been made before the feed was followed.
    for (const thread of [...this.#wanted]) appeared(thread);
  }

  #unfollow(): void {
    this.#cancelFollow?.();
    this.#cancelFollow = undefined;
  }

  #took(frame: FeedFrame): void {
    const { appeared, removed } = this.#settings;
    if (this.#cursor) this.#cursor = frame.cursor;
    if ("removed" in frame) {
      this.#threads = without(this.#threads, frame.removed);
      removed(frame.removed);
    } else {
      this.#threads = placed(this.#threads, frame.thread);
      appeared(frame.thread.id);
    }
    if (this.#cursor) this.#show(this.#threads);
    if ("thread" in frame && this.#wanted.delete(frame.thread.id)) this.act();
  }

  #show(threads: readonly Thread[]): void {
    const { clock, hidden, keep } = this.#settings;
    this.#threads = threads;
    const shown = threads.filter((it) => !hidden(it.id));
    this.view = { status: "ready", threads: shown, error: null };
    this.#cancelKeeping?.();
    this.#cancelKeeping = clock.after(keptAfter, () => keep(threads));
    this.#listeners.tell();
  }

  refresh(): void {
    if (this.view.status === "ready") this.#show(this.#threads);
  }

  want(thread: string): void {
    const known = !this.#cancelFollow || this.#wanted.has(thread);
    this.#wanted.add(thread);
    this.act();
    // It may have been made after the answer and before the feed opens: ask again.
    if (!known) this.#settings.appeared(thread);
  }

  end(): void {
    this.#over = true;
    this.#unfollow();
    this.#cancelTimer?.();
    this.#cancelKeeping?.();
  }
}

const without = (threads: readonly Thread[], id: string) => threads.filter((it) => it.id !== id);

/** With a thread that changed: nearly always it is the newest now; the others keep their order. */
const placed = (threads: readonly Thread[], thread: Thread): readonly Thread[] => {
  const others = without(threads, thread.id);
  const older = others.findIndex((it) => it.updated < thread.updated);
  others.splice(older < 0 ? others.length : older, 0, thread);
  return others;
};

/** Both lists as one, the latest change first. Of two with one id the later counts. */
const merged = (threads: readonly Thread[], more: readonly Thread[]): readonly Thread[] => {
  const byId = new Map([...threads, ...more].map((it) => [it.id, it]));
  return [...byId.values()].sort((a, b) => b.updated - a.updated);
};
