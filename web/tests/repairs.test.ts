// SPDX-License-Identifier: Apache-2.0
// @vitest-environment node
// repairs.test.ts: the repairs of a request, in words.

import { expect, it } from "vitest";

import { repairText } from "../src/inspector/repairs.js";

it("names the ids that the server names, and counts the others", () => {
  const repair = { kind: "joined", count: 2, ids: ["u1", "u2"], text: "It is joined." };

  expect(repairText(repair)).toBe("It is joined. (u1, u2)");
  expect(repairText({ ...repair, count: 70 })).toBe("It is joined. (u1, u2 and 68 more)");
});

it("shows the text of a run of 0.1.0, and anything else as it is", () => {
  expect(repairText("call c1: it has no result, one was made")).toContain("call c1");
  expect(repairText({ kind: "later" })).toBe('{"kind":"later"}');
});
