// SPDX-License-Identifier: Apache-2.0
// link.test.ts: a connection that is lost, refused, blocked or dead, on a stepped clock.

import { beforeEach, describe, expect, test, vi } from "vitest";

import {
  type Link,
  createLink,
  type Open,
  type Request,
  type TransportEvents,
} from "../../src/net/link.js";
import type { Clock } from "../../src/types.js";

class SteppedClock implements Clock {
  #now = 0;
  #timers: { at: number; task: () => void }[] = [];

  now = () => this.#now;
  after(milliseconds: number, task: () => void): () => void {
    const timer = { at: this.#now + milliseconds, task };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((it) => it !== timer));
  }
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = this.#timers.filter((it) => it.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#now = next.at;
      this.#timers = this.#timers.filter((it) => it !== next);
      next.task();
    }
    this.#now = end;
  }
}

interface Opened {
  readonly kind: "socket" | "events";
  readonly events: TransportEvents;
  readonly sent: [string, Request][];
  closed: boolean;
}

describe("a link", () => {
  let clock: SteppedClock;
  let transports: Opened[];
  let link: Link;
  let goOffline: () => void;

  const opener =
    (kind: Opened["kind"]): Open =>
    (events) => {
      const transport: Opened = { kind, events, sent: [], closed: false };
      transports.push(transport);
      return {
        send: (id, request) => void transport.sent.push([id, request]),
        cancel: () => undefined,
        close: () => (transport.closed = true),
      };
    };
  const transport = () => transports[transports.length - 1] as Opened;
  const sync: Request = { sync: { thread: "t", follow: "none" } };
  const follow: Request = { sync: { thread: "t", follow: "live" } };

  beforeEach(() => {
    clock = new SteppedClock();
    transports = [];
    link = createLink({
      clock,
      random: () => 1 - 2 ** -32,
      socket: opener("socket"),
      events: async () => opener("events"),
      onWake: () => () => undefined,
      onOffline: (task) => {
        goOffline = task;
        return () => undefined;
      },
    });
  });

  test("is tried again after a quarter of a second, then half, up to half a minute", () => {
    const waits: number[] = [];
    for (let time = 0; time < 10; time += 1) {
      const before = clock.now();
      transport().events.closed("lost");
      waits.push(Math.round((link.view.retry ?? 0) - before));
      clock.pass(30_000);
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });

  test("is offline as soon as the browser is, and is tried again all the same", () => {
    transport().events.opened();
    const told: string[] = [];
    link.send(follow, (frame) => told.push(frame.frame));
    goOffline();
    expect(link.view.state).toBe("offline");
    expect(told).toEqual(["lost"]);
    clock.pass(250);
    expect(transports).toHaveLength(2);
    transport().events.opened();
    expect(link.view.state).toBe("online");
  });

  test("begins again with short waits after the first frame", () => {
    for (let time = 0; time < 5; time += 1) {
      transport().events.closed("lost");
      clock.pass(30_000);
    }
    transport().events.opened();
    transport().events.frame("1", { frame: "live", cursor: "1@e" });
    transport().events.closed("lost");
    expect((link.view.retry ?? 0) - clock.now()).toBeLessThanOrEqual(250);
  });

  test("tells every open request that it is lost, and does not send it again", () => {
    transport().events.opened();
    const sink = vi.fn();
    link.send(follow, sink);
    link.send(sync, sink);
    transport().events.closed("lost");
    expect(sink.mock.calls).toEqual([[{ frame: "lost" }], [{ frame: "lost" }]]);
    clock.pass(300);
    transport().events.opened();
    expect(transport().sent).toEqual([]);
  });

  test("a request on no connection is lost, in its own time", async () => {
    const sink = vi.fn();
    link.send(sync, sink);
    expect(sink).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(sink).toHaveBeenCalledWith({ frame: "lost" });
  });

  test("a cancelled request hears nothing more", () => {
    transport().events.opened();
    const sink = vi.fn();
    const cancel = link.send(follow, sink);
    const [id] = transport().sent[0] ?? [""];
    cancel();
    transport().events.frame(id, { frame: "live", cursor: "1@e" });
    transport().events.closed("lost");
    expect(sink).not.toHaveBeenCalled();
  });

  test("a connection that was given up is not listened to", () => {
    const former = transport();
    former.events.closed("lost");
    clock.pass(300);
    former.events.opened();
    expect(link.view.state).toBe("connecting");
  });

  test("takes events where sockets are blocked twice", async () => {
    transport().events.closed("blocked");
    clock.pass(1_000);
    expect(transport().kind).toBe("socket");
    transport().events.closed("blocked");
    clock.pass(1_000);
    await vi.waitFor(() => expect(transport().kind).toBe("events")); // loaded only now
    transport().events.opened();
    expect(link.view.transport).toBe("sse");
  });

  test("tries again when the chunk for events can't be loaded", async () => {
    const failing = createLink({
      clock,
      random: () => 0,
      socket: null,
      events: () => Promise.reject(new Error("the page's files are gone")),
      onWake: () => () => undefined,
      onOffline: (task) => {
        goOffline = task;
        return () => undefined;
      },
    });
    await vi.waitFor(() => expect(failing.view.state).toBe("offline"));
    clock.pass(1_000);
    expect(failing.view.state).toBe("connecting");
    await vi.waitFor(() => expect(failing.view.state).toBe("offline"));
    failing.close();
  });

  test("stays with sockets where nothing passes at all", () => {
    for (let time = 0; time < 5; time += 1) {
      transport().events.closed("lost");
      clock.pass(30_000);
    }
    expect(transports.every((it) => it.kind === "socket")).toBe(true);
  });

  test("does not try while the server wants another token, until reconnect", () => {
    transport().events.closed("unauthorized");
    expect(link.view.state).toBe("unauthorized");
    clock.pass(3_600_000);
    expect(transports).toHaveLength(1);
    link.reconnect();
    expect(transports).toHaveLength(2);
  });

  test("an answer that is awaited in vain shows that the connection is dead", () => {
    transport().events.opened();
    const sink = vi.fn();
    link.send(sync, sink);
    clock.pass(19_000);
    expect(transport().sent).toHaveLength(1);
    clock.pass(2_000);
    expect(transport().sent).toHaveLength(2);
    clock.pass(5_000);
    expect(sink).toHaveBeenCalledWith({ frame: "lost" });
    expect(transports).toHaveLength(2);
    expect(transports[0]?.closed).toBe(true);
  });

  test("silence of a followed thread is normal, and probed once a minute", () => {
    transport().events.opened();
    link.send(follow, () => undefined);
    clock.pass(59_000);
    expect(transport().sent).toHaveLength(1);
    clock.pass(2_000);
    expect(transport().sent).toHaveLength(2);
    transport().events.heard();
    clock.pass(30_000);
    expect(transports).toHaveLength(1);
  });

  test("a request above the limit is refused, and does not end the connection", async () => {
    transport().events.opened();
    const sink = vi.fn();
    const text = "x".repeat(16 << 20);
    const change = { type: "put_message", op: 1, message: { id: "m", text } } as const;
    link.send({ sync: { thread: "t", changes: [change], follow: "none" } }, sink);
    await Promise.resolve();
    expect(sink.mock.calls[0]?.[0]).toMatchObject({ frame: "failure", code: "too_large" });
    expect(transport().sent).toEqual([]);
  });
});
