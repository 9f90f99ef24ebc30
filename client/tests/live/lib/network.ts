// SPDX-License-Identifier: Apache-2.0
// network.ts: an unreliable network, repeatable by seed.
//
// It is between the client and the real server: a WebSocket and a `fetch` that delay, cut between
// any two frames, and leave half-open connections, over which sent frames still arrive.

import type { Clock } from "../../../src/types.js";

/** The same seed, the same numbers (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Delays pass ten times as fast, so that a hundred reconnects take a second or two. */
export const fastClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, task) {
    const timer = setTimeout(task, milliseconds / 10);
    return () => clearTimeout(timer);
  },
};

type Cutting = { cut(): void };

export class Network {
  readonly #open = new Set<Cutting>();
  readonly #random: () => number;
  /** The longest delay of a frame one way, in milliseconds. */
  delay = 0;
  /** A frame is the last one of its connection with this chance. */
  cuts = 0;
  down = false;
  sockets = 0;
  frames = 0;
  readonly sent: string[] = [];
  readonly WebSocket: typeof WebSocket;

  constructor(seed = 1) {
    this.#random = seeded(seed);
    const network = this;
    this.WebSocket = class {
      constructor(address: string, protocols: string[]) {
        return new HostileSocket(network, address, protocols) as unknown as WebSocket;
      }
    } as unknown as typeof WebSocket;
  }

  fetch: typeof fetch = async (input, init) => {
    if (this.down) throw new TypeError("the network is down");
    const stop = new AbortController();
    init?.signal?.addEventListener("abort", () => stop.abort());
    this.#open.add({ cut: () => stop.abort() });
    const answer = await fetch(input, { ...init, signal: stop.signal });
    if (answer.body === null || this.cuts === 0) return answer;
    const hostile = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        if (!this.chance()) return controller.enqueue(chunk);
        // Half of a frame arrives, then the stream ends.
        controller.enqueue(chunk.subarray(0, chunk.length >> 1));
        controller.error(new TypeError("cut"));
      },
    });
    return new Response(answer.body.pipeThrough(hostile), answer);
  };

  chance(): boolean {
    this.frames += 1;
    return this.cuts > 0 && this.#random() < this.cuts;
  }

  random(): number {
    return this.#random();
  }

  wait(): number {
    return this.delay * this.#random();
  }

  opened(connection: Cutting): void {
    this.#open.add(connection);
  }

  closed(connection: Cutting): void {
    this.#open.delete(connection);
  }

  /** Every connection breaks; new ones can be made unless it is `down`. */
  cut(): void {
    for (const connection of [...this.#open]) connection.cut();
    this.#open.clear();
  }

  goDown(): void {
    this.down = true;
    this.cut();
  }
}

class HostileSocket implements Cutting {
  readonly #network: Network;
  readonly #real: WebSocket;
  #over = false;
  // Frames keep their order under any delays.
  #coming: Promise<void> = Promise.resolve();
  #going: Promise<void> = Promise.resolve();
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(network: Network, address: string, protocols: string[]) {
    this.#network = network;
    this.#real = new WebSocket(address, protocols);
    network.opened(this);
    if (network.down) queueMicrotask(() => this.cut());
    this.#real.onopen = () => {
      if (this.#over) return;
      network.sockets += 1;
      this.onopen?.();
    };
    this.#real.onmessage = (event) => {
      if (this.#over) return;
      if (network.chance()) return this.cut();
      const wait = network.wait();
      this.#coming = this.#coming.then(async () => {
        if (wait > 0) await new Promise((over) => setTimeout(over, wait));
        if (!this.#over) this.onmessage?.({ data: event.data });
      });
    };
    this.#real.onclose = (event) => {
      void this.#coming.then(() => this.#end(event.code));
    };
    this.#real.onerror = () => undefined;
  }

  get readyState(): number {
    return this.#over ? 3 : this.#real.readyState;
  }

  send(data: string): void {
    const network = this.#network;
    if (this.#over) return;
    network.sent.push(data);
    if (network.chance()) {
      // The sender never learns whether it arrived.
      if (network.random() < 0.5 && this.#real.readyState === 1) this.#real.send(data);
      return queueMicrotask(() => this.cut());
    }
    const wait = network.wait();
    this.#going = this.#going.then(async () => {
      if (wait > 0) await new Promise((over) => setTimeout(over, wait));
      if (this.#real.readyState === 1) this.#real.send(data);
    });
  }

  close(): void {
    this.#over = true;
    this.#network.closed(this);
    this.#real.close();
  }

  cut(): void {
    // Half-open: the server still takes the connection for alive for a while.
    setTimeout(() => this.#real.close(), 50);
    this.#end(1006);
  }

  #end(code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#network.closed(this);
    this.onclose?.({ code });
  }
}
