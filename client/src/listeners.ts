// listeners.ts: who is to be called when something has changed.

export class Listeners {
  readonly #all = new Set<() => void>();

  get size(): number {
    return this.#all.size;
  }

  /** Returns how to end it. Who listens twice is called twice. */
  add(listener: () => void): () => void {
    const own = () => listener();
    this.#all.add(own);
    return () => void this.#all.delete(own);
  }

  tell(): void {
    for (const listener of [...this.#all]) {
      try {
        listener();
      } catch (error) {
        // A listener's fault is its own: it is told as uncaught, and the others are called.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
