// SPDX-License-Identifier: Apache-2.0
// texts.mjs: texts to stream, and chance that can be repeated.
//
// Half of the words hold characters outside ASCII and outside the basic plane, so that a count of bytes or
// code points in the place of UTF-16 units shows at once.

// A small generator of chance (mulberry32): the same seed gives the same test.
export function chance(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    below: (n) => Math.floor(next() * n),
    between: (low, high) => low + next() * (high - low),
    pick: (list) => list[Math.floor(next() * list.length)],
    oneIn: (n) => next() * n < 1,
  };
}

export const seed = Number(process.env.LOCKSTEP_E2E_SEED ?? 20_261_122);

const words = [
  "the", "model", "sees", "what", "you", "see", "again", "\n", "“quoted”", "Grüße", "naïve", "œuvre",
  "你好", "世界", "日本語", "한국어", "Привет", "مرحبا", "😀", "🚀🚀", "👩‍👩‍👧", "é", "𝔘𝔫𝔦", "🇩🇪", "\\", "\"x\"",
  "<b>&amp;</b>", "\u2028", "𐍈", "tab\there",
];

const lonely = (text, at) => {
  const before = text.charCodeAt(at - 1);
  return before >= 0xd800 && before <= 0xdbff;
};

// About `units` long. With `chunk`, no multiple of it falls between the halves of a surrogate pair.
export function text(random, units, chunk = 0) {
  let made = "";
  while (made.length < units) {
    const word = random.oneIn(2) ? words[random.below(7)] : random.pick(words);
    made += made ? ` ${word}` : word;
  }
  if (!chunk) return made;
  for (let at = chunk; at < made.length; at += chunk) {
    if (lonely(made, at)) made = `${made.slice(0, at - 1)}_${made.slice(at - 1)}`;
  }
  return made;
}

// The longest prefix of at most `length` units that ends between code points.
export function roundDown(whole, length) {
  if (length >= whole.length) return whole;
  return whole.slice(0, lonely(whole, length) ? length - 1 : length);
}

// Pieces of about `units`, never a cut code point.
export function pieces(whole, units) {
  const list = [];
  for (let at = 0; at < whole.length; ) {
    let end = Math.min(whole.length, at + units);
    if (end < whole.length && lonely(whole, end)) end += 1;
    list.push(whole.slice(at, end));
    at = end;
  }
  return list;
}
