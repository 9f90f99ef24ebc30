// SPDX-License-Identifier: Apache-2.0
// letters.ts: the letters and digits of a Markdown source, and those that were drawn.
//
// Two readers that share no code with the renderer. One reads the source as plain text: an entity
// counts as its character, or (in code) as its letters. The other reads everything in the drawn
// page that a person can reach: text, the address, alternative text and title of an element, a
// list's number, the language of code.

import { decodeNamedCharacterReference } from "decode-named-character-reference";

const ENTITY = /&(?:#[xX]([0-9a-fA-F]{1,6})|#(\d{1,7})|([A-Za-z][A-Za-z0-9]{0,31}));/g;
const lettersOf = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, "");

/** In an address, characters beyond ASCII are escaped. */
function unescaped(address: string): string {
  return address.replace(/(?:%[89A-F][0-9A-F])+/g, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
}

/** One after the other; where there are several, one of them. */
export function lettersOfSource(source: string): readonly (readonly string[])[] {
  const found: string[][] = [];
  let at = 0;
  for (const entity of source.matchAll(ENTITY)) {
    const [all, hex, decimal, name = ""] = entity;
    found.push([lettersOf(source.slice(at, entity.index))]);
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    const known = Number.isNaN(code)
      ? decodeNamedCharacterReference(name)
      : String.fromCodePoint(Math.min(code, 0x10ffff));
    found.push(known === false ? [lettersOf(all)] : [lettersOf(known), lettersOf(all)]);
    at = entity.index + all.length;
  }
  found.push([lettersOf(source.slice(at))]);
  return found;
}

const BEFORE: Readonly<Record<string, (element: HTMLElement) => string>> = {
  LI: (it) =>
    (it.style.listStyleType || it.getAttribute("value") || "") + (it.dataset["mark"] ?? ""),
  IMG: (it) => `${it.getAttribute("alt") ?? ""}${unescaped(it.getAttribute("src") ?? "")}`,
};

function drawn(node: Node): string {
  if (node.nodeType === 3) return unescaped(node.textContent ?? "");
  if (!(node instanceof HTMLElement) || node.tagName === "BUTTON") return "";
  // Words of the page itself.
  if (node.dataset["info"] === "") return "";
  const inside = [...node.childNodes].map(drawn).join("");
  const address = unescaped(node.getAttribute("href") ?? "");
  const title = node.getAttribute("title") ?? "";
  return (BEFORE[node.tagName]?.(node) ?? "") + inside + address + title;
}

export const lettersDrawn = (element: HTMLElement): string => lettersOf(drawn(element));

function behind(word: string, text: string, from: number): number {
  let at = from;
  for (const letter of word) {
    const place = text.indexOf(letter, at);
    if (place === -1) return -1;
    at = place + letter.length;
  }
  return at;
}

/** The rest of the source that is not drawn in order; "": the page shows all of it. */
export function lostOf(source: string, shown: string): string {
  let at = 0;
  for (const words of lettersOfSource(source)) {
    const places = words.map((word) => behind(word, shown, at)).filter((place) => place !== -1);
    if (places.length === 0) return `${words.join(" or ")}, not in ${shown.slice(at)}`;
    at = Math.min(...places);
  }
  return "";
}
