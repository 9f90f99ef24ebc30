// SPDX-License-Identifier: Apache-2.0
// feed.test.ts: the list of threads goes on when the server no longer knows its cursor.

import { expect, test, vi } from "vitest";

import { createFeed } from "../../src/feed.js";
import type { Request, Sink } from "../../src/net/link.js";
import type { Thread } from "../../src/wire.js";
import { threadOf } from "../given.js";

/** A server whose answers the test sets, and a stepped clock. */
const stage = () => {
  const waiting: (() => void)[] = [];
  const asked: { readonly request: Request; readonly sink: Sink }[] = [];
  const list = { threads: [threadOf("a", 1)], next: null, cursor: "1@e" };
  const feed = createFeed({
    read: () => Promise.resolve({ ok: true, ts: null, ...list }),
    clock: {
      now: () => 0,
      after: (_, task) => {
        waiting.push(task);
        return () => void waiting.splice(waiting.indexOf(task) >>> 0, 1);
      },
    },
    online: () => true,
    send: (request, sink) => {
      asked.push({ request, sink });
      return () => undefined;
    },
    kept: () => Promise.resolve([]),
    keep: () => undefined,
    appeared: () => undefined,
    removed: () => undefined,
    hidden: () => false,
  });
  const wind = () => {
    for (const task of waiting.splice(0)) task();
  };
  return { feed, list, asked, wind };
};

test("a list with a cursor that the server lost is read again, and followed from there", async () => {
  const { feed, list, asked, wind } = stage();
  feed.subscribe(() => undefined);
  await vi.waitFor(() => expect(asked.at(-1)?.request).toEqual({ feed: { cursor: "1@e" } }));

  Object.assign(list, { threads: [threadOf("b", 2)], cursor: "7@f" });
  const failure = { frame: "failure", status: 409, code: "unknown_history", retry: false } as const;
  asked.at(-1)?.sink({ ...failure, detail: "This cursor is not of the feed's history." });
  wind();

  await vi.waitFor(() => expect(asked.at(-1)?.request).toEqual({ feed: { cursor: "7@f" } }));
  expect(feed.view.threads.map(({ id }) => id)).toEqual(["b"]);
  feed.end();
});

/** The list as it is followed. */
const followed = async (threads: readonly Thread[]) => {
  const { feed, list, asked } = stage();
  Object.assign(list, { threads });
  feed.subscribe(() => undefined);
  await vi.waitFor(() => expect(feed.view.status).toBe("ready"));
  await vi.waitFor(() => expect(asked.length).toBeGreaterThan(0));
  const sink = asked.at(-1)?.sink;
  const says = (what: { readonly thread: Thread } | { readonly removed: string }) =>
    sink?.({ frame: "feed", cursor: "2@e", ...what });
  return { feed, says };
};

test("after any changes the list has each thread once, as it is now, and the newest first", async () => {
  const ids = Array.from({ length: 20 }, (_, at) => `t${at}`);
  const model = new Map(ids.map((id, at) => [id, threadOf(id, 100 - at)]));
  const { feed, says } = await followed([...model.values()]);
  let random = 1;
  const below = (n: number) => (random = (random * 48_271) % 2_147_483_647) % n;

  for (let step = 0; step < 500; step += 1) {
    const id = `t${below(25)}`;
    // Mostly newer than all others, as from a server; after a restore also older.
    const thread = threadOf(id, below(4) ? 2_000 + step : 1_000 - step);
    if (below(5) === 0) {
      model.delete(id);
      says({ removed: id });
    } else {
      model.set(id, thread);
      says({ thread });
    }

    expect(feed.view.threads).toEqual([...model.values()].sort((a, b) => b.updated - a.updated));
  }
});

test("a change looks at no more threads among 1,500 than among 10", async () => {
  const looks = async (count: number) => {
    let seen = 0;
    const watched = Array.from({ length: count }, (_, at) =>
      Object.defineProperty(threadOf(`t${at}`, 0), "updated", {
        get: () => ((seen += 1), count - at),
      }),
    );
    const { feed, says } = await followed(watched);
    seen = 0;
    says({ thread: threadOf("t5", count + 1) });
    expect(feed.view.threads[0]?.id).toBe("t5");
    expect(feed.view.threads).toHaveLength(count);
    return seen;
  };

  expect(await looks(1_500)).toBe(await looks(10));
});
