// SPDX-License-Identifier: Apache-2.0
// compare.mjs: compares two screens.
//
// Absent and null mean the same in the protocol, so both are left out before the comparison; so is
// a thread's id, which entries don't carry.

import assert from "node:assert/strict";

function bare(value) {
  if (Array.isArray(value)) return value.map(bare);
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([, it]) => it !== null && it !== undefined);
  return Object.fromEntries(kept.map(([key, it]) => [key, bare(it)]));
}

const byId = (map) =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, it]) => [id, bare(it)]));

export function comparable(screen) {
  const { id, ...thread } = screen.thread ?? {};
  return { ts: screen.ts, thread: bare(thread), messages: byId(screen.messages), runs: byId(screen.runs) };
}

export function assertSame(shown, expected, what) {
  assert.deepEqual(comparable(shown), comparable(expected), what);
}
