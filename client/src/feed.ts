// SPDX-License-Identifier: Apache-2.0
// feed.ts: the list of threads, live.
//
// It is read once, page by page, and then follows the feed from the cursor that came with it: over
// the same connection as the threads. What was kept is shown first.

import type { Http } from "./net/http.js";
import type { Request, Sink } from "./net/link.js";
import { listenersOf } from "./listeners.js";
import type { Clock, LiveThreads, ThreadListView } from "./types.js";
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

export const feedOf = (settings: FeedSettings): Feed => {
  const { http, clock, send, appeared } = settings;
  const listeners = listenersOf((any) => {
    watched = any;
    if (any) void remember();
    act();
  });
  // Each once, and the newest first.
  let threads: readonly Thread[] = [];
  // Threads that are looked at and not there: while there are any, the feed says when they come.
  const wanted = new Set<string>();
  let view: ThreadListView = { status: "loading", threads: [], error: null };
  let cursor: string | undefined;
  let watched = false;
  let reading = false;
  let over = false;
  let cancelFollow: (() => void) | undefined;
  let cancelTimer: (() => void) | undefined;
  let cancelKeeping: (() => void) | undefined;

  const act = (): void => {
    if (over || !(watched || wanted.size > 0) || !settings.online()) return unfollow();
    if (watched && !cursor) void read();
    if (!cancelFollow && (cursor || !watched)) follow();
  };

  // --- The list ----------------------------------------------------------------------------------

  const remember = async (): Promise<void> => {
    const kept = await settings.kept();
    if (!cursor && kept.length > 0) add(kept);
  };

  const read = async (): Promise<void> => {
    if (reading) return;
    reading = true;
    const found: Thread[] = [];
    const path = `/v1/threads?limit=${pageSize}`;
    let first: string | undefined;
    let next: Page["next"] = "";
    do {
      const before: string = next && `&before=${encodeURIComponent(next)}`;
      const answer = await http.value<Page>(path + before);
      if (!answer.ok) {
        reading = false;
        return failed(answer.code, answer.detail);
      }
      first ??= answer.value.cursor;
      found.push(...answer.value.threads);
      next = answer.value.next;
    } while (next);
    reading = false;
    threads = [];
    // Followed from nowhere for the sake of one thread: from here on, for the list.
    unfollow();
    cursor = first;
    // What moved while it was read is on two pages: the first of them is newer, and put last.
    add(found.reverse());
    act();
  };

  const failed = (code: string, detail: string): void => {
    if (threads.length === 0) {
      view = { status: "error", threads: [], error: { status: 0, code, detail } };
      listeners.tell();
    }
    later();
  };

  const later = (): void => {
    cancelTimer?.();
    cancelTimer = clock.after(again, act);
  };

  // --- The feed ----------------------------------------------------------------------------------

  const follow = (): void => {
    const cancel = send({ feed: { cursor } }, (frame) => {
      if (cancelFollow !== cancel) return;
      if (frame.frame === "feed") return took(frame);
      if (frame.frame === "diff" || frame.frame === "entry") return;
      cancelFollow = undefined;
      // A cursor that the server does not know: the list is read anew.
      if (frame.frame === "failure") cursor = undefined;
      if (frame.frame !== "lost" || settings.online()) later();
    });
    cancelFollow = cancel;
    // They may have come before it was followed.
    for (const thread of [...wanted]) appeared(thread);
  };

  const unfollow = (): void => {
    cancelFollow?.();
    cancelFollow = undefined;
  };

  const took = (frame: FeedFrame): void => {
    if (cursor) ({ cursor } = frame);
    if ("removed" in frame) {
      threads = without(frame.removed);
      settings.removed(frame.removed);
    } else {
      place(frame.thread);
      appeared(frame.thread.id);
    }
    if (cursor) show();
    if ("thread" in frame && wanted.delete(frame.thread.id)) act();
  };

  const without = (id: string): Thread[] => threads.filter((it) => it.id !== id);

  /** One of them has changed: nearly always it is the newest now, and the others keep their order. */
  const place = (thread: Thread): void => {
    const others = without(thread.id);
    const older = others.findIndex((it) => it.updated < thread.updated);
    others.splice(older < 0 ? others.length : older, 0, thread);
    threads = others;
  };

  /** With these among them. */
  const add = (more: readonly Thread[]): void => {
    const byId = new Map([...threads, ...more].map((it) => [it.id, it]));
    threads = [...byId.values()].sort((a, b) => b.updated - a.updated);
    show();
  };

  const show = (): void => {
    const kept = threads;
    const shown = kept.filter((it) => !settings.hidden(it.id));
    view = { status: "ready", threads: shown, error: null };
    cancelKeeping?.();
    cancelKeeping = clock.after(keptAfter, () => settings.keep(kept));
    listeners.tell();
  };

  return {
    get view() {
      return view;
    },
    subscribe: listeners.add,
    act,
    refresh() {
      if (view.status === "ready") show();
    },
    want(thread) {
      const known = !cancelFollow || wanted.has(thread);
      wanted.add(thread);
      act();
      // It may have come between the answer and the feed, which was only just asked for: once more.
      if (!known) appeared(thread);
    },
    end() {
      over = true;
      unfollow();
      cancelTimer?.();
      cancelKeeping?.();
    },
  };
};
