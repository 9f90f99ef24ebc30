// SPDX-License-Identifier: Apache-2.0
// blocks.test.ts: markdown in pieces has the same meaning as in one.

import { renderToStaticMarkup } from "react-dom/server";
import { createElement } from "react";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { describe, expect, it } from "vitest";

import { blocksOf } from "../src/markdown/blocks.js";

const html = (text: string): string =>
  renderToStaticMarkup(createElement(ReactMarkdown, { remarkPlugins: [remarkGfm] }, text));

const TEXTS: Readonly<Record<string, string>> = {
  paragraphs: "one\n\ntwo\nthree\n\n\nfour",
  fences: "before\n\n```js\nlet a;\n\nlet b;\n```\n\nafter\n\n~~~\nx\n\n```\n\n~~~\n\nend",
  "an open fence": "before\n\n```js\nlet a;\n\nlet b;\n\n# no heading",
  "a fence in a list": "- one\n\n  ```\n  code\n\n  more\n  ```\n\n- two\n\nafter",
  lists: "1. one\n\n2. two\n\n   more of two\n\nafter\n\n- a\n\n- b",
  quotes: "> one\n\n> two\n\nthree",
  tables: "| a | b |\n|---|---|\n| 1 | 2 |\n\nafter\n\n# heading\ntext",
  definitions: "see [that][x]\n\nand more\n\n[x]: https://example.org",
  footnotes: "see[^1]\n\nmore\n\n[^1]: the note",
  html: "<div>\n\nin\n\n</div>\n\nout",
  "setext headings": "Title\n=====\n\ntext\n\nSub\n---\n\nmore",
  "indented code": "text\n\n    code\n\n    more\n\ntext",
  crlf: "one\r\n\r\ntwo\r\n\r\n```\r\na\r\n\r\nb\r\n```\r\n\r\nend",
};

describe("blocksOf", () => {
  for (const [name, text] of Object.entries(TEXTS)) {
    it(`keeps the meaning of ${name}`, () => {
      const blocks = blocksOf(text);
      expect(blocks.join("")).toBe(text);
      const pieces = blocks.map(html).join("\n");
      const plain = (markup: string): string => markup.replace(/\s*\n\s*/g, "\n").trim();
      expect(plain(pieces)).toBe(plain(html(text)));
    });
  }

  it("leaves all pieces but the last as they are while a text grows", () => {
    const text = `${TEXTS["paragraphs"]}\n\n${TEXTS["fences"]}\n\nthe end`;
    let before: readonly string[] = [];
    for (let length = 1; length <= text.length; length += 1) {
      const blocks = blocksOf(text.slice(0, length));
      expect(blocks.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
      before = blocks;
    }
    expect(before.length).toBeGreaterThan(5);
  });

  it("makes no script, no handler and no picture of a model's text", async () => {
    const { Markdown } = await import("../src/markdown/markdown.js");
    const text =
      "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n[a](javascript:alert(1)) ![p](https://example.org/p.png)";
    const markup = renderToStaticMarkup(createElement(Markdown, { text }));
    expect(markup).not.toMatch(/<script|<img|(href|src)="javascript:/i);
    expect(markup).toContain("&lt;script&gt;");
  });
});
