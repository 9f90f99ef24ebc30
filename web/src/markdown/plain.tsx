// SPDX-License-Identifier: Apache-2.0
// plain.tsx: draws a user's text to the letter, except blocks of code.
//
// It reads no other Markdown: people write `*` and `_` and mean them. Text between two fences is
// code, because people paste code so.

import type { JSX } from "react";

import { fenceAfter } from "./blocks.js";
import { Code } from "./code.js";

export type Piece =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "code"; readonly info: string; readonly text: string };

/** A fence that is never closed is text. */
export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let said: string[] = [];
  let code: string[] = [];
  let fence: string | null = null;
  const flush = (): void => {
    if (said.some((line) => line.trim() !== "")) {
      pieces.push({ type: "text", text: said.join("\n") });
    }
    said = [];
  };
  for (const line of text.split("\n")) {
    const now = fenceAfter(fence, line.trimEnd());
    if (fence === null && now === null) said.push(line);
    else code.push(line);
    if (fence !== null && now === null) {
      flush();
      const info =
        code[0]
          ?.trim()
          .replace(/^[`~]+/, "")
          .trim() ?? "";
      pieces.push({ type: "code", info, text: code.slice(1, -1).join("\n") });
      code = [];
    }
    fence = now;
  }
  said.push(...code);
  flush();
  return pieces;
}

export function Plain({ text }: { readonly text: string }): JSX.Element {
  if (!text.includes("```") && !text.includes("~~~")) return <>{text}</>;
  return (
    <>
      {piecesOf(text).map((piece, index) =>
        piece.type === "code" ? (
          <Code key={index} code={piece.text} info={piece.info} />
        ) : (
          <p key={index} dir="auto">
            {piece.text}
          </p>
        ),
      )}
    </>
  );
}
