// SPDX-License-Identifier: Apache-2.0
// world.ts: a simulated machine with tabs that come and go, repeatable by seed.
//
// `run` steps the clock from one event to the next, and between two events all promises settle, so
// the same seed gives the same run. Each action of a browser's processes (deliver a message, grant
// a lock, write a row, load a chunk) has its own delay. A tab that crashes sends and receives no
// more, and its locks become free.

import type { Browser } from "../../../src/net/tabs.js";
import type { Clock } from "../../../src/types.js";
import { seeded } from "./network.js";

interface Due {
  readonly at: number;
  readonly task: () => void;
}

export class World {
  readonly random: () => number;
  now = 0;
  /** The server no longer has the chunk with `held.ts`. */
  lacksUndo = false;
  #due: Due[] = [];
  readonly #channels = new Set<SimChannel>();
  readonly #locks = new Map<string, Asked[]>();

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  after(milliseconds: number, task: () => void): () => void {
    const due = { at: this.now + milliseconds, task };
    this.#due.push(due);
    return () => (this.#due = this.#due.filter((it) => it !== due));
  }

  /** A delay of at most so many milliseconds; half of the delays are 0. */
  delay = (most: number): number => (this.random() < 0.5 ? 0 : Math.floor(this.random() * most));

  async run(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      await settled();
      let next: Due | undefined;
      for (const due of this.#due) if (due.at < (next?.at ?? end + 1)) next = due;
      if (next === undefined) break;
      this.#due = this.#due.filter((it) => it !== next);
      this.now = next.at;
      next.task();
    }
    this.now = end;
  }

  // --- Shared by the tabs ------------------------------------------------------------------------

  join(channel: SimChannel): void {
    this.#channels.add(channel);
  }

  leave(channel: SimChannel): void {
    this.#channels.delete(channel);
  }

  post(from: SimChannel, data: unknown): void {
    const copy: unknown = structuredClone(data);
    for (const to of this.#channels) {
      if (to !== from && to.name === from.name) to.receive(from, copy);
    }
  }

  queue(name: string, asked: Asked): void {
    const queue = this.#locks.get(name) ?? [];
    this.#locks.set(name, queue);
    queue.push(asked);
    if (queue[0] === asked) asked.grant();
  }

  unqueue(name: string, asked: Asked): void {
    const queue = this.#locks.get(name) ?? [];
    const place = queue.indexOf(asked);
    if (place < 0) return;
    queue.splice(place, 1);
    if (place === 0) queue[0]?.grant();
  }
}

interface Asked {
  grant(): void;
}

/** A process of the browser. After a crash it gets no more messages. */
export class Process {
  readonly world: World;
  alive = true;
  /** Its longest delay for each kind of action, in milliseconds. */
  readonly slowness: number;
  readonly #ends: (() => void)[] = [];

  constructor(world: World, slowness: number) {
    this.world = world;
    this.slowness = slowness;
  }

  readonly clock: Clock = {
    now: () => this.world.now,
    after: (milliseconds, task) => this.world.after(milliseconds, () => this.alive && task()),
  };

  /** Runs tasks in the order of the requests, each after a delay. */
  readonly inTurn = (): ((task: () => void) => void) => {
    let last = 0;
    return (task) => {
      last = Math.max(last, this.world.now + this.world.delay(this.slowness));
      this.clock.after(last - this.world.now, task);
    };
  };

  /** A promise that resolves after a delay, unless the process has crashed. */
  later<Value>(value: () => Value): Promise<Value> {
    return new Promise((resolve) =>
      this.clock.after(this.world.delay(this.slowness), () => resolve(value())),
    );
  }

  onCrash(task: () => void): void {
    this.#ends.push(task);
  }

  crash(): void {
    this.alive = false;
    for (const end of this.#ends) end();
  }

  readonly browser: Browser = {
    channel: (name) => new SimChannel(this, name) as unknown as BroadcastChannel,
    locks: { request: this.#request.bind(this) } as unknown as LockManager,
  };

  #request(
    name: string,
    options: { readonly signal?: AbortSignal } | (() => unknown),
    task?: () => unknown,
  ): Promise<unknown> {
    const work = typeof options === "function" ? options : task;
    const signal = typeof options === "function" ? undefined : options.signal;
    return new Promise((resolve, reject) => {
      let granted = false;
      const asked: Asked = {
        grant: () => {
          if (granted) return;
          granted = true;
          const over = () => this.world.unqueue(name, asked);
          this.onCrash(over);
          if (!this.alive) return over();
          this.clock.after(this.world.delay(this.slowness), () => {
            void Promise.resolve(work?.()).then(resolve, reject).finally(over);
          });
        },
      };
      signal?.addEventListener("abort", () => {
        if (granted) return;
        this.world.unqueue(name, asked);
        reject(new Error("AbortError"));
      });
      this.onCrash(() => this.world.unqueue(name, asked));
      this.clock.after(this.world.delay(this.slowness), () => {
        if (signal?.aborted !== true) this.world.queue(name, asked);
      });
    });
  }
}

class SimChannel {
  readonly name: string;
  readonly #process: Process;
  readonly #lines = new Map<SimChannel, (task: () => void) => void>();
  #open = false;
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(process: Process, name: string) {
    this.name = name;
    this.#process = process;
    const { world } = process;
    // No message reaches it before the browser knows it.
    this.#open = true;
    process.clock.after(world.delay(process.slowness), () => this.#open && world.join(this));
    process.onCrash(() => this.close());
  }

  postMessage(data: unknown): void {
    if (this.#open && this.#process.alive) this.#process.world.post(this, data);
  }

  receive(from: SimChannel, data: unknown): void {
    const line = this.#lines.get(from) ?? this.#process.inTurn();
    this.#lines.set(from, line);
    line(() => {
      if (this.#open) this.onmessage?.({ data });
    });
  }

  close(): void {
    this.#open = false;
    this.#process.world.leave(this);
  }
}

/** Settles every promise that needs no time. */
const settled = () => new Promise<void>((over) => setImmediate(over));
