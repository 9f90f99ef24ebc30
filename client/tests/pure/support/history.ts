// SPDX-License-Identifier: Apache-2.0
// history.ts: random histories of a thread, each entry as a server may write it.
//
// It draws events at random. A front that shares no code with the client tells which are possible.
// Texts have code points of two units, and cuts fall between any two of them.

import fc from "fast-check";

import { Screen } from "../../../../tests/e2e/lib/screen.mjs";
import type { EntryFrame, Event, Message, Part, Run } from "../../../src/wire.js";

const kinds = [
  "say",
  "put",
  "ask",
  "write",
  "write",
  "write",
  "part",
  "answer",
  "endMessage",
  "end",
  "stop",
  "cut",
  "delete",
  "head",
  "thread",
  "nothing",
] as const;

export interface Move {
  readonly kind: (typeof kinds)[number];
  readonly pick: number;
  readonly other: number;
  readonly text: string;
}

export const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds),
    pick: fc.nat(1000),
    other: fc.nat(1000),
    text: fc.string({ unit: fc.constantFrom("a", "é", "😀", "\n", '"', "字"), maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 60 },
);

export interface History {
  readonly entries: readonly EntryFrame[];
  /** At index i: the screen after i entries. */
  readonly screens: readonly Screen[];
}

export function historyOf(drawn: readonly Move[]): History {
  const screens = [new Screen()];
  const entries: EntryFrame[] = [];
  for (const [index, move] of drawn.entries()) {
    const former = screens.at(-1)!;
    const ts = former.ts + 1 + (move.other % 3);
    const events = eventsOf(former, move, ts, index);
    const entry: EntryFrame = { frame: "entry", ts, prev: former.ts, events };
    const next = former.clone();
    next.applyEntry(structuredClone(entry));
    screens.push(next);
    entries.push(entry);
  }
  return { entries, screens };
}

const oneOf = <Item>(items: readonly Item[], pick: number): Item | undefined =>
  items[pick % Math.max(items.length, 1)];

function eventsOf(screen: Screen, move: Move, ts: number, index: number): Event[] {
  const { pick, other, text } = move;
  const messages = [...screen.messages.values()];
  const running = [...screen.runs.values()].find((run) => run.status === "running");
  const open = messages.find((message) => message.status === "open");
  const chosen = oneOf(messages, pick);
  switch (move.kind) {
    case "say":
      return said(`m${index}`, chosen?.id ?? null, text, ts);
    case "put":
      if (!chosen || chosen.status === "open") return [];
      return [putAgain(chosen, text, ts)];
    case "ask":
      return asked(screen, running, move, ts, index);
    case "write":
      return running ? written(screen, running, open, move, index) : [];
    case "part":
      return open ? [started(open, partOf(pick, text, index))] : [];
    case "answer":
      // A result for a call of an ended message.
      return chosen ? [started(chosen, { type: "tool_result", call: "c", content: text })] : [];
    case "endMessage":
      return open ? [ended(open, other % 2 === 0)] : [];
    case "end":
      return running ? over(screen, running, open, move) : [];
    case "stop":
      return running ? [...cuts(messages, running, move), runEnded(running, "stopped")] : [];
    case "cut":
      return chosen && chosen.status !== "open" ? [cut(chosen, move)] : [];
    case "delete":
      return chosen && !below(messages, chosen.id).some((it) => it.status === "open")
        ? deleted(screen, chosen, messages)
        : [];
    case "head":
      return [{ type: "head_moved", head: chosen?.id ?? null }];
    case "thread":
      return [{ type: "thread_updated", title: text, ...(pick % 2 ? { archived: true } : {}) }];
    case "nothing":
      return [];
  }
}

function said(id: string, parent: string | null, text: string, ts: number): Event[] {
  const parts: readonly Part[] = [{ type: "text", text }];
  const message = { id, parent, role: "user", parts, created: ts, updated: ts } as const;
  return [
    { type: "message_put", message: { ...message, status: "complete" } },
    { type: "head_moved", head: id },
  ];
}

function putAgain(message: Message, text: string, ts: number): Event {
  const parts: readonly Part[] = [{ type: "text", text }];
  const again = { ...message, parts, status: "complete", updated: ts } as const;
  return { type: "message_put", message: again };
}

function asked(
  screen: Screen,
  running: Run | undefined,
  { text }: Move,
  ts: number,
  index: number,
): Event[] {
  const run = `r${index}`;
  const queued = {
    type: "run_queued",
    run,
    agent: "demo",
    after: screen.thread?.head ?? null,
  } as const;
  if (running) return [{ ...queued, input: [{ id: `q${index}`, text }] }];
  const head = `m${index}`;
  const start = { type: "run_started", run, attempt: 1, head, settings: "s" } as const;
  return [{ ...queued, input: [] }, ...said(head, queued.after, text, ts), start];
}

function written(
  screen: Screen,
  run: Run,
  open: Message | undefined,
  move: Move,
  index: number,
): Event[] {
  if (!open) {
    const id = `a${index}`;
    const parent = run.head && screen.messages.has(run.head) ? run.head : null;
    const message = { id, parent, role: "assistant", run: run.id } as const;
    return [
      { type: "message_created", message },
      { type: "head_moved", head: id },
    ];
  }
  const part = Math.max(open.parts.length - 1, 0);
  const held = open.parts[part] ?? { type: "text", text: "" };
  const at = lengthOf(held);
  if (at === null) return [started(open, partOf(move.pick, move.text, index))];
  return [{ type: "content_appended", message: open.id, part, at, text: move.text }];
}

function partOf(pick: number, text: string, index: number): Part {
  const parts: readonly Part[] = [
    { type: "text", text },
    { type: "reasoning", text },
    { type: "tool_call", id: `c${index}`, name: "look", arguments: text },
    { type: "data", name: "weather", value: { degrees: pick } },
    { type: "file", uri: "file:a" },
  ];
  return oneOf(parts, pick)!;
}

const started = ({ id, parts }: Message, value: Part): Event => ({
  type: "part_started",
  message: id,
  part: parts.length,
  value,
});

const ended = ({ id }: Message, usage: boolean): Event => ({
  type: "message_ended",
  message: id,
  status: "complete",
  ...(usage ? { usage: { tokens: 3 } } : {}),
});

const runEnded = ({ id }: Run, status: "completed" | "failed" | "stopped"): Event => ({
  type: "run_ended",
  run: id,
  status,
  ...(status === "failed" ? { error: { code: "model", detail: "no answer" } } : {}),
});

function over(screen: Screen, running: Run, open: Message | undefined, move: Move): Event[] {
  const waiting = [...screen.runs.values()].filter((run) => run.status === "queued");
  const ends = open ? [ended(open, false)] : [];
  const events = [...ends, runEnded(running, move.pick % 2 ? "completed" : "failed")];
  const status = move.other % 2 ? "stopped" : "interrupted";
  return [
    ...events,
    ...waiting.map((run) => ({ type: "run_ended", run: run.id, status }) as const),
  ];
}

/** The length of a part that can grow. */
export const lengthOf = (part: Part): number | null =>
  part.type === "text" || part.type === "reasoning"
    ? part.text.length
    : part.type === "tool_call"
      ? part.arguments.length
      : null;

function cut({ id, parts }: Message, { pick, other }: Move): Event {
  const keep = parts.slice(0, pick % (parts.length + 1)).map((part) => {
    const text = part.type === "tool_call" ? part.arguments : "text" in part ? part.text : "";
    const points = [...text];
    return points.slice(0, other % (points.length + 1)).join("").length;
  });
  return { type: "message_cut", message: id, keep, status: "stopped" };
}

const cuts = (messages: readonly Message[], run: Run, move: Move): Event[] =>
  messages
    .filter((message) => message.run === run.id && message.status === "open")
    .map((message) => cut(message, move));

function below(messages: readonly Message[], id: string): readonly Message[] {
  const ids = new Set([id]);
  // Children come after their parents.
  for (const message of messages) if (ids.has(message.parent ?? "")) ids.add(message.id);
  return messages.filter((message) => ids.has(message.id));
}

function deleted(screen: Screen, message: Message, messages: readonly Message[]): Event[] {
  const gone = below(messages, message.id);
  const events: Event[] = gone.map(({ id }) => ({ type: "message_deleted", message: id }));
  const headGoes = gone.some(({ id }) => id === screen.thread?.head);
  return headGoes ? [...events, { type: "head_moved", head: message.parent }] : events;
}
