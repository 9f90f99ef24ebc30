// SPDX-License-Identifier: Apache-2.0
// screens.test.ts: finds the state that the user has seen, however late the page marks it.

import { expect, test } from "vitest";

import { createScreens } from "../../src/screens.js";
import { emptyState, type ThreadState } from "../../src/state.js";

const stateAt = (ts: number): ThreadState => ({ ...emptyState("t"), ts, epoch: "e" });

test("however many states come before the page reports its paint, the marked one stays seen", () => {
  const screens = createScreens();
  const states = Array.from({ length: 700 }, (_, at) => stateAt(at + 1));
  screens.handed(states[0]!);
  screens.mark("1@e", []);
  for (const state of states) screens.handed(state);
  expect(screens.seen(stateAt(999))).toMatchObject({ cursor: "1@e", state: states[0] });
});

test("of many states that wait the newest can still be marked", () => {
  const screens = createScreens();
  for (let at = 1; at <= 700; at += 1) screens.handed(stateAt(at));
  screens.mark("700@e", []);
  expect(screens.seen(stateAt(999)).cursor).toBe("700@e");
});

test("without any mark the last state that was handed out counts as seen", () => {
  const screens = createScreens();
  screens.handed(stateAt(1));
  screens.handed(stateAt(2));
  expect(screens.seen(stateAt(3)).cursor).toBe("2@e");
});
