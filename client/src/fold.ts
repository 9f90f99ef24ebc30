// fold.ts: a state and an entry give the next state.
//
// The same rules as the server's own fold, and tested on the same histories. An event of a type
// that is not known here changes nothing; one that can't be is a `Gap`.

import { Draft, Gap, must } from "./draft.js";
import type { ThreadState } from "./state.js";
import { cutPart, growingText, roundDown, withText } from "./text.js";
import type { EntryFrame, Event, Part, Run, Thread, Timestamp } from "./wire.js";

export { Gap };

/** An entry at or before what is held is passed over: the same state comes back. */
export function fold(state: ThreadState, entry: EntryFrame): ThreadState {
  return foldAll(state, [entry]);
}

/** Many entries, for the price of one copy of the maps. */
export function foldAll(state: ThreadState, entries: readonly EntryFrame[]): ThreadState {
  let draft: Draft | null = null;
  for (const entry of entries) {
    if (entry.ts <= (draft ?? state).ts) continue;
    draft ??= new Draft(state);
    must(entry.prev === draft.ts, `an entry follows ${entry.prev}, held is ${draft.ts}`);
    draft.thread ??= newThread(state.id, entry.ts);
    for (const event of entry.events) foldEvent(draft, event, entry.ts);
    draft.ts = entry.ts;
  }
  return draft?.finish() ?? state;
}

type Fold<Type extends Event["type"]> = (
  draft: Draft,
  event: Extract<Event, { type: Type }>,
  ts: Timestamp,
) => void;

function foldEvent(draft: Draft, event: Event, ts: Timestamp): void {
  if (!Object.hasOwn(folds, event.type)) return;
  // The table has each type's own function: what the compiler does not see here.
  (folds[event.type] as (draft: Draft, event: Event, ts: Timestamp) => void)(draft, event, ts);
}

const folds: { readonly [Type in Event["type"]]: Fold<Type> } = {
  thread_updated: (draft, { title, archived, metadata }, ts) =>
    touchThread(draft, ts, { title, archived, metadata }),

  message_put: (draft, { message }) => draft.putMessage(message),

  message_created: (draft, { message }, ts) => {
    must(!draft.findMessage(message.id), `message ${message.id} is made twice`);
    draft.putMessage({ ...message, parts: [], status: "open", created: ts, updated: ts });
  },

  part_started: (draft, { message, part, value }, ts) => {
    const { parts } = draft.message(message);
    must(part === parts.length, "a part that starts is the next one");
    draft.changeMessage(message, { parts: [...parts, value], updated: ts });
  },

  content_appended: (draft, { message, part, at, text }, ts) => {
    const { parts } = draft.message(message);
    // What has no beginning begins as text.
    const begun = part === parts.length ? [...parts, { type: "text", text: "" } as const] : parts;
    draft.changeMessage(message, { parts: grown(begun, part, at, text), updated: ts });
  },

  message_ended: (draft, { message, status, usage }, ts) =>
    draft.changeMessage(message, defined({ status, updated: ts, usage })),

  message_cut: (draft, { message, keep, status }, ts) => {
    const { parts } = draft.message(message);
    must(keep.length <= parts.length, "a cut keeps parts that are there");
    const kept = parts.slice(0, keep.length).map((part, index) => cutPart(part, keep[index] ?? 0));
    draft.changeMessage(message, { parts: kept, status, updated: ts });
  },

  message_deleted: (draft, { message }) => draft.removeMessage(message),

  head_moved: (draft, { head }, ts) => {
    if (head !== null) draft.message(head);
    touchThread(draft, ts, { head });
  },

  run_queued: (draft, { run, agent, input, after, parent, params }, ts) => {
    const place = after === undefined && parent === undefined ? {} : defined({ after, parent });
    const given = input.length > 0 ? { input } : {};
    const fresh = { id: run, agent, status: "queued", attempt: 1, queued: ts } as const;
    draft.putRun({ ...fresh, ...given, ...place, ...defined({ params }) });
    touchThread(draft, ts, {});
  },

  run_started: (draft, { run, attempt, head, model, settings }, ts) => {
    const { input: _, ...queued } = draft.run(run);
    const started = { status: "running", attempt, head, settings } as const;
    draft.putRun({ ...queued, ...started, context_ts: ts, started: ts, ...defined({ model }) });
    touchThread(draft, ts, { running: true });
  },

  run_ended: (draft, { run, status, error, usage }, ts) => {
    const { input, ...held } = draft.run(run);
    // A stop of a run that waits drops its input; ended otherwise it can be sent again.
    const kept = held.status === "queued" && status === "stopped" ? {} : defined({ input });
    draft.putRun({ ...held, ...kept, status, ended: ts, ...defined({ error, usage }) } as Run);
    const goesOn = (other: Run) => other.status === "running" && other.id !== run;
    const ended = held.status === "running" && ![...draft.allRuns.values()].some(goesOn);
    touchThread(draft, ts, ended ? { running: false } : {});
  },
};

function newThread(id: string, ts: Timestamp): Thread {
  const times = { created: ts, updated: ts };
  return { id, title: "", archived: false, metadata: {}, head: null, ...times, running: false };
}

function touchThread(
  draft: Draft,
  ts: Timestamp,
  fields: { readonly [Field in keyof Thread]?: Thread[Field] | undefined },
): void {
  if (draft.thread) draft.putThread({ ...draft.thread, ...defined(fields), updated: ts });
}

/** The parts with `text` behind the first `at` units of one of them. */
export function grown(
  parts: readonly Part[],
  part: number,
  at: number,
  text: string,
): readonly Part[] {
  const held = parts[part];
  must(held !== undefined, "content is of a part that is there");
  const former = growingText(held);
  if (former === undefined) {
    must(!fixed.has(held.type), `a part of type ${held.type} does not grow`);
    return parts;
  }
  const fits = at <= former.length && roundDown(former, at) === at;
  must(fits && typeof text === "string", "content begins where there is some");
  const next = [...parts];
  next[part] = withText(held, former.slice(0, at) + text);
  return next;
}

const fixed: ReadonlySet<string> = new Set<Part["type"]>(["tool_result", "file", "data"]);

type Defined<Fields> = { [Name in keyof Fields]: Exclude<Fields[Name], undefined> };

/** Without the fields that are not given: they stay as they are. */
function defined<Fields extends object>(fields: Fields): Partial<Defined<Fields>> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<Defined<Fields>>;
}
