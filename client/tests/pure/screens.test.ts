// SPDX-License-Identifier: Apache-2.0
// screens.test.ts: which state its user has seen, however late the page says so.

import { expect, test } from "vitest";

import { createScreens } from "../../src/screens.js";
import { emptyState, type ThreadState } from "../../src/state.js";

const stateAt = (ts: number): ThreadState => ({ ...emptyState("t"), ts, epoch: "e" });

test("however many states come before the page says what was painted, what was marked stays seen", () => {
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

test("where nobody marks, what was handed out last is seen", () => {
  const screens = createScreens();
  screens.handed(stateAt(1));
  screens.handed(stateAt(2));
  expect(screens.seen(stateAt(3)).cursor).toBe("2@e");
});
