// SPDX-License-Identifier: Apache-2.0
// formulas.test.ts: finds formulas of several lines, and finds none in other text.

import { describe, expect, it } from "vitest";

import { formulasOf } from "../src/markdown/formulas.js";

const found = (text: string): readonly string[] =>
  formulasOf(text).map(({ start, end }) => text.slice(start, end));

describe("a formula over several lines", () => {
  it("lies between its brackets or its dollars", () => {
    expect(found("so \\(a\n+ b\\) is")).toEqual(["\\(a\n+ b\\)"]);
    expect(found("\\[\na\n= b\n\\]")).toEqual(["\\[\na\n= b\n\\]"]);
    expect(found("$$\na\n$$")).toEqual(["$$\na\n$$"]);
  });

  it("does not begin with a backslash that is escaped itself", () => {
    expect(found("a path \\\\(home)\n- one\n- two \\)")).toEqual([]);
  });
});
