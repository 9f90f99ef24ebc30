// SPDX-License-Identifier: Apache-2.0
// fold.ts: a state and an entry give the next state.
//
// The same rules as the server's fold, tested on the same histories. An event of an unknown type
// changes nothing; an event that is impossible in this state is a `Gap`.

import { type Draft, createDraft, Gap, isList, isPart, must } from "./draft.js";
import type { ThreadState } from "./state.js";
import { cutPart, growingText, roundDown, withText } from "./text.js";
import type { EntryFrame, Event, Part, Thread, Timestamp } from "./wire.js";

export { Gap };

/** Ignores an entry at or before the state: returns the same state. */
export const fold = (state: ThreadState, entry: EntryFrame): ThreadState => foldAll(state, [entry]);

/** Many entries, for the price of one copy of the maps. */
export const foldAll = (state: ThreadState, entries: readonly EntryFrame[]): ThreadState => {
  let draft: Draft | null = null;
  for (const entry of entries) {
    if (entry.ts <= (draft ?? state).ts) continue;
    draft ??= createDraft(state);
    must(entry.prev === draft.ts && isList(entry.events), `entry ${entry.ts}`);
    draft.thread ??= newThread(state.id, entry.ts);
    for (const event of entry.events) foldEvent(draft, event, entry.ts);
    draft.ts = entry.ts;
  }
  return draft?.finish() ?? state;
};

type Fold<Type extends Event["type"]> = (
  draft: Draft,
  event: Extract<Event, { type: Type }>,
  ts: Timestamp,
) => void;

const foldEvent = (draft: Draft, event: Event, ts: Timestamp): void => {
  if (!Object.hasOwn(folds, event.type)) return;
  // The compiler does not see that the table has the function of the event's own type.
  (folds[event.type] as (draft: Draft, event: Event, ts: Timestamp) => void)(draft, event, ts);
};

const folds: { readonly [Type in Event["type"]]: Fold<Type> } = {
  thread_updated: (draft, event, ts) => {
    const fields = fieldsOf(event, draft.thread) as Partial<Thread>;
    touchThread(draft, ts, { ...fields, approved_tools: some(fields.approved_tools) });
  },

  message_put: (draft, { message }) => draft.putMessage(message),

  message_created: (draft, { message }, ts) => {
    must(!draft.has(message?.id), "message");
    draft.putMessage({ ...message, parts: [], status: "open", created: ts, updated: ts });
  },

  part_started: (draft, { message, part, value }, ts) => {
    const { parts } = draft.message(message);
    must(part === parts.length && isPart(value), "part");
    draft.changeMessage(message, ts, { parts: [...parts, value] });
  },

  content_appended: (draft, { message, part, at, text }, ts) => {
    const { parts } = draft.message(message);
    // An append to a part that does not exist makes a text part.
    const begun = part === parts.length ? [...parts, { type: "text", text: "" } as const] : parts;
    draft.changeMessage(message, ts, { parts: grown(begun, part, at, text) });
  },

  message_ended: (draft, event, ts) =>
    draft.changeMessage(event.message, ts, endOf(event, draft.message(event.message))),

  message_cut: (draft, { message, keep, status }, ts) => {
    const held = draft.message(message);
    const { parts } = held;
    must(keep?.length <= parts.length, "cut");
    const kept = parts.slice(0, keep.length).map((part, index) => cutPart(part, keep[index] ?? 0));
    const calls = some(held.calls?.filter((it) => kept[it.part] === parts[it.part]));
    draft.changeMessage(message, ts, { parts: kept, status, calls });
  },

  message_deleted: (draft, { message }) => draft.removeMessage(message),

  head_moved: (draft, { head }, ts) => {
    must(head === null || draft.has(head), "head");
    touchThread(draft, ts, { head });
  },

  run_queued: (draft, { run, agent, input: said, after, parent, ...more }, ts) => {
    const input = said?.length > 0 ? said : undefined;
    const { continues, params } = more;
    const resume = more.resume && ({ status: "asked" } as const);
    const place = { after, parent, continues, params, resume, queued: ts };
    draft.putRun({ id: run, agent, status: "queued", attempt: 1, input, ...place });
    touchThread(draft, ts);
  },

  run_started: (draft, { run, attempt, head, model, settings }, ts) => {
    const started = { status: "running", attempt, head, model, settings, started: ts } as const;
    draft.putRun({ ...draft.run(run), input: undefined, ...started, context_ts: ts });
    touchThread(draft, ts, { running: true });
  },

  attempt_started: (draft, { run, attempt, agent, model, settings }) =>
    draft.putRun({ ...draft.run(run), attempt, agent, model, settings, repairs: undefined }),

  call_noted: (draft, { message, part, status, reason }, ts) => {
    const others = draft.message(message).calls?.filter((it) => it.part !== part) ?? [];
    const calls = [...others, { part, status, reason }].sort((a, b) => a.part - b.part);
    draft.changeMessage(message, ts, { calls });
  },

  resume_noted: (draft, { run, resume }) => draft.putRun({ ...draft.run(run), resume }),

  repairs_noted: (draft, { run, repairs }) => draft.putRun({ ...draft.run(run), repairs }),

  run_ended: (draft, event, ts) => {
    const { run, status, error } = event;
    const held = draft.run(run);
    // A stopped run that waited drops its input. Ended otherwise it keeps it, to be sent again.
    const input = held.status === "queued" && status === "stopped" ? undefined : held.input;
    draft.putRun({ ...held, ...endOf(event, held), input, ended: ts, error });
    touchThread(draft, ts, { running: draft.isRunning() });
  },
};

/** The server leaves out an empty list. */
const some = <Item>(list?: readonly Item[]): typeof list => (list?.length ? list : undefined);

const newThread = (id: string, ts: Timestamp): Thread => {
  const times = { created: ts, updated: ts };
  return { id, title: "", archived: false, metadata: {}, head: null, ...times, running: false };
};

const touchThread = (draft: Draft, ts: Timestamp, fields?: Partial<Thread>): void => {
  if (draft.thread) draft.putThread({ ...draft.thread, ...fields, updated: ts });
};

/** Fields of a row after an event: those that the event does not name stay. */
const renewed =
  (...names: readonly string[]) =>
  <Row extends object>(event: object, held: Row | null): Partial<Row> => {
    const [now, former] = [event, held] as Record<string, unknown>[];
    return Object.fromEntries(names.map((name) => [name, now?.[name] ?? former?.[name]])) as Row;
  };

/** The fields of an updated thread. */
export const fieldsOf = renewed("title", "archived", "metadata", "approved_tools");

/** How the model server ended a message or a run. */
export const endOf = renewed("status", "usage", "finish_reason", "model");

/** The parts with `text` behind the first `at` units of one of them. */
export const grown = (
  parts: readonly Part[],
  part: number,
  at: number,
  text: string,
): readonly Part[] => {
  const held = parts[part];
  must(held, "part");
  const former = growingText(held);
  if (former === undefined) {
    must(!fixed.includes(held.type), held.type);
    return parts;
  }
  must(at <= former.length && roundDown(former, at) === at && typeof text === "string", "at");
  const next = [...parts];
  next[part] = withText(held, former.slice(0, at) + text);
  return next;
};

const fixed: readonly Part["type"][] = ["tool_result", "file", "data"];
