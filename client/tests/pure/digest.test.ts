// SPDX-License-Identifier: Apache-2.0
// digest.test.ts: both hashes give the same digest as a second implementation of the protocol.

import { createHash } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";

import { digestOf } from "../../src/digest.js";
import { hashPath } from "../../src/path_hash.js";
import { sha256 } from "../../src/sha256.js";
import type { Message, Part } from "../../src/wire.js";

const parts: readonly Part[] = [
  { type: "text", text: "why is the sky blue? 😀 é" },
  { type: "reasoning", text: "" },
  { type: "tool_call", id: "c1", name: "look", arguments: '{"at":"sky"}' },
  { type: "tool_result", call: "c1", content: "blue" },
  { type: "file", uri: "https://example.com/sky.png", media_type: "image/png", name: "sky" },
  { type: "data", name: "weather", value: { degrees: 21 } },
];
const path: readonly Message[] = [
  {
    id: "u1",
    parent: null,
    role: "user",
    parts: [parts[0]!],
    status: "complete",
    created: 1,
    updated: 1,
  },
  { id: "a1", parent: "u1", role: "assistant", parts, status: "complete", created: 2, updated: 2 },
  { id: "e", parent: "a1", role: "user", parts: [], status: "stopped", created: 3, updated: 3 },
];

afterEach(() => vi.unstubAllGlobals());

test("the digest of nothing is that of 32 zero bytes", async () => {
  expect(await digestOf([])).toBe("0".repeat(64));
});

test("it is the hash of the parent's digest and of the model's input, as netstrings", async () => {
  const first = "2:u1,4:user,1:1,4:text,28:why is the sky blue? 😀 é,";
  const hash = createHash("sha256").update(Buffer.alloc(32)).update(first).digest("hex");
  expect(await digestOf(path.slice(0, 1))).toBe(hash);
});

test("the message that it continues stands behind the parts, only where it is set", async () => {
  const message = { ...path[0]!, continues: "a0" };
  const fields = "2:u1,4:user,1:1,4:text,28:why is the sky blue? 😀 é,9:continues,2:a0,";
  const hash = createHash("sha256").update(Buffer.alloc(32)).update(fields).digest("hex");
  expect(await digestOf([message])).toBe(hash);
});

test("a result counts the same, whoever made it", async () => {
  const made = parts.map((it) => (it.type === "tool_result" ? { ...it, made: true as const } : it));
  expect(await digestOf([{ ...path[1]!, parts: made }])).toBe(await digestOf([path[1]!]));
});

test("notes of calls, and a failed result, count only where they are set", async () => {
  const calls = [{ part: 0, status: "denied", reason: "no" } as const];
  const noted = "2:u1,4:user,1:1,4:text,28:why is the sky blue? 😀 é,4:call,1:0,6:denied,2:no,";
  const hash = createHash("sha256").update(Buffer.alloc(32)).update(noted).digest("hex");
  expect(await digestOf([{ ...path[0]!, calls }])).toBe(hash);

  const failed = { type: "tool_result", call: "c", content: "x", failed: true } as const;
  const result = "2:u1,4:user,1:1,11:tool_result,1:c,1:x,6:failed,";
  const other = createHash("sha256").update(Buffer.alloc(32)).update(result).digest("hex");
  expect(await digestOf([{ ...path[0]!, parts: [failed] }])).toBe(other);
});

test("both ways to hash give the same digest, of any length of text", async () => {
  const subtle = await digestOf(path);
  expect(subtle).toMatch(/^[0-9a-f]{64}$/);
  expect(await hashPath(path, sha256)).toBe(subtle);
  for (const length of [0, 1, 54, 55, 56, 63, 64, 65, 119, 1000]) {
    const message = { ...path[0]!, parts: [{ type: "text", text: "é".repeat(length) } as const] };
    expect(await hashPath([message], sha256)).toBe(await digestOf([message]));
  }
});

test("without crypto.subtle, as on plain http, the bundled hash is loaded", async () => {
  const subtle = await digestOf(path);
  vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
  expect(await digestOf(path)).toBe(subtle);
});

test("it differs only for messages that differ for models", async () => {
  const digest = await digestOf(path);
  const of = (fields: Partial<Message>) =>
    digestOf([path[0]!, { ...path[1]!, ...fields }, path[2]!]);
  expect(await of({ status: "stopped", updated: 9, metadata: { a: 1 } })).toBe(digest);
  expect(await of({ finish_reason: "length", model: "m", usage: { tokens: 3 } })).toBe(digest);
  expect(await of({ role: "tool" })).not.toBe(digest);
  expect(await of({ continues: "u1" })).not.toBe(digest);
  for (const [index, part] of parts.entries()) {
    const others = { text: "x", arguments: "{}", content: "x", uri: "x", name: "x" };
    const named = Object.entries(others)
      .filter(([name]) => name in part)
      .slice(-1);
    const other = { ...part, ...Object.fromEntries(named) } as Part;
    const changed = parts.map((it, at) => (at === index ? other : it));
    const same = part.type === "file"; // its name is for people
    expect((await of({ parts: changed })) === digest).toBe(same);
  }
});
