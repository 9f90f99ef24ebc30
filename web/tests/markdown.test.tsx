// SPDX-License-Identifier: Apache-2.0
// markdown.test.tsx: the user sees everything that the model wrote.

import { cleanup, render } from "@testing-library/react";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";

import { isPicture, PICTURE_UNITS_MAX } from "../src/markdown/address.js";
import { Markdown } from "../src/markdown/markdown.js";
import { piecesOf, Plain } from "../src/markdown/plain.js";
import { lettersDrawn, lostOf } from "./letters.js";
import { documents, mathematics, noise } from "./random_markdown.js";

afterEach(cleanup);

/**
 * The number of texts of each kind, with a fixed seed. `LOCKSTEP_RANDOM_TEXTS=5000` takes other
 * texts each time, and a failure names the seed to set as `LOCKSTEP_SEED`.
 */
const RUNS = Number(process.env["LOCKSTEP_RANDOM_TEXTS"] ?? 150);
const SEED = process.env["LOCKSTEP_RANDOM_TEXTS"] === undefined ? "20261129" : undefined;
const seed = process.env["LOCKSTEP_SEED"] ?? SEED;
const options = { numRuns: RUNS, ...(seed === undefined ? {} : { seed: Number(seed) }) };

function draw(text: string): HTMLElement {
  cleanup();
  return render(<Markdown text={text} />).container;
}

const mathIn = (element: HTMLElement): string[] =>
  [...element.querySelectorAll(".math")].map((it) => it.textContent ?? "");

describe("of random Markdown", { timeout: 600_000 }, () => {
  it("each letter and digit is drawn, in order: constructs nested in each other", () => {
    fc.assert(
      fc.property(documents, (source) => {
        expect(lostOf(source, lettersDrawn(draw(source)))).toBe("");
      }),
      options,
    );
  });

  it("each letter and digit is drawn, in order: marks that belong to nothing", () => {
    fc.assert(
      fc.property(noise, (source) => {
        expect(lostOf(source, lettersDrawn(draw(source)))).toBe("");
      }),
      options,
    );
  });

  it("formulas are drawn as they were written, with any content and at any place", () => {
    fc.assert(
      fc.property(mathematics, ({ source, formulas }) => {
        expect(mathIn(draw(source))).toEqual(formulas);
      }),
      options,
    );
  });
});

describe("a formula", () => {
  it("keeps its backslashes, and all other signs of Markdown", () => {
    const formula = "\\[\na_1 \\, b_1\n+ c\n= d\n\\]";
    expect(mathIn(draw(`So\n${formula}\nit is, and \\(x^*y*\\) too.`))).toEqual([
      formula,
      "\\(x^*y*\\)",
    ]);
  });

  it("that is not finished yet is shown as it was written so far", () => {
    expect(draw("It is \\(a + b").textContent).toBe("It is \\(a + b");
    expect(draw("\\[\na").textContent).toBe("\\[\na");
  });

  it("does not begin in code, and not with a price", () => {
    const prices = draw("- Tea: $$\n- Wine: $$\n\n- $$ Here\n- $$ There\n\n`\\(` a `\\)`");
    expect(mathIn(prices)).toEqual([]);
    expect(prices.querySelectorAll("li").length).toBe(4);
    expect(mathIn(draw("```\n\\(a\\)\n$$\n```\n\nand $$"))).toEqual([]);
  });
});

describe("an address", () => {
  it("to which a link may not lead is shown next to the words", () => {
    const shown = draw("[run](javascript:alert(1)) and [page](data:text/html,hi)");
    expect(shown.querySelector("a")).toBeNull();
    expect(shown.textContent).toBe("run javascript:alert(1) and page data:text/html,hi");
  });

  it("of a picture on another server is a link, also within a link", () => {
    const shown = draw("![a cat](https://a.example/cat.png) [![b](/b.png)](/c)");
    expect(shown.querySelector("img")).toBeNull();
    const links = [...shown.querySelectorAll("a")].map((it) => it.getAttribute("href"));
    expect(links).toEqual(["https://a.example/cat.png", "/c"]);
    expect(shown.querySelector("a a")).toBeNull();
  });

  it("that is a picture itself is drawn, if it can only be looked at and is not too large", () => {
    const png = "data:image/png;base64,iVBORw0KGgo=";
    const picture = draw(`![dot](${png} "A dot")`).querySelector("img");
    expect([picture?.src, picture?.alt, picture?.title]).toEqual([png, "dot", "A dot"]);
    const refused = ["image/svg+xml;base64,AAAA", "image/png,AAAA", "text/html;base64,AAAA"];
    for (const kind of refused) {
      expect(draw(`![dot](data:${kind})`).querySelector("img, a")).toBeNull();
    }
    const large = png + "A".repeat(PICTURE_UNITS_MAX);
    expect([isPicture(png), isPicture(large)]).toEqual([true, false]);
  });
});

describe("text that Markdown would leave out", () => {
  it("is shown: numbers of a list, cells without a head, the words after a language", () => {
    const list = draw("3. a\n7. b\n");
    expect([...list.querySelectorAll("li")].map((it) => it.getAttribute("value"))).toEqual([
      "3",
      "7",
    ]);
    expect(draw("| a | b |\n|-|-|\n| 1 | 2 | 3 |").textContent).toContain("3");
    expect(draw("```js title=foo\nx\n```").querySelector("figcaption")?.textContent).toContain(
      "js title=foo",
    );
  });

  it("is shown: definitions that nothing refers to, as in a dialogue", () => {
    expect(draw("[Alice]: Hello\n\n[Bob]: Hi").textContent).toBe("[Alice]: Hello\n[Bob]: Hi");
    expect(draw("See [it].\n\n[it]: https://a.example").textContent).toBe("See it.");
  });

  it("is shown where it was written: footnotes, by their own names and without ids", () => {
    const shown = draw("One[^why].\n\n[^why]: Because.\n\nTwo.");
    expect(shown.textContent?.replaceAll("\n", "")).toBe("One[why].[why]Because.Two.");
    expect(shown.querySelector("[id], a")).toBeNull();
  });

  it("is not struck through by a single tilde", () => {
    const shown = draw("~5 to ~10, and ~~this~~");
    expect([...shown.querySelectorAll("del")].map((it) => it.textContent)).toEqual(["this"]);
  });
});

describe("a block of text", () => {
  it("has its own direction, and code goes from left to right", () => {
    const shown = draw("# a\n\nb\n\n- c\n\n> d\n\n| e |\n|-|\n\n```\nf\n```");
    const blocks = ["h3", "p", "ul", "blockquote", "table"];
    for (const name of blocks) expect(shown.querySelector(name)?.getAttribute("dir")).toBe("auto");
    expect(shown.querySelector("figure")?.getAttribute("dir")).toBe("ltr");
    expect(shown.querySelector("li")?.hasAttribute("dir")).toBe(false);
  });

  it("of code may have one line or many, and code in a line stays in it", () => {
    expect(draw("    one line").querySelector("figure code")?.textContent).toBe("one line");
    expect(draw("a `b\nc` d").querySelector("figure")).toBeNull();
  });
});

describe("a user's text", () => {
  it("is shown to the letter, and code between fences as code", () => {
    const { container } = render(<Plain text={"Why **this**?\n```js\nlet x\n```\nIt fails."} />);
    expect(container.querySelector("figure code")?.textContent).toBe("let x");
    expect([...container.querySelectorAll("p")].map((it) => it.textContent)).toEqual([
      "Why **this**?",
      "It fails.",
    ]);
  });

  it("loses no line, with any fences", () => {
    const line = fc.constantFrom("```", "~~~", "````js x", "a", " b ", "", "`c`");
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const said = piecesOf(lines.join("\n")).map(
          (it) => (it.type === "code" ? it.info : "") + it.text,
        );
        const letters = (text: string): string => text.replace(/[^a-z]/g, "");
        expect(letters(said.join(""))).toBe(letters(lines.join("")));
      }),
    );
  });
});
