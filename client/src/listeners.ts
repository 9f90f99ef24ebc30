// SPDX-License-Identifier: Apache-2.0
// listeners.ts: functions to call when something has changed.

export interface Listeners {
  /** Returns a function that removes it. A listener that is added twice is called twice. */
  add(listener: () => void): () => void;
  tell(): void;
}

/** `used`: called when the first listener comes (true) and when the last one goes (false). */
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
          // An error of one listener is reported as uncaught, and the others are still called.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
};
