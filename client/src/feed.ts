// feed.ts: the list of threads, live.
//
// It is read once, page by page, and then follows the feed from the cursor that came with it: over
// the same connection as the threads. What was kept is shown first.

import type { Http } from "./http.js";
import type { Link } from "./link.js";
import type { Listeners } from "./listeners.js";
import type { Clock, LiveThreads, Store, ThreadListView } from "./types.js";
import type { FeedFrame, Thread } from "./wire.js";

interface Page {
  readonly threads: readonly Thread[];
  readonly next?: string | undefined;
  readonly cursor: string;
}

export interface FeedSettings {
  readonly http: Http;
  readonly link: Link;
  readonly store: Store;
  readonly clock: Clock;
  readonly listeners: Listeners;
  /** A thread is there, or has changed. */
  readonly appeared: (thread: string) => void;
  readonly removed: (thread: string) => void;
}

const pageSize = 100;
const again = 2_000;
const keptAfter = 500;

export class Feed implements LiveThreads {
  readonly #settings: FeedSettings;
  readonly #listeners: Listeners;
  readonly #threads = new Map<string, Thread>();
  #view: ThreadListView = { status: "loading", threads: [], error: null };
  #cursor: string | null = null;
  #reading = false;
  // Threads that are looked at and not there: while there are any, the feed says when they come.
  readonly #wanted = new Set<string>();
  #over = false;
  #cancel: (() => void) | null = null;
  #timer: () => void = () => undefined;
  #keeping: () => void = () => undefined;

  constructor(settings: FeedSettings) {
    this.#settings = settings;
    this.#listeners = settings.listeners;
    settings.link.subscribe(() => this.#act());
  }

  get view(): ThreadListView {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    const end = this.#listeners.add(listener);
    if (this.#listeners.size === 1) void this.#remembered();
    this.#act();
    return () => {
      end();
      this.#act();
    };
  }

  /** Somebody waits for a thread that is not there yet. */
  want(thread: string): void {
    const followed = this.#cancel !== null;
    this.#wanted.add(thread);
    this.#act();
    // It may have come between the answer and the feed; once is enough.
    if (!followed) this.#settings.appeared(thread);
  }

  end(): void {
    this.#over = true;
    this.#act();
    this.#timer();
    this.#keeping();
  }

  #act(): void {
    const needed = !this.#over && (this.#listeners.size > 0 || this.#wanted.size > 0);
    const up = this.#settings.link.view.state === "online";
    if (!needed || !up) {
      this.#cancel?.();
      this.#cancel = null;
      return;
    }
    if (this.#listeners.size > 0 && this.#cursor === null) void this.#read();
    if (this.#cancel === null && (this.#cursor !== null || this.#listeners.size === 0))
      this.#follow();
  }

  // --- The list ----------------------------------------------------------------------------------

  async #remembered(): Promise<void> {
    const kept = await this.#settings.store.threads();
    if (this.#cursor !== null || kept.length === 0) return;
    for (const thread of kept) this.#threads.set(thread.id, thread);
    this.#show("ready");
  }

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    const found = new Map<string, Thread>();
    let before = "";
    let cursor: string | null = null;
    try {
      for (;;) {
        const path = `/v1/threads?limit=${pageSize}${before}`;
        const answer = await this.#settings.http.value<Page>(path);
        if (!answer.ok) return this.#failed(answer.code, answer.detail);
        const { threads, next, cursor: now } = answer.value;
        cursor ??= now;
        for (const thread of threads) if (!found.has(thread.id)) found.set(thread.id, thread);
        if (next === undefined || next === null) break;
        before = `&before=${encodeURIComponent(next)}`;
      }
    } finally {
      this.#reading = false;
    }
    this.#threads.clear();
    for (const [id, thread] of found) this.#threads.set(id, thread);
    // Followed from nowhere for the sake of one thread: from here on, for the list.
    this.#cancel?.();
    this.#cancel = null;
    this.#cursor = cursor;
    this.#show("ready");
    this.#act();
  }

  #failed(code: string, detail: string): void {
    if (this.#threads.size === 0) {
      this.#view = { status: "error", threads: [], error: { status: 0, code, detail } };
      this.#listeners.tell();
    }
    this.#later();
  }

  #later(): void {
    this.#timer();
    this.#timer = this.#settings.clock.after(again, () => this.#act());
  }

  // --- The feed ----------------------------------------------------------------------------------

  #follow(): void {
    const cursor = this.#cursor ?? undefined;
    const cancel = this.#settings.link.send({ feed: { cursor } }, (frame) => {
      if (this.#cancel !== cancel) return;
      if (frame.frame === "feed") return this.#took(frame);
      if (frame.frame === "diff" || frame.frame === "entry") return;
      this.#cancel = null;
      // A cursor that the server does not know: the list is read anew.
      if (frame.frame === "failure") this.#cursor = null;
      if (frame.frame !== "lost") this.#later();
    });
    this.#cancel = cancel;
  }

  #took(frame: FeedFrame): void {
    if (this.#cursor !== null) this.#cursor = frame.cursor;
    if ("removed" in frame) {
      this.#threads.delete(frame.removed);
      this.#settings.removed(frame.removed);
    } else {
      this.#threads.set(frame.thread.id, frame.thread);
      this.#settings.appeared(frame.thread.id);
    }
    if (this.#cursor !== null) this.#show("ready");
    if ("thread" in frame && this.#wanted.delete(frame.thread.id)) this.#act();
  }

  #show(status: "ready"): void {
    const threads = [...this.#threads.values()].sort((a, b) => b.updated - a.updated);
    this.#view = { status, threads, error: null };
    this.#keeping();
    this.#keeping = this.#settings.clock.after(keptAfter, () => {
      void this.#settings.store.keepThreads(this.#view.threads);
    });
    this.#listeners.tell();
  }
}
