// SPDX-License-Identifier: Apache-2.0
// draft.ts: builds the next state (copy on write).
//
// A map is copied before the first write to it, once for a whole batch. An object that is equal to
// the former one in the end is the former object.

import { equal, keep } from "./equal.js";
import { inheritTree } from "./path.js";
import type { ThreadState } from "./state.js";
import { growingText } from "./text.js";
import type { Message, Part, Run, Thread, Timestamp } from "./wire.js";

/** A frame does not follow from the state, or has an unknown shape: the session must sync again. */
export class Gap extends Error {
  override readonly name = "Gap";
}

/** Throws a `Gap` that names `what` if `kept` is false. */
export function must(kept: unknown, what: string): asserts kept {
  if (!kept) throw new Gap(what);
}

// A frame is parsed JSON, and its type is only the server's promise. Every field that is read is
// checked here, so an error other than `Gap` is a bug of ours.
const isObject = (it: unknown): it is object => Object(it) === it;

export const isPart = (it: unknown): it is Part =>
  isObject(it) && /string|undefined/.test(typeof growingText(it as Part));

/** A list of such items. */
export const isList = (list: unknown, isItem: (it: unknown) => boolean = isObject): boolean =>
  Array.isArray(list) && list.every((it) => isItem(it));

export interface Draft {
  ts: number;
  epoch: string | null;
  thread: Thread | null;
  has(message: string): boolean;
  message(id: string): Message;
  run(id: string): Run;
  /** Is a run running? */
  isRunning(): boolean;
  putMessage(message: Message): void;
  changeMessage(id: string, updated: Timestamp, fields: Partial<Message>): void;
  removeMessage(id: string): void;
  putRun(run: Run): void;
  putThread(thread: Thread): void;
  /** Removes everything; an equal object that is put again is the former object. */
  clear(): void;
  finish(): ThreadState;
}

export const createDraft = (former: ThreadState): Draft => {
  let { messages, runs } = former;
  let regrown = false;

  const writable = (): Map<string, Message> => {
    if (messages === former.messages) messages = new Map(messages);
    return messages as Map<string, Message>;
  };

  const draft: Draft = {
    ts: former.ts,
    epoch: former.epoch,
    thread: former.thread,
    has: (id) => messages.has(id),
    message: (id) => found(messages, id),
    run: (id) => found(runs, id),
    isRunning: () => [...runs.values()].some((it) => it.status === "running"),
    putMessage(message) {
      must(isList(message?.parts, isPart) && isList(message.calls ?? []), "message");
      const { id, parent } = message;
      const held = messages.get(id);
      if (equal(held, message)) return;
      // A parent is there before its children and never changes, so no path has a circle.
      must(held ? held.parent === parent : parent === null || messages.has(parent), id);
      regrown ||= !held;
      writable().set(id, keep(former.messages.get(id), message));
    },
    changeMessage(id, updated, fields) {
      writable().set(id, { ...draft.message(id), ...fields, updated });
    },
    removeMessage(id) {
      if (messages.has(id)) regrown = writable().delete(id);
    },
    putRun(run) {
      must(isObject(run) && isList(run.input ?? []) && isList(run.repairs ?? []), "run");
      const { id } = run;
      if (equal(runs.get(id), run)) return;
      if (runs === former.runs) runs = new Map(runs);
      (runs as Map<string, Run>).set(id, keep(former.runs.get(id), run));
    },
    putThread(thread) {
      draft.thread = keep<Thread | null>(former.thread, thread);
    },
    clear() {
      draft.thread = null;
      messages = new Map();
      runs = new Map();
      regrown = true;
    },
    finish() {
      const { ts, epoch, thread } = draft;
      if (!regrown) inheritTree(former.messages, messages);
      return { id: former.id, ts, epoch, thread, messages, runs };
    },
  };
  return draft;
};

const found = <Value>(held: ReadonlyMap<string, Value>, id: string): Value => {
  const value = held.get(id);
  must(value, id);
  return value;
};
