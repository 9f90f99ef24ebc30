// SPDX-License-Identifier: Apache-2.0
// shapes.test.ts: folding any JSON makes a state that can be shown, or is a gap.
//
// So an error of another kind is a bug of ours, and never the server's.

import { readdirSync, readFileSync } from "node:fs";

import fc from "fast-check";
import { expect, test } from "vitest";

import { apply } from "../../src/diff.js";
import { fold, Gap } from "../../src/fold.js";
import { project } from "../../src/project.js";
import type { ThreadState } from "../../src/state.js";
import type { DiffFrame, EntryFrame, Json, Message, Run, Thread } from "../../src/wire.js";

interface Example {
  readonly before: {
    readonly thread: Thread | null;
    readonly messages: readonly Message[];
    readonly runs: readonly Run[];
    readonly ts: number;
  };
  readonly entry?: EntryFrame;
  readonly diff?: DiffFrame | readonly DiffFrame[];
}

const folder = new URL("../../../tests/golden/", import.meta.url);
const examples = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Example);

const byId = <Row extends { readonly id: string }>(rows: readonly Row[]) =>
  new Map(rows.map((row) => [row.id, row]));

const stateOf = ({ thread, messages, runs, ts }: Example["before"]): ThreadState => ({
  ...{ id: "thread", ts, epoch: "golden", thread: ts > 0 ? thread : null },
  ...{ messages: byId(messages), runs: byId(runs) },
});

/** All places in a value, each as a path. */
const placesIn = (value: unknown, at: readonly string[] = []): readonly (readonly string[])[] => [
  at,
  ...Object.entries(typeof value === "object" && value ? value : {}).flatMap(([name, inner]) =>
    placesIn(inner, [...at, name]),
  ),
];

/** The value with another one at this place. */
const replaced = (value: unknown, [name, ...rest]: readonly string[], by: Json): unknown => {
  if (name === undefined) return by;
  const held = value as Record<string, unknown>;
  const inner = replaced(held[name], rest, by);
  if (Array.isArray(held)) return held.map((it: unknown, at) => (`${at}` === name ? inner : it));
  return { ...held, [name]: inner };
};

// With the name of a property that every list has: it is no place in one.
const odd = [
  null,
  true,
  0,
  -1,
  7.5,
  "",
  "x",
  "length",
  [],
  [null],
  ["x"],
  {},
  { type: "text" },
] as Json[];
// Without objects that define their conversion to a number: comparing those throws, which is
// allowed.
const isPlain = (it: unknown) => !/toString|valueOf/.test(JSON.stringify(it));
const json = fc.oneof(
  fc.constantFrom(...odd),
  fc.jsonValue({ maxDepth: 2 }).filter(isPlain) as fc.Arbitrary<Json>,
);

/** Takes the frame with another value at each of its places; every one must end well. */
function takeAll(came: object, take: (changed: never) => ThreadState): number {
  const places = placesIn(came).filter((at) => at.length > 0);
  let gaps = 0;
  fc.assert(
    fc.property(fc.constantFrom(...places), json, (place, by) => {
      try {
        project(take(replaced(came, place, by) as never), [], null);
      } catch (error) {
        if (!(error instanceof Gap)) throw error;
        gaps += 1;
      }
    }),
    { numRuns: 300 },
  );
  return gaps;
}

test("any JSON at any place of an entry is folded, or a gap", () => {
  let gaps = 0;
  for (const { before, entry } of examples)
    if (entry) gaps += takeAll(entry, (changed) => fold(stateOf(before), changed));
  expect(gaps).toBeGreaterThan(100);
});

test("any JSON at any place of a diff is applied, or a gap", () => {
  let gaps = 0;
  for (const { before, diff } of examples) {
    if (diff) gaps += takeAll([diff].flat(), (changed) => apply(stateOf(before), changed));
  }
  expect(gaps).toBeGreaterThan(100);
});
