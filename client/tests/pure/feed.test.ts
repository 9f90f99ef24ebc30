// SPDX-License-Identifier: Apache-2.0
// feed.test.ts: the list of threads goes on, whatever becomes of its cursor.

import { expect, test, vi } from "vitest";

import { feedOf } from "../../src/feed.js";
import type { Http } from "../../src/http.js";
import type { Request, Sink } from "../../src/link.js";
import type { Thread } from "../../src/wire.js";

const threadOf = (id: string, updated: number): Thread => ({
  id,
  title: id,
  archived: false,
  metadata: {},
  head: null,
  created: 1,
  updated,
  running: false,
});

/** A server that says what it is told to, and a clock that is wound by hand. */
const stage = () => {
  const waiting: (() => void)[] = [];
  const asked: { readonly request: Request; readonly sink: Sink }[] = [];
  const list = { threads: [threadOf("a", 1)], next: null, cursor: "1@e" };
  const feed = feedOf({
    http: { value: () => Promise.resolve({ ok: true, ts: null, value: list }) } as unknown as Http,
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

test("a list whose cursor the server does not know any more is read anew, and followed from there", async () => {
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
