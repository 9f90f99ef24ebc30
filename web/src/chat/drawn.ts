// SPDX-License-Identifier: Apache-2.0
// drawn.ts: which messages and parts are drawn together. Pure.
//
// A message that goes on where another was cut is one answer with it. A result is drawn at its call,
// once, wherever on the path it stands; one that the server made gives way to a real one. An answer
// that did not change is the same object as before, so React does not draw it again.

import { answersOf, callResults, callState } from "lockstep-client";
import type {
  CallResults,
  CallState,
  MessageView,
  Part,
  PartOf,
  Resume,
  Run,
  ThreadView,
} from "lockstep-client";

type Result = PartOf<Extract<Part, { type: "tool_result" }>>;

export interface Piece {
  readonly message: string;
  readonly index: number;
  readonly part: Part;
  /** The text that was cut, with which this text goes on. */
  readonly before: string;
  /** Of a call: its result. */
  readonly result: Result | null;
  /** Of a call: its state, and the words of the person who decided. */
  readonly call: Called | null;
}

export interface Called {
  readonly state: CallState;
  readonly reason: string;
}

export interface Drawn {
  /** Several if each goes on with the one before it. Never empty. */
  readonly messages: readonly MessageView[];
  readonly pieces: readonly Piece[];
  /** The number of its results that are drawn at calls of other messages. */
  readonly moved: number;
  /** How its last run waits for the results of its calls. */
  readonly resume: Resume | null;
  /** The runs that begin in it and whose models were given something differently. */
  readonly repaired: readonly Run[];
}

/** `former`: the last ones, to be kept where nothing changed. */
export function drawnOf(
  { messages, runs }: Pick<ThreadView, "messages" | "runs">,
  former: readonly Drawn[],
): readonly Drawn[] {
  const results = callResults(messages);
  const known = new Map(former.map((it) => [it.messages[0]?.id, it]));
  const begun = new Set<string>();
  return answersOf(messages).map((chain) => {
    const pieces = piecesOf(chain, results, runs);
    const repaired = chain.flatMap(({ run = "" }) => {
      const found = begun.has(run) ? undefined : runs.get(run);
      begun.add(run);
      return found?.repairs?.length ? [found] : [];
    });
    const resume = runs.get(chain.at(-1)?.run ?? "")?.resume ?? null;
    const fresh = { messages: chain, pieces, moved: movedOf(chain, results), resume, repaired };
    const held = known.get(chain[0]?.id);
    return held && isSame(held, fresh) ? held : fresh;
  });
}

function isSame(held: Drawn, fresh: Drawn): boolean {
  const result = ({ result: it }: Piece): unknown => it?.part;
  const state = ({ call }: Piece): unknown => call?.state;
  return (
    same(held.messages, fresh.messages) &&
    same(held.repaired, fresh.repaired) &&
    same(held.pieces.map(result), fresh.pieces.map(result)) &&
    same(held.pieces.map(state), fresh.pieces.map(state)) &&
    held.resume === fresh.resume &&
    held.moved === fresh.moved
  );
}

const same = (left: readonly unknown[], right: readonly unknown[]): boolean =>
  left.length === right.length && left.every((item, index) => item === right[index]);

/** The pieces of an answer, in order. */
export function piecesOf(
  chain: readonly MessageView[],
  results: CallResults,
  runs: ThreadView["runs"] = new Map(),
): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const [at, message] of chain.entries()) {
    const own = ownPieces(message, results, runs);
    const cut = pieces.at(-1);
    // A model that goes on may think first: the thought is drawn above the text.
    const first = own.findIndex(({ part }) => part.type !== "reasoning");
    const next = own[first];
    if (at > 0 && cut?.part.type === "text" && next?.part.type === "text") {
      pieces.pop();
      own[first] = { ...next, before: cut.before + cut.part.text };
    }
    pieces.push(...own);
  }
  return pieces;
}

function ownPieces(message: MessageView, results: CallResults, runs: ThreadView["runs"]): Piece[] {
  const { id, parts, run = "" } = message;
  return parts.flatMap((part, index) => {
    if (part.type === "tool_result" && results.callOf(id, index)) return [];
    const result = (part.type === "tool_call" && results.resultOf(id, index)) || null;
    const called = part.type === "tool_call" && message.role === "assistant";
    const state = called ? callState(message, index, result, runs.get(run)) : null;
    const reason = message.calls?.find((it) => it.part === index)?.reason ?? "";
    const call = state && { state, reason };
    return [{ message: id, index, part, before: "", result, call }];
  });
}

function movedOf(chain: readonly MessageView[], results: CallResults): number {
  const own = new Set(chain.map(({ id }) => id));
  const isMoved = (message: MessageView, index: number): boolean => {
    const call = results.callOf(message.id, index);
    if (call === undefined || own.has(call.message)) return false;
    return results.resultOf(call.message, call.index)?.message === message.id;
  };
  return chain.reduce(
    (sum, message) => sum + message.parts.filter((_, index) => isMoved(message, index)).length,
    0,
  );
}

/** The text of an answer to copy. */
export const textOfPieces = (pieces: readonly Piece[]): string =>
  pieces
    .flatMap(({ part, before }) => (part.type === "text" ? [before + part.text] : []))
    .join("\n\n");
