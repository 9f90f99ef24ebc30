// SPDX-License-Identifier: Apache-2.0
// repairs.ts: the differences between a path and a request, in words (docs/agents.md#repairs).

import type { Repair } from "lockstep-client";

/** One sentence for each kind, of one case of it. */
const SENTENCES: Readonly<Record<string, string>> = {
  reasoning_left_out: "Earlier reasoning was not sent.",
  placeholder: "An answer without text was sent as a sentence in brackets.",
  empty_left_out: "A message without content was left out.",
  joined: "A message was joined to the one before it, which has the same role.",
  no_result: "A call had no result, so the model was given a made one.",
  made_result_left_out: "A real result was sent in place of the server's own.",
  result_left_out: "A result that belongs to no open call was left out.",
  arguments_wrapped: "Arguments that are no JSON object were sent inside of one.",
  call_left_out: "A call outside of an answer was left out.",
  file_as_text: "A file was sent as a line of text that names it.",
  file_missing: "A file was not there any more, so a line of text named it.",
  files_over_limit: "Older files were too much for one request, so lines of text named them.",
  data_as_text: "Data was sent as text.",
  tool_text_as_users: "Text of a tool that belongs to no call was sent as the user's.",
  name_changed: "An author's name was sent with other letters.",
  author_in_text: "The authors of joined messages were written into the text.",
  parameter_left_out: "A parameter that is not the caller's to set was left out.",
  continue_asked: "The model was asked by a sentence to go on with its answer.",
  call_name_changed: "The name of a tool was sent with other letters, because servers limit names.",
  summarised: "A summary stands for the oldest messages, because the conversation was too long.",
  summary_asked: "The model was asked for a summary of the conversation.",
  dropped: "The oldest messages were left out, because the conversation was too long.",
  call_id_changed: "The id of a call was sent in another form, because servers limit ids.",
  system_moved: "A system message was sent before the conversation.",
  space_cut: "White space at the end of the request was left out.",
  thinking_off: "Thinking was off, because the model server would have refused it there.",
};

/** A sentence; of an unknown kind the server's own, or the kind's name. */
export function repairSentence({ kind, text }: Repair): string {
  return SENTENCES[kind] ?? text ?? `The request differs: ${kind}.`;
}

/** How many ids the server counted and did not name. */
export const unnamed = ({ count, ids }: Repair): number => Math.max(0, count - ids.length);

export function isRepair(json: unknown): json is Repair {
  if (typeof json !== "object" || json === null) return false;
  const { kind, count, ids } = json as Partial<Record<keyof Repair, unknown>>;
  return typeof kind === "string" && typeof count === "number" && Array.isArray(ids);
}

/** The sentence, and the ids that it is about. Runs of 0.1.0 have plain texts. */
export function repairText(repair: unknown): string {
  if (!isRepair(repair)) return typeof repair === "string" ? repair : JSON.stringify(repair);
  const others = unnamed(repair);
  const more = others > 0 ? ` and ${others} more` : "";
  return `${repairSentence(repair)} (${repair.ids.join(", ")}${more})`;
}

/** The sum of the repairs of a run. */
export const repairCount = (repairs: readonly Repair[]): number =>
  repairs.reduce((sum, { count }) => sum + count, 0);
