// SPDX-License-Identifier: Apache-2.0
// events.test.ts: frames as server-sent events.

import { afterEach, expect, test, vi } from "vitest";

import { openEvents } from "../../src/net/events.js";
import type { Http } from "../../src/net/http.js";
import type { WireFrame } from "../../src/net/link.js";

afterEach(() => vi.unstubAllGlobals());

test("an error in the receiver of a frame is reported as uncaught, and the connection goes on", async () => {
  const uncaught: unknown[] = [];
  vi.stubGlobal("queueMicrotask", (task: () => void) => {
    void Promise.resolve()
      .then(task)
      .catch((error) => uncaught.push(error));
  });
  const frames = [
    { frame: "live", cursor: "1@e" },
    { frame: "end", cursor: "1@e", reason: "done" },
  ];
  const said = frames.map((it) => `data: ${JSON.stringify(it)}\n\n`).join("");
  const http = { ask: async () => new Response(said) } as Partial<Http> as Http;
  const taken: WireFrame[] = [];
  const closed = vi.fn();
  const ours = new TypeError("ours");
  const ended = new Promise<void>((over) => {
    const frame = (_: string, it: WireFrame) => {
      taken.push(it);
      if (it.frame === "end") over();
      else throw ours;
    };
    const transport = openEvents(http)(
      { opened: () => undefined, heard: () => undefined, frame, closed },
      { now: () => 0, after: () => () => undefined },
    );
    transport.send("1", { sync: { thread: "t" } });
  });

  await ended;

  expect(taken).toEqual(frames);
  expect(uncaught).toEqual([ours]);
  expect(closed).not.toHaveBeenCalled();
});
