// SPDX-License-Identifier: Apache-2.0
// listeners.ts: who is to be called when something has changed.

export interface Listeners {
  /** Returns how to end it. Who listens twice is called twice. */
  add(listener: () => void): () => void;
  tell(): void;
}

/** `used`: called when the first has come (true) and when the last has gone (false). */
export const createListeners = (used: (any: boolean) => void = () => undefined): Listeners => {
  const all = new Set<() => void>();
  return {
    add(listener) {
      const own = () => listener();
      all.add(own);
      if (all.size === 1) used(true);
      return () => {
        if (all.delete(own) && !all.size) used(false);
      };
    },
    tell() {
      for (const listener of [...all]) {
        try {
          listener();
        } catch (error) {
          // A listener's fault is its own: it is told as uncaught, and the others are called.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
};
