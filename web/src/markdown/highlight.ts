// SPDX-License-Identifier: Apache-2.0
// highlight.ts: colours for code, as a tree and never as HTML text.
//
// Loaded when the first block of code is shown.

import type { Root } from "hast";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";

const lowlight = createLowlight({
  bash,
  cpp,
  css,
  diff,
  go,
  ini,
  java,
  json,
  markdown,
  python,
  rust,
  sql,
  typescript,
  xml,
  yaml,
});
lowlight.registerAlias({ typescript: ["javascript", "js", "jsx", "mjs"], bash: ["console"] });

/** Longer code stays plain: colouring it would block the page. */
const UNITS_MAX = 20_000;

export function highlight(code: string, language: string): Root | null {
  if (code.length > UNITS_MAX || !lowlight.registered(language)) return null;
  return lowlight.highlight(language, code);
}
