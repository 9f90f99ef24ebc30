// SPDX-License-Identifier: Apache-2.0
// diff.ts: a state and a diff give the state at the diff's cursor.
//
// The frames of one diff are applied together. A diff may begin before what is held: what is held
// of its end already stays as it is, so that applying it twice is harmless.

import { type Draft, createDraft, isList, isPart, must } from "./draft.js";
import { grown } from "./fold.js";
import type { ThreadState } from "./state.js";
import type { DiffFrame, Growth, Message, Part } from "./wire.js";

/** Takes all frames of one diff: those with `more`, and the last. Throws `Gap` if it can't follow. */
export const apply = (state: ThreadState, frames: readonly DiffFrame[]): ThreadState => {
  const last = frames.at(-1);
  if (!last) return state;
  const [ts, epoch] = partsOf(last.cursor);
  const reset = frames.find((frame) => frame.reset)?.reset;
  // What another stream has told since came from there.
  if (reset?.reason === "rewound" && epoch === state.epoch && ts < state.ts) return state;
  const news = reset || ts > state.ts;
  if (!news && (ts < state.ts || epoch === state.epoch)) return state;

  const draft = createDraft(state);
  if (reset) draft.clear();
  else must(last.from <= state.ts, "diff");
  if (news) for (const frame of frames) applyFrame(draft, frame);
  draft.ts = ts;
  draft.epoch = epoch;
  return draft.finish();
};

/** The timestamp and the epoch of a cursor. */
export const partsOf = (cursor: string): [ts: number, epoch: string] => {
  const [, ts, epoch] = /^(\d{1,16})@(.*)$/.exec(cursor) ?? [];
  must(ts !== undefined && epoch !== undefined, "cursor");
  return [Number(ts), epoch];
};

const applyFrame = (draft: Draft, frame: DiffFrame): void => {
  const { messages, removed, runs } = frame;
  must([messages, removed, runs].every(Array.isArray), "diff");
  if (frame.thread) draft.putThread(frame.thread);
  for (const message of messages) {
    // One that is neither has no parts either.
    if ((message as Partial<Growth> | null)?.grow) applyGrowth(draft, message as Growth);
    else draft.putMessage(message as Message);
  }
  for (const id of removed) draft.removeMessage(id);
  for (const run of runs) draft.putRun(run);
};

const applyGrowth = (draft: Draft, growth: Growth): void => {
  const held: Message = draft.message(growth.id);
  // A timestamp is of one entry: it is as it will be.
  if (held.updated === growth.updated) return;
  must(isList(growth.grow), "grow");
  let parts: readonly Part[] = held.parts.slice(0, growth.parts);
  for (const part of growth.grow) {
    if ("value" in part) {
      must((part.part in parts || part.part === parts.length) && isPart(part.value), "part");
      const next = [...parts];
      next[part.part] = part.value;
      parts = next;
    } else {
      parts = grown(parts, part.part, part.at, part.text);
    }
  }
  must(parts.length === growth.parts, "parts");
  const { status, updated, usage = held.usage } = growth;
  draft.changeMessage(growth.id, updated, { parts, status, usage });
};
