// SPDX-License-Identifier: Apache-2.0
// math.ts: formulas stand as they were written, backslashes and all.
//
// Models write math as `\( \)`, `\[ \]` and `$$ $$`. To Markdown a backslash there is an escape, `_` is
// emphasis and "+ " at the beginning of a line a list: all of it would be eaten, and whoever copies the
// formula would copy another one. So a formula is a token of its own, like a span of code; and a
// backslash before a bracket that belongs to no formula (yet: an answer grows) stands as it is.
//
// A formula of several lines must also hold its paragraph together. `paragraph` is Markdown's own rule
// for paragraphs, but for one thing: inside a formula no line begins another block.

import type { Extension as TreeExtension } from "mdast-util-from-markdown";
import type { Literal } from "mdast";
import { content } from "micromark-core-commonmark";
import type {
  Code,
  Construct,
  Effects,
  Extension,
  State,
  TokenizeContext,
} from "micromark-util-types";
import type {} from "remark-parse";
import type { Processor } from "unified";

import { formulasOf } from "./formulas.js";
import type { Formula } from "./formulas.js";

declare module "micromark-util-types" {
  interface TokenTypeMap {
    formula: "formula";
    formulaData: "formulaData";
  }
}

interface FormulaNode extends Literal {
  type: "formula";
}

declare module "mdast" {
  interface PhrasingContentMap {
    formula: FormulaNode;
  }
  interface RootContentMap {
    formula: FormulaNode;
  }
}

const BACKSLASH = 92;
const DOLLAR = 36;
const ROUND = { open: 40, close: 41 };
const SQUARE = { open: 91, close: 93 };

const isLineEnd = (code: Code): boolean => code !== null && code < -2;

/** Where a search for this closer found nothing up to the end: none of those in it need be begun. */
type Unclosed = Map<Code, Pick<Formula, "start" | "end">>;

function tokenizeFormula(unclosed: Unclosed): Construct["tokenize"] {
  return function (this: TokenizeContext, effects: Effects, ok: State, nok: State): State {
    const start = this.now().offset;
    let closer: Code = null;
    let dollars = 0;
    const begin: State = (code) => {
      effects.enter("formula");
      effects.enter("formulaData");
      effects.consume(code);
      return code === DOLLAR ? secondDollar : bracket;
    };
    const bracket: State = (code) => {
      if (code === ROUND.open) closer = ROUND.close;
      else if (code === SQUARE.open) closer = SQUARE.close;
      return closer === null ? nok(code) : opened(code);
    };
    const secondDollar: State = (code) => {
      if (code !== DOLLAR) return nok(code);
      closer = DOLLAR;
      return opened(code);
    };
    const opened = (code: Code): State | undefined => {
      const before = unclosed.get(closer);
      if (before !== undefined && start >= before.start && start < before.end) return nok(code);
      effects.consume(code);
      return closer === DOLLAR ? notThird : inside;
    };
    const notThird: State = (code) => (code === DOLLAR ? nok(code) : inside(code));
    const inside: State = (code) => {
      if (code === null) {
        unclosed.set(closer, { start, end: this.now().offset });
        return nok(code);
      }
      if (isLineEnd(code)) return lineEnd(code);
      dollars = 0;
      if (code === DOLLAR && closer === DOLLAR) return dollar(code);
      effects.consume(code);
      return code === BACKSLASH ? escaped : inside;
    };
    // A token of its own: the lines of a paragraph are stitched together at those.
    const lineEnd = (code: Code): State => {
      effects.exit("formulaData");
      effects.enter("lineEnding");
      effects.consume(code);
      effects.exit("lineEnding");
      return (next) => {
        if (isLineEnd(next)) return lineEnd(next);
        effects.enter("formulaData");
        return inside(next);
      };
    };
    const escaped: State = (code) => {
      if (code === null || isLineEnd(code)) return inside(code);
      effects.consume(code);
      return code === closer && closer !== DOLLAR ? done : inside;
    };
    const dollar: State = (code) => {
      if (code === DOLLAR) {
        dollars += 1;
        effects.consume(code);
        return dollar;
      }
      return dollars === 2 ? done(code) : inside(code);
    };
    const done: State = (code) => {
      effects.exit("formulaData");
      effects.exit("formula");
      return ok(code);
    };
    return begin;
  };
}

function noDollarBefore(this: TokenizeContext, code: Code): boolean {
  return code !== DOLLAR || this.events.at(-1)?.[1].type === "characterEscape";
}

/** A backslash before a bracket, where no formula begins or ends: two characters like others. */
const lone: Construct = {
  name: "loneBracket",
  tokenize(effects, ok, nok) {
    const bracket: State = (code) => {
      const ours = [ROUND.open, ROUND.close, SQUARE.open, SQUARE.close].some((it) => it === code);
      if (!ours) return nok(code);
      effects.consume(code);
      effects.exit("data");
      return ok;
    };
    return (code) => {
      effects.enter("data");
      effects.consume(code);
      return bracket;
    };
  },
};

/** The next line is there; what begins it does not matter. */
const anyLine: Construct = {
  partial: true,
  tokenize(effects, ok, nok) {
    const next: State = (code) => (code === null ? nok(code) : ok(code));
    return (code) => {
      effects.exit("chunkContent");
      effects.enter("lineEnding");
      effects.consume(code);
      effects.exit("lineEnding");
      return next;
    };
  },
};

/** A paragraph with a formula of several lines in it. */
function paragraphOver(formulas: () => readonly Formula[]): Construct {
  const construct: Construct & { concrete: boolean } = {
    name: "formulaParagraph",
    // While it is true no list or quote may begin: set line by line.
    concrete: false,
    resolve: content.resolve,
    tokenize(effects, ok, nok) {
      const context = this;
      const { offset } = context.now();
      const ours = formulas().some((it) => it.paragraph <= offset && offset <= it.start);
      if (context.interrupt === true || !ours) return nok;
      construct.concrete = false;
      const check: Effects["check"] = (line, yes, no) => (code) => {
        const at = context.now().offset;
        construct.concrete = formulas().some((it) => it.start < at && at < it.end);
        if (construct.concrete) context.currentConstruct = construct;
        return effects.check(construct.concrete ? anyLine : line, yes, no)(code);
      };
      return content.tokenize.call(context, { ...effects, check }, ok, nok);
    },
  };
  return construct;
}

const intoTree: TreeExtension = {
  enter: {
    formula(token) {
      this.enter({ type: "formula", value: "" }, token);
    },
  },
  exit: {
    formula(token) {
      const value = this.sliceSerialize(token);
      const node = this.stack.at(-1);
      if (node?.type === "formula") {
        node.value = value;
        node.data = {
          hName: "span",
          hProperties: { className: ["math"], dir: "ltr" },
          hChildren: [{ type: "text", value }],
        };
      }
      this.exit(token);
    },
  },
};

/** To be used after all other extensions of the syntax. */
export function remarkMath(this: Processor): undefined {
  const data = this.data();
  const { parser } = this;
  if (parser === undefined) return;
  let formulas: readonly Formula[] = [];
  const unclosed: Unclosed = new Map();
  const formula = { name: "formula", tokenize: tokenizeFormula(unclosed) };
  const syntax: Extension = {
    flow: { null: paragraphOver(() => formulas) },
    text: {
      [BACKSLASH]: [formula, lone],
      [DOLLAR]: { ...formula, previous: noDollarBefore },
    },
  };
  (data.micromarkExtensions ??= []).push(syntax);
  (data.fromMarkdownExtensions ??= []).push(intoTree);
  this.parser = (document, file) => {
    formulas = formulasOf(document);
    unclosed.clear();
    return parser(document, file);
  };
}
