// SPDX-License-Identifier: Apache-2.0
// locks.ts: the Web Locks that the client uses: exclusive, granted in the order of the requests.

interface Waiting {
  grant(): void;
}

export class FakeLocks {
  readonly #queues = new Map<string, Waiting[]>();

  async request(
    name: string,
    options: { readonly signal?: AbortSignal } | (() => unknown),
    task?: () => unknown,
  ): Promise<unknown> {
    const work = typeof options === "function" ? options : task;
    const signal = typeof options === "function" ? undefined : options.signal;
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    await new Promise<void>((grant, reject) => {
      const waiting = { grant };
      signal?.addEventListener("abort", () => {
        const place = queue.indexOf(waiting);
        if (place <= 0) return;
        queue.splice(place, 1);
        reject(new Error("AbortError"));
      });
      queue.push(waiting);
      if (queue[0] === waiting) queueMicrotask(grant);
    });
    try {
      return await work?.();
    } finally {
      queue.shift();
      queue[0]?.grant();
    }
  }
}
