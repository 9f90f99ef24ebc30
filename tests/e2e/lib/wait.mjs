// SPDX-License-Identifier: Apache-2.0
// wait.mjs: waits until a condition becomes true, with a deadline.
//
// The tests don't sleep for a guessed time: they poll a condition, or await an event, and fail with
// a sentence at the deadline.

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Polls until `condition` gives something truthy, and gives that back.
export async function until(condition, what, { withinMs = 15_000, everyMs = 5 } = {}) {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(everyMs);
  }
}

// The promise's value, or an error when the deadline passes first.
export function within(promise, what, ms = 15_000) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// A promise with its two ends.
export function deferred() {
  const it = {};
  it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  it.promise.catch(() => {});  // a caller that awaits it still sees the error
  return it;
}

// Runs `work` for every item, at most `width` at a time; the first error ends it.
export async function each(items, width, work) {
  const queue = [...items.entries()];
  const results = new Array(queue.length);
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      results[next[0]] = await work(next[1], next[0]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, queue.length) }, worker));
  return results;
}
