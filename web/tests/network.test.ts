// SPDX-License-Identifier: Apache-2.0
// @vitest-environment node
// network.test.ts: the network of the two fronts: its order, delays and cuts.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { fetchOver, Network, socketOver } from "../src/side/network.js";

/** Node 22 has none. */
class ClosedEvent extends Event {
  readonly code: number;
  constructor(type: string, { code }: { readonly code: number }) {
    super(type);
    this.code = code;
  }
}

/** The other end: a browser's socket that the test drives. */
class Wire {
  static all: Wire[] = [];
  readyState = 0;
  protocol = "p";
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null;
  constructor(readonly url: string) {
    Wire.all.push(this);
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(data: string): void {
    this.onmessage?.({ data });
  }
  send(data: unknown): void {
    this.sent.push(data);
  }
  close(): void {
    this.readyState = 3;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  Wire.all = [];
  vi.stubGlobal("WebSocket", Wire);
  vi.stubGlobal("CloseEvent", ClosedEvent);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function opened(network: Network) {
  const Socket = socketOver(network);
  const socket = new Socket("ws://x/");
  const seen: string[] = [];
  socket.onopen = () => seen.push("open");
  socket.onmessage = (event) => seen.push(String(event.data));
  socket.onclose = (event) => seen.push(`close ${event.code}`);
  return { socket, seen };
}

describe("a socket", () => {
  it("passes everything on, in order, when nothing is wrong", async () => {
    const { socket, seen } = opened(new Network());
    Wire.all[0]?.open();
    socket.send("a");
    Wire.all[0]?.say("1");
    Wire.all[0]?.say("2");
    await vi.runAllTimersAsync();
    expect(seen).toEqual(["open", "1", "2"]);
    expect(Wire.all[0]?.sent).toEqual(["a"]);
  });

  it("keeps the order when the delay is made shorter meanwhile", async () => {
    const network = new Network();
    const { seen } = opened(network);
    Wire.all[0]?.open();
    network.setDelay(1000);
    Wire.all[0]?.say("slow");
    network.setDelay(0);
    Wire.all[0]?.say("fast");
    await vi.advanceTimersByTimeAsync(900);
    expect(seen).toEqual(["open"]);
    await vi.advanceTimersByTimeAsync(200);
    expect(seen).toEqual(["open", "slow", "fast"]);
  });

  it("ends with 1006 at a cut, and nothing that was under way arrives", async () => {
    const network = new Network();
    const { socket, seen } = opened(network);
    Wire.all[0]?.open();
    network.setDelay(500);
    socket.send("lost");
    Wire.all[0]?.say("lost");
    network.cut();
    await vi.runAllTimersAsync();
    expect(seen).toEqual(["open", "close 1006"]);
    expect(Wire.all[0]?.sent).toEqual([]);
    expect(Wire.all[0]?.readyState).toBe(3);
    expect(socket.readyState).toBe(3);
  });

  it("can't be opened while the network is cut, and can again when it is restored", async () => {
    const network = new Network();
    network.cut();
    const { seen } = opened(network);
    await vi.runAllTimersAsync();
    expect(seen).toEqual(["close 1006"]);
    expect(Wire.all).toHaveLength(0);
    network.restore();
    opened(network);
    expect(Wire.all).toHaveLength(1);
  });
});

describe("a fetch", () => {
  it("fails while the network is cut, and breaks off when it is", async () => {
    const network = new Network();
    const began = vi.fn(
      (_input: unknown, init?: RequestInit) =>
        new Promise<Response>((_done, fail) => {
          init?.signal?.addEventListener("abort", () => fail(init.signal?.reason as Error));
        }),
    );
    vi.stubGlobal("fetch", began);
    const over = fetchOver(network);

    const broken = expect(over("/v1/threads")).rejects.toThrow("cut");
    await vi.runAllTimersAsync();
    expect(began).toHaveBeenCalledTimes(1);
    network.cut();
    await broken;

    await expect(over("/v1/threads")).rejects.toThrow("cut");
    expect(began).toHaveBeenCalledTimes(1);
  });

  it("waits both ways, and hands the answer on whole", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("all of it", { status: 201 })));
    const network = new Network();
    network.setDelay(300);
    let status = 0;
    const asked = fetchOver(network)("/x").then(async (answer) => {
      status = answer.status;
      return answer.text();
    });
    await vi.advanceTimersByTimeAsync(500);
    expect(status).toBe(0);
    await vi.runAllTimersAsync();
    expect(status).toBe(201);
    expect(await asked).toBe("all of it");
  });
});
