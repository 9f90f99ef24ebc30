// SPDX-License-Identifier: Apache-2.0
// math.ts: keeps formulas as they were written, with their backslashes.
//
// Models write math as `\( \)`, `\[ \]` and `$$ $$`. In Markdown a backslash there is an escape,
// `_` is emphasis and "+ " at the beginning of a line a list: all these characters would be lost,
// and a user who copies the formula would copy another one. So a formula is a token of its own,
// like a span of code. A backslash before a bracket without a formula (an answer grows, so it may
// come) is shown too.
//
// A formula of several lines must also hold its paragraph together. `paragraph` is Markdown's rule
// for paragraphs with one exception: inside a formula no line begins another block.

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

/** Stretches in which a search for this closer failed: no later formula there can end either. */
type Unclosed = Map<Code, Pick<Formula, "start" | "end">>;

function tokenizeFormula(unclosed: Unclosed): Construct["tokenize"] {
  return function (this: TokenizeContext, effects: Effects, ok: State, nok: State): State {
    return new FormulaTokenizer(unclosed, effects, { ok, nok, now: () => this.now().offset }).begin;
  };
}

interface Ways {
  readonly ok: State;
  readonly nok: State;
  readonly now: () => number;
}

/**
 * One formula, character by character:
 *
 *   begin ─> bracket | secondDollar ─> opened ─> inside <─> lineEnd, escaped, dollar ─> done
 */
class FormulaTokenizer {
  readonly #unclosed: Unclosed;
  readonly #effects: Effects;
  readonly #ways: Ways;
  readonly #start: number;
  #closer: Code = null;
  #dollars = 0;

  constructor(unclosed: Unclosed, effects: Effects, ways: Ways) {
    this.#unclosed = unclosed;
    this.#effects = effects;
    this.#ways = ways;
    this.#start = ways.now();
  }

  readonly begin: State = (code) => {
    this.#effects.enter("formula");
    this.#effects.enter("formulaData");
    this.#effects.consume(code);
    return code === DOLLAR ? this.#secondDollar : this.#bracket;
  };

  readonly #bracket: State = (code) => {
    if (code === ROUND.open) this.#closer = ROUND.close;
    else if (code === SQUARE.open) this.#closer = SQUARE.close;
    return this.#closer === null ? this.#ways.nok(code) : this.#opened(code);
  };

  readonly #secondDollar: State = (code) => {
    if (code !== DOLLAR) return this.#ways.nok(code);
    this.#closer = DOLLAR;
    return this.#opened(code);
  };

  readonly #opened: State = (code) => {
    const before = this.#unclosed.get(this.#closer);
    if (before !== undefined && this.#start >= before.start && this.#start < before.end)
      return this.#ways.nok(code);
    this.#effects.consume(code);
    return this.#closer === DOLLAR ? this.#notThird : this.#inside;
  };

  readonly #notThird: State = (code) =>
    code === DOLLAR ? this.#ways.nok(code) : this.#inside(code);

  readonly #inside: State = (code) => {
    if (code === null) {
      this.#unclosed.set(this.#closer, { start: this.#start, end: this.#ways.now() });
      return this.#ways.nok(code);
    }
    if (isLineEnd(code)) return this.#lineEnd(code);
    this.#dollars = 0;
    if (code === DOLLAR && this.#closer === DOLLAR) return this.#dollar(code);
    this.#effects.consume(code);
    return code === BACKSLASH ? this.#escaped : this.#inside;
  };

  // A separate token, because Markdown joins the lines of a paragraph at these tokens.
  readonly #lineEnd: State = (code) => {
    this.#effects.exit("formulaData");
    this.#effects.enter("lineEnding");
    this.#effects.consume(code);
    this.#effects.exit("lineEnding");
    return (next) => {
      if (isLineEnd(next)) return this.#lineEnd(next);
      this.#effects.enter("formulaData");
      return this.#inside(next);
    };
  };

  readonly #escaped: State = (code) => {
    if (code === null || isLineEnd(code)) return this.#inside(code);
    this.#effects.consume(code);
    return code === this.#closer && code !== DOLLAR ? this.#done : this.#inside;
  };

  readonly #dollar: State = (code) => {
    if (code === DOLLAR) {
      this.#dollars += 1;
      this.#effects.consume(code);
      return this.#dollar;
    }
    return this.#dollars === 2 ? this.#done(code) : this.#inside(code);
  };

  readonly #done: State = (code) => {
    this.#effects.exit("formulaData");
    this.#effects.exit("formula");
    return this.#ways.ok(code);
  };
}

function noDollarBefore(this: TokenizeContext, code: Code): boolean {
  return code !== DOLLAR || this.events.at(-1)?.[1].type === "characterEscape";
}

/** A backslash before a bracket, where no formula begins or ends: two plain characters. */
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

/** Takes any next line, with any beginning. */
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
    // While it is true, no list or quote may begin. Set for each line.
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

/** Requires: added after all other extensions of the syntax. */
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
