// SPDX-License-Identifier: Apache-2.0
// hardening.test.mjs: checks the binary's hardening in the binary itself, so that a lost compiler
// flag fails a test.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { binary } from "./lib/server.mjs";

const file = readFileSync(binary);
assert.equal(file.toString("latin1", 1, 4), "ELF");
assert.deepEqual([file[4], file[5]], [2, 1], "64 bits, little endian");
const word = (at) => file.readUInt32LE(at);
const half = (at) => file.readUInt16LE(at);
const long = (at) => Number(file.readBigUInt64LE(at));

// The program headers, by type: where each lies in the file, how large it is, and its flags.
const segments = Array.from({ length: half(56) }, (_, i) => long(32) + i * half(54)).map((at) => ({
  type: word(at),
  flags: word(at + 4),
  offset: long(at + 8),
  address: long(at + 16),
  size: long(at + 32),
}));
const segment = (type) => segments.find((it) => it.type === type);
const PT = { load: 1, dynamic: 2, stack: 0x6474e551, relro: 0x6474e552 };
const DT = { strtab: 5, strsz: 10, flags: 30, flags1: 0x6ffffffb };
const executable = 1;

const { offset, size } = segment(PT.dynamic);
const dynamic = new Map();
for (let at = offset; at < offset + size; at += 16) dynamic.set(long(at), long(at + 8));

// The names that the binary imports, among others: enough to ask whether one is there.
const names = (() => {
  const address = dynamic.get(DT.strtab);
  const load = segments.find((it) => it.type === PT.load && address >= it.address && address < it.address + it.size);
  const at = address - load.address + load.offset;
  return new Set(file.toString("latin1", at, at + dynamic.get(DT.strsz)).split("\0"));
})();

// The command lines of the compiler, as the debug information keeps them: ours are of C++23.
const compilers = file.toString("latin1").match(/GNU C\+\+23 [ -~]*/g) ?? [];

test("the binary can be loaded anywhere", () => {
  assert.equal(half(16), 3, "ET_DYN");
  assert.ok(dynamic.get(DT.flags1) & 0x08000000, "DF_1_PIE");
});

test("its stack can't be executed", () => {
  assert.equal(segment(PT.stack).flags & executable, 0);
});

test("its tables of functions can't be written to once it runs", () => {
  assert.ok(segment(PT.relro), "PT_GNU_RELRO");
  assert.ok(dynamic.get(DT.flags) & 8, "DF_BIND_NOW");
  assert.ok(dynamic.get(DT.flags1) & 1, "DF_1_NOW");
});

test("every file of ours is compiled with the stack protector", () => {
  assert.ok(compilers.length > 0, "the debug information says how it was compiled");
  for (const line of compilers) assert.match(line, / -fstack-protector-strong( |$)/);
  assert.ok(names.has("__stack_chk_fail"));
});

test("the standard library checks its preconditions", () => {
  assert.ok([...names].some((it) => it.includes("__glibcxx_assert_fail")));
});
