// SPDX-License-Identifier: Apache-2.0
// window.test.ts: which rows of a list are in sight.

import { describe, expect, it } from "vitest";

import { placeFor, spanOf } from "../src/window.js";

describe("the rows in sight", () => {
  it("are drawn with some to spare, and never one that is not there", () => {
    expect(spanOf(0, 100, 10, 1000)).toEqual({ first: 0, end: 16 });
    expect(spanOf(5000, 100, 10, 1000)).toEqual({ first: 494, end: 516 });
    expect(spanOf(9900, 100, 10, 1000)).toEqual({ first: 984, end: 1000 });
    expect(spanOf(99_999, 100, 10, 3)).toEqual({ first: 3, end: 3 });
    expect(spanOf(0, 100, 10, 0)).toEqual({ first: 0, end: 0 });
  });

  it("move only as far as needed for the one that is looked at", () => {
    expect(placeFor(50, 480, 100, 10)).toBe(480);
    expect(placeFor(50, 800, 100, 10)).toBe(500);
    expect(placeFor(50, 0, 100, 10)).toBe(410);
    for (let index = 0; index < 200; index += 7) {
      for (const top of [0, 333, 1900]) {
        const place = placeFor(index, top, 95, 10);
        expect(index * 10).toBeGreaterThanOrEqual(place);
        expect(index * 10 + 10).toBeLessThanOrEqual(place + 95);
      }
    }
  });
});
