// SPDX-License-Identifier: Apache-2.0
// feed.ts: the list of threads, live.
//
// It is read once, page by page, and then follows the feed from the cursor that came with it: over
// the same connection as the threads. What was kept is shown first.

import type { Http } from "./net/http.js";
import type { Request, Sink } from "./net/link.js";
import { createListeners } from "./listeners.js";
import type { Clock, LiveThreads, Result, ThreadListView } from "./types.js";
import type { FeedFrame, Thread } from "./wire.js";

interface Page {
  readonly threads: readonly Thread[];
  readonly next?: string | null | undefined;
  readonly cursor: string;
}

export interface FeedSettings {
  readonly http: Http;
  readonly clock: Clock;
  readonly online: () => boolean;
  readonly send: (request: Request, sink: Sink) => () => void;
  /** What this browser held. */
  readonly kept: () => Promise<readonly Thread[]>;
  readonly keep: (threads: readonly Thread[]) => void;
  /** A thread is there, or has changed. */
  readonly appeared: (thread: string) => void;
  readonly removed: (thread: string) => void;
  /** Is it shown as deleted? */
  readonly hidden: (thread: string) => boolean;
}

export interface Feed extends LiveThreads {
  /** Does what can be done now: to be called when the connection has come or gone. */
  act(): void;
  /** Other threads are hidden now. */
  refresh(): void;
  /** Somebody waits for a thread that is not there yet. */
  want(thread: string): void;
  end(): void;
}

const pageSize = 100;
const again = 2_000;
const keptAfter = 500;

export const createFeed = (settings: FeedSettings): Feed => new ThreadFeed(settings);

class ThreadFeed implements Feed {
  view: ThreadListView = { status: "loading", threads: [], error: null };
  readonly #listeners = createListeners((any) => {
    this.#watched = any;
    if (any) void this.#remember();
    this.act();
  });
  // Whoever has it may call it without its object.
  readonly subscribe = this.#listeners.add;
  readonly #settings: FeedSettings;
  // Each once, and the newest first.
  #threads: readonly Thread[] = [];
  // Threads that are looked at and not there: while there are any, the feed says when they come.
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
    const list = await readAll(this.#settings.http);
    this.#reading = false;
    if (!list.ok) return this.#failed(list.code, list.detail);
    // Followed from nowhere for the sake of one thread: from here on, for the list.
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
      // A cursor that the server does not know: the list is read anew.
      if (frame.frame === "failure") this.#cursor = undefined;
      if (frame.frame !== "lost" || online()) this.#later();
    });
    this.#cancelFollow = cancel;
    // They may have come before it was followed.
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
    // It may have come between the answer and the feed, which was only just asked for: once more.
    if (!known) this.#settings.appeared(thread);
  }

  end(): void {
    this.#over = true;
    this.#unfollow();
    this.#cancelTimer?.();
    this.#cancelKeeping?.();
  }
}

/** All pages of the list, the oldest first, and the feed's cursor at the first of them. */
const readAll = async (http: Http): Promise<Result<{ threads: Thread[]; cursor: string }>> => {
  const found: Thread[] = [];
  const path = `/v1/threads?limit=${pageSize}`;
  let first: string | undefined;
  let next: Page["next"] = "";
  do {
    const before: string = next && `&before=${encodeURIComponent(next)}`;
    const answer = await http.value<Page>(path + before);
    if (!answer.ok) return answer;
    first ??= answer.value.cursor;
    found.push(...answer.value.threads);
    next = answer.value.next;
  } while (next);
  // What moved while it was read is on two pages: the first of them is newer, and put last.
  return { ok: true, ts: null, threads: found.reverse(), cursor: first };
};

const without = (threads: readonly Thread[], id: string) => threads.filter((it) => it.id !== id);

/** One of them has changed: nearly always it is the newest now, and the others keep their order. */
const placed = (threads: readonly Thread[], thread: Thread): readonly Thread[] => {
  const others = without(threads, thread.id);
  const older = others.findIndex((it) => it.updated < thread.updated);
  others.splice(older < 0 ? others.length : older, 0, thread);
  return others;
};

/** With these among them. */
const merged = (threads: readonly Thread[], more: readonly Thread[]): readonly Thread[] => {
  const byId = new Map([...threads, ...more].map((it) => [it.id, it]));
  return [...byId.values()].sort((a, b) => b.updated - a.updated);
};
