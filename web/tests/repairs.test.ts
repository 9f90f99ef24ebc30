// SPDX-License-Identifier: Apache-2.0
// @vitest-environment node
// repairs.test.ts: the repairs of a request, in words.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { repairCount, repairSentence, repairText } from "../src/repairs.js";

it("names the ids that the server names, and counts the others", () => {
  const repair = { kind: "file_as_text", count: 2, ids: ["u1", "u2"], text: "A file." };
  const said = "A file was sent as a line of text that names it.";

  expect(repairText(repair)).toBe(`${said} (u1, u2)`);
  expect(repairText({ ...repair, count: 70 })).toBe(`${said} (u1, u2 and 68 more)`);
  expect(repairCount([repair, { ...repair, count: 70 }])).toBe(72);
});

it("has a sentence of its own for each kind that the server documents", () => {
  const docs = readFileSync(join(process.cwd(), "../docs/agents.md"), "utf8");
  const table = docs.slice(docs.indexOf("## Repairs"), docs.indexOf("## What an answer becomes"));
  const rows = [...table.matchAll(/^\| (`.*?`) \|/gm)].map(([, cell = ""]) => cell);
  const kinds = rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, kind = ""]) => kind));

  expect(kinds.length).toBeGreaterThan(10);
  for (const kind of kinds)
    expect(repairSentence({ kind, count: 1, ids: [] })).not.toContain("The request differs");
});

it("shows the server's own sentence for a kind that it does not know", () => {
  const later = { kind: "later", count: 1, ids: ["u1"] };
  expect(repairText({ ...later, text: "Said." })).toBe("Said. (u1)");
  expect(repairText(later)).toBe("The request differs: later. (u1)");
});

it("shows the text of a run of 0.1.0, and anything else as it is", () => {
  expect(repairText("call c1: it has no result, one was made")).toContain("call c1");
  expect(repairText({ kind: "later" })).toBe('{"kind":"later"}');
});
