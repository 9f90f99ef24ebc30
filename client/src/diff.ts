// SPDX-License-Identifier: Apache-2.0
// diff.ts: a state and a diff give the state at the diff's cursor.
//
// The frames of one diff are applied together. A diff may begin before the state's timestamp: the
// part of it that the state has already changes nothing, so a diff is idempotent.

import { type Draft, createDraft, isList, isPart, must } from "./draft.js";
import { endOf, grown } from "./fold.js";
import type { ThreadState } from "./state.js";
import type { DiffFrame, Growth, Message, Part } from "./wire.js";

/** Takes all frames of one diff. Throws `Gap` if it begins after the state or does not fit it. */
export const apply = (state: ThreadState, frames: readonly DiffFrame[]): ThreadState => {
  const last = frames.at(-1);
  if (!last) return state;
  const [ts, epoch] = partsOf(last.cursor);
  const reset = frames.find((frame) => frame.reset)?.reset;
  // An older answer of this epoch: another stream has brought the state further since.
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
    // An object that is neither is refused by `putMessage`, because it has no parts.
    if ((message as Partial<Growth> | null)?.grow) applyGrowth(draft, message as Growth);
    else draft.putMessage(message as Message);
  }
  for (const id of removed) draft.removeMessage(id);
  for (const run of runs) draft.putRun(run);
};

const applyGrowth = (draft: Draft, growth: Growth): void => {
  const held: Message = draft.message(growth.id);
  // One timestamp, one entry: the message already is as this growth makes it.
  if (held.updated === growth.updated) return;
  must(isList(growth.grow) && isList(growth.calls ?? []), "grow");
  let parts: readonly Part[] = held.parts.slice(0, growth.parts);
  for (const part of growth.grow) {
    if ("value" in part) {
      // Names like "length" are `in` a list too, and are no place in it.
      must(Number.isInteger(part.part) && part.part >= 0 && part.part <= parts.length, "part");
      must(isPart(part.value), "part");
      const next = [...parts];
      next[part.part] = part.value;
      parts = next;
    } else {
      parts = grown(parts, part.part, part.at, part.text);
    }
  }
  must(parts.length === growth.parts, "parts");
  const { calls } = growth;
  draft.changeMessage(growth.id, growth.updated, { ...endOf(growth, held), parts, calls });
};
