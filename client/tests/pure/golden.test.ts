// SPDX-License-Identifier: Apache-2.0
// golden.test.ts: folds and applies the examples of the protocol that the engine wrote.

import { readFileSync, readdirSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { apply } from "../../src/diff.js";
import { fold } from "../../src/fold.js";
import type { ThreadState } from "../../src/state.js";
import type { DiffFrame, EntryFrame, Message, Run, Thread } from "../../src/wire.js";

interface Reading {
  readonly thread: Thread | null;
  readonly messages: readonly Message[];
  readonly runs: readonly Run[];
  readonly ts: number;
}
interface Example {
  readonly before: Reading;
  readonly entry?: EntryFrame;
  readonly diff?: DiffFrame | readonly DiffFrame[];
  readonly after: Reading;
}

const folder = new URL("../../../tests/golden/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
const examples = names.map(
  (name) => [name, JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Example] as const,
);

const byId = <Row extends { readonly id: string }>(rows: readonly Row[]) =>
  new Map(rows.map((row) => [row.id, row]));

const stateOf = ({ thread, messages, runs, ts }: Reading): ThreadState => ({
  id: "thread",
  ts,
  epoch: "golden",
  thread: ts > 0 ? thread : null,
  messages: byId(messages),
  runs: byId(runs),
});

/** In the form of JSON, in its order; an absent member equals null. */
function plain({ thread, messages, runs, ts }: ThreadState): unknown {
  const bare = (_: string, value: unknown) => (value === null ? undefined : value);
  const rows = { ts, thread, messages: [...messages.values()], runs: [...runs.values()] };
  return JSON.parse(JSON.stringify(rows, bare));
}

test("there are examples", () => expect(examples.length).toBeGreaterThanOrEqual(20));

describe.each(examples)("%s", (_, { before, entry, diff, after }) => {
  test.runIf(entry)("the entry leads from before to after, and changes nothing again", () => {
    const next = fold(stateOf(before), entry!);
    expect(plain(next)).toEqual(plain(stateOf(after)));
    expect(fold(next, entry!)).toBe(next);
  });

  test.runIf(diff)("the diff leads from before to after, and changes nothing again", () => {
    const frames = [diff!].flat();
    const next = apply(stateOf(before), frames);
    expect(plain(next)).toEqual(plain(stateOf(after)));
    expect(apply(next, frames)).toBe(next);
  });

  test.runIf(entry && diff)("the diff after the entry changes nothing but the epoch", () => {
    const folded = fold(stateOf(before), entry!);
    const next = apply(folded, [diff!].flat());
    expect({ ...next, epoch: folded.epoch }).toEqual(folded);
    expect(next.messages).toBe(folded.messages);
  });
});
