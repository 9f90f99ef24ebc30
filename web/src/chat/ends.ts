// SPDX-License-Identifier: Apache-2.0
// ends.ts: how answers ended, in words, and whether they can go on. Pure.

import type { Message, MessageView, Part, Run, ThreadView } from "lockstep-client";

import { unnamed } from "../repairs.js";

/** In place of an answer without text, and as the next model reads it. */
export const STOPPED_SENTENCE = "[The answer was stopped before its first word.]";
export const EMPTY_SENTENCE = "[The answer was empty.]";

/** The sentence for an ended answer with at most reasoning and white space; null for all others. */
export function sentenceFor(
  chain: readonly Pick<Message, "role" | "status" | "parts">[],
): string | null {
  const last = chain.at(-1);
  if (last?.role !== "assistant" || last.status === "open") return null;
  const silent = (part: Part): boolean =>
    part.type === "reasoning" || (part.type === "text" && /^[ \t\r\n]*$/.test(part.text));
  if (!chain.every(({ parts }) => parts.every(silent))) return null;
  return last.status === "stopped" ? STOPPED_SENTENCE : EMPTY_SENTENCE;
}

const CUT: readonly string[] = ["length", "max_tokens", "model_length"];
const FILTERED: readonly string[] = ["content_filter", "safety"];
const USUAL: readonly string[] = [
  "stop",
  "tool_calls",
  "function_call",
  "tool_use",
  "end_turn",
  "stop_sequence",
  "eos",
  "eos_token",
];

const isCut = ({ finish_reason: reason = "" }: Message): boolean => CUT.includes(reason);

/** The reason of the model server's end, if it is not a usual one. */
export function endNote(message: Pick<Message, "finish_reason" | "status">): string | null {
  const { finish_reason: reason, status } = message;
  if (status === "open" || reason === undefined || USUAL.includes(reason)) return null;
  if (CUT.includes(reason)) return "The answer was cut at the length limit.";
  if (FILTERED.includes(reason)) return "A filter of the model server ended the answer.";
  return `The model server ended the answer with the reason “${reason}”.`;
}

const isIdle = (view: ThreadView): boolean =>
  (view.status === "ready" || view.status === "error") &&
  view.run === null &&
  view.queued.length === 0;

/** Is this the last answer of the path, cut, and is no run under way? Then it can go on. */
export function canContinue(view: ThreadView, chain: readonly MessageView[]): boolean {
  const last = chain.at(-1);
  if (last === undefined || last !== view.messages.at(-1) || last.pending !== null) return false;
  if (last.role !== "assistant" || !isIdle(view) || sentenceFor(chain) !== null) return false;
  return ["stopped", "failed", "interrupted"].includes(last.status) || isCut(last);
}

/** Is this a user's message that has no answer, and no run that could bring one? */
export function isUnanswered(view: ThreadView, index: number): boolean {
  const message = view.messages[index];
  if (message?.role !== "user" || message.pending !== null) return false;
  const next = view.messages[index + 1];
  return next === undefined ? isIdle(view) : next.role === "user";
}

/**
 * The sentences that a model gets for answers that have no message, by the message that lacks it:
 * no answer follows it on the path, and its last run ended before a word.
 *
 * A deleted answer looks the same to a front, and gets no sentence. So the run that was given the
 * message next decides, by its repairs; if there is no such run, nothing may have happened since.
 */
export function missingAnswers(view: ThreadView): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [index, { id, role, pending }] of view.messages.entries()) {
    if (role === "assistant" || pending !== null) continue;
    if (view.messages[index + 1]?.role === "assistant") continue;
    if (index + 1 === view.messages.length && !isIdle(view)) continue;
    const last = lastRun(view, (run) => run.head === id);
    if (last !== undefined && wasSilent(view, last) && isGiven(view, index, last))
      found.set(id, last.status === "stopped" ? STOPPED_SENTENCE : EMPTY_SENTENCE);
  }
  return found;
}

function lastRun({ runs }: ThreadView, meant: (run: Run) => boolean): Run | undefined {
  let last: Run | undefined;
  for (const run of runs.values()) {
    const { started = 0 } = run;
    if (started > (last?.started ?? 0) && meant(run)) last = run;
  }
  return last;
}

function wasSilent({ messages }: ThreadView, { id, status, ended }: Run): boolean {
  if (ended === undefined || (status !== "stopped" && status !== "completed")) return false;
  return messages.every(({ run }) => run !== id);
}

function isGiven(view: ThreadView, index: number, last: Run): boolean {
  const id = view.messages[index]?.id ?? "";
  const below = new Set(view.messages.slice(index + 1).map((it) => it.id));
  const next = lastRun(view, ({ head }) => below.has(head ?? ""));
  if (next === undefined) return (view.thread?.updated ?? 0) <= (last.ended ?? 0);
  // A run of an earlier release has no repairs here.
  if (next.repairs === undefined) return last.status === "stopped";
  return next.repairs.some(({ kind, ids }) => kind === "placeholder" && ids.includes(id));
}

/** The last message of this path that the model was not given any more; null: it was given all. */
export function lastDropped(view: ThreadView): string | null {
  const { messages } = view;
  const places = new Map(messages.map(({ id }, index) => [id, index]));
  const run = lastRun(view, ({ head }) => places.has(head ?? ""));
  const dropped = run?.repairs?.find(({ kind }) => kind === "dropped" || kind === "summarised");
  if (dropped === undefined) return null;
  const last = Math.max(...dropped.ids.map((id) => places.get(id) ?? -1));
  if (last < 0) return null;
  // The oldest are dropped, and only the first of many are named.
  const later = messages.slice(last + 1).filter(({ role }) => role !== "system");
  return [messages[last], ...later][unnamed(dropped)]?.id ?? null;
}
