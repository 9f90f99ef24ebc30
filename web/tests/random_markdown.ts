// SPDX-License-Identifier: Apache-2.0
// random_markdown.ts: Markdown as models write it, and random marks.
//
// `documents` has every construct, nested in every other. `noise` has the marks of all constructs
// in any order, so that they meet in unexpected ways.

import fc from "fast-check";
import type { Arbitrary } from "fast-check";

const LETTERS = [..."abcxyzEQ0123456789éßЖя中あعب𝒜"];

export const word = fc
  .array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: 5 })
  .map((letters) => letters.join(""));
const ascii = fc.string({
  unit: fc.constantFrom(..."abcdef0123456789"),
  minLength: 1,
  maxLength: 6,
});
const words = fc.array(word, { minLength: 1, maxLength: 4 }).map((all) => all.join(" "));

const joined = (glue: string, ...parts: Arbitrary<string>[]): Arbitrary<string> =>
  fc.tuple(...parts).map((all) => all.join(glue));
const around = (before: string, inside: Arbitrary<string>, after: string): Arbitrary<string> =>
  inside.map((it) => before + it + after);

const entity = fc.constantFrom(
  "&eacute;",
  "&#233;",
  "&#x416;",
  "&amp;",
  "&copy;",
  "&nope;",
  "&Alpha;",
);
const escape = fc.constantFrom(
  "\\*",
  "\\_",
  "\\`",
  "\\#",
  "\\\\",
  "\\[",
  "\\(",
  "\\$",
  "\\]",
  "\\)",
);
const address = fc.oneof(
  ascii.map((it) => `https://${it}.example/${it}`),
  word.map((it) => `/p/${it}?q=${it}`),
  ascii.map((it) => `javascript:${it}`),
  ascii.map((it) => `data:image/png;base64,${it}`),
  ascii.map((it) => `data:image/svg+xml;base64,${it}`),
);
const title = fc.oneof(fc.constant(""), around(' "', words, '"'), around(" '", words, "'"));

/** The inside of a formula: characters with a meaning in Markdown, and no blank line. */
const formulaPiece = fc.oneof(
  ascii,
  fc.constantFrom(
    "\\frac{a}{b}",
    "\\,",
    "\\;",
    "\\\\",
    "_1",
    "^{2}",
    "*",
    "&",
    "\\{",
    "\\}",
    "<",
    "|",
  ),
  fc.constantFrom(
    " + ",
    " - ",
    " = ",
    " # ",
    "\n+ ",
    "\n- ",
    "\n= ",
    "\n1. ",
    "\n# ",
    "\n",
    "\n    ",
    "\n---\n",
  ),
);
const formulaInside = fc
  .array(formulaPiece, { minLength: 1, maxLength: 6 })
  .map((all) => `x${all.join("")}y`.replace(/\n\s*\n/g, "\n"));
export const formula = fc
  .tuple(fc.constantFrom(["\\(", "\\)"], ["\\[", "\\]"], ["$$", "$$"]), formulaInside)
  .map(([[open = "", close = ""], inside]) => {
    // Across lines `$$` begins its line and ends it; these do in `paragraphs`.
    return open + inside + close;
  });

const { inline } = fc.letrec<{ inline: string; one: string }>((tie) => ({
  one: fc.oneof(
    { maxDepth: 3 },
    word,
    entity,
    escape,
    around("`", words, "`"),
    around("`` ", joined(" ` ", word, entity), " ``"),
    around("*", tie("inline"), "*"),
    around("**", tie("inline"), "**"),
    around("~~", tie("inline"), "~~"),
    fc.tuple(tie("inline"), address, title).map(([a, b, c]) => `[${a}](${b}${c})`),
    fc.tuple(tie("inline"), address, title).map(([a, b, c]) => `![${a}](${b}${c})`),
    around("<https://a.example/", ascii, ">"),
    around("www.", ascii, ".example"),
    around("https://", ascii, ".example/b_c_d"),
    ascii.map((it) => `${it}@mail.example`),
    fc.tuple(word, ascii).map(([a, b]) => `<b title="${b}">${a}</b>`),
    formula,
    fc.constantFrom("~5", "~", "$", "$$", "$5", "[x]", "!", "a_b_c", "  \n", "\\\n", "\n"),
  ),
  inline: fc.array(tie("one"), { minLength: 1, maxLength: 4 }).map((all) => all.join(" ")),
}));

const lines = (text: string): string[] => text.split("\n");
const under = (first: string, rest: string, text: string): string =>
  lines(text)
    .map((line, at) => (line === "" ? "" : (at === 0 ? first : rest) + line))
    .join("\n");

const marker = fc.oneof(
  fc.constantFrom("- ", "* ", "+ ", "- [ ] ", "- [x] ", "* [X] "),
  fc.tuple(fc.nat(1200), fc.constantFrom(". ", ") ")).map(([number, dot]) => `${number}${dot}`),
  fc.constantFrom("01. ", "007) "),
);
const cell = fc.oneof(words, around("`", word, "`"), around("**", word, "**"), entity);
const row = fc
  .array(cell, { minLength: 1, maxLength: 4 })
  .map((cells) => `| ${cells.join(" | ")} |`);
const table = fc
  .tuple(fc.array(cell, { minLength: 2, maxLength: 3 }), fc.array(row, { maxLength: 3 }))
  .map(([head, rows]) =>
    [`| ${head.join(" | ")} |`, `|${head.map(() => " --- |").join("")}`, ...rows].join("\n"),
  );
const info = fc.oneof(fc.constant(""), word, joined(" ", word, around("title=", word, "")));
const fenced = fc
  .tuple(
    fc.constantFrom("```", "~~~", "````"),
    info,
    fc.array(fc.oneof(words, entity), { maxLength: 4 }),
  )
  .map(([fence, said, code]) => [fence + said, ...code, fence].join("\n"));

const { blocks } = fc.letrec<{ blocks: string; block: string }>((tie) => ({
  block: fc.oneof(
    { maxDepth: 3 },
    inline,
    inline.map((it) => `## ${it.replaceAll("\n", " ")}`),
    inline.map((it) => `${it.trim()}\n---`),
    table,
    fenced,
    around("    ", words, ""),
    fc.tuple(word, words).map(([a, b]) => `<div class="${a}">\n${b}\n</div>`),
    fc.constant("---"),
    fc.tuple(word, inline).map(([a, b]) => `[^${a}]: ${b}`),
    tie("blocks").map((it) => under("> ", "> ", it)),
    fc
      .array(fc.tuple(marker, tie("blocks")), { minLength: 1, maxLength: 3 })
      .map((items) =>
        items.map(([mark, text]) => under(mark, " ".repeat(mark.length), text)).join("\n"),
      ),
  ),
  blocks: fc.array(tie("block"), { minLength: 1, maxLength: 3 }).map((all) => all.join("\n\n")),
}));

/** Leaves out texts with definitions: a definition that is used is not drawn. */
const hasDefinition = (text: string): boolean => /\[[^\]^][^\]]*\]:/.test(text);

export const documents = blocks.filter((text) => !hasDefinition(text));

const MARKS = [
  ..."*_~`[]()!<>\\#|&:.$-+=>\"'{}\t \n\n",
  "**",
  "~~",
  "```",
  "$$",
  "\\(",
  "\\)",
  "\\[",
  "\\]",
  "](",
  "![",
  "| ",
  "|-|",
  "\n\n",
  "\n- ",
  "\n1. ",
  "\n> ",
  "\n    ",
  "\n```",
  "\n# ",
  "\n---\n",
  "\n|",
  "<!-- ",
  " -->",
  "<b>",
  "</b>",
  "www.",
  "https://",
  "@",
  "&eacute;",
  "&#65;",
  "[^",
  "  \n",
];

export const noise = fc
  .array(fc.oneof(word, fc.constantFrom(...MARKS)), { maxLength: 30 })
  .map((all) => all.join(""))
  .filter((text) => !hasDefinition(text));

/** Formulas of any kind in paragraphs of any container, with the list of them. */
export const mathematics = fc
  .array(
    fc.tuple(
      fc.constantFrom("", "> ", "- ", "1. ", "> - ", "- > "),
      fc.constantFrom("", "So "),
      formula,
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((all) => {
    const formulas: string[] = [];
    const source = all.map(([container, before, one]) => {
      const said = one.startsWith("$$") ? "" : before;
      formulas.push(one);
      const rest = container.replace(/[-\d.]/g, " ");
      return under(container, rest, `${said}${one}`);
    });
    return { source: source.join("\n\nThen\n\n"), formulas };
  });
