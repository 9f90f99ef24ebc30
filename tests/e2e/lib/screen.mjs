// SPDX-License-Identifier: Apache-2.0
// screen.mjs: a front's copy of a thread, written from docs/protocol.md alone.
//
// It changes in two ways only: it applies a diff, or folds an entry's events. On the way it checks
// everything that the protocol promises of both; a broken promise throws `Broken`, and the test
// that holds the screen fails.

export class Broken extends Error {}

export function promise(kept, what, ...details) {
  if (kept) return;
  throw new Broken([what, ...details.map((it) => JSON.stringify(it))].join(" "));
}

const growing = { text: "text", reasoning: "text", tool_call: "arguments" };

// The text of a part that can grow; undefined for the others.
export const growingText = (part) => part[growing[part.type]];

// How long each part of a message is: 0 for those that can't grow.
export const lengths = (message) => message.parts.map((part) => growingText(part)?.length ?? 0);

// The text that a message shows: its text parts, one behind the other.
export const shownText = (message) =>
  message.parts.filter((part) => part.type === "text").map((part) => part.text).join("");

const cutTo = (part, length) => {
  const field = growing[part.type];
  if (!field) return part;
  promise(length <= part[field].length, "a cut can't be longer than the part", length, part);
  return { ...part, [field]: part[field].slice(0, length) };
};

export const tsOf = (cursor) => Number(cursor.split("@")[0]);
export const epochOf = (cursor) => cursor.split("@")[1];

export class Screen {
  thread = null;
  messages = new Map();
  runs = new Map();
  ts = 0;

  // From the answer to GET /v1/threads/{t}.
  static of(reading) {
    const screen = new Screen();
    screen.thread = reading.thread;
    for (const message of reading.messages) screen.messages.set(message.id, message);
    for (const run of reading.runs) screen.runs.set(run.id, run);
    screen.ts = tsOf(reading.cursor);
    return screen;
  }

  clone() {
    const copy = new Screen();
    copy.ts = this.ts;
    copy.thread = structuredClone(this.thread);
    copy.messages = structuredClone(this.messages);
    copy.runs = structuredClone(this.runs);
    return copy;
  }

  // --- Diffs -------------------------------------------------------------------------------------

  // The frames of one diff, together. A diff to an earlier time than the copy's changes nothing.
  applyDiff(frames) {
    const last = frames.at(-1);
    const reset = frames.some((frame) => frame.reset);
    const to = tsOf(last.cursor);
    if (reset) this.clear();
    else if (to < this.ts) return;
    promise(reset || last.from <= this.ts, "a diff begins later than what is held", last.from, this.ts);
    for (const frame of frames) {
      if (frame.thread) this.thread = frame.thread;
      for (const message of frame.messages) this.applyMessage(message);
      for (const id of frame.removed) this.messages.delete(id);
      for (const run of frame.runs) this.runs.set(run.id, run);
    }
    this.ts = to;
  }

  clear() {
    this.thread = null;
    this.messages.clear();
    this.runs.clear();
    this.ts = 0;
  }

  applyMessage(message) {
    if (message.grow) this.applyGrowth(message);
    else this.messages.set(message.id, message);
  }

  applyGrowth(growth) {
    const { calls: _, ...held } = this.messages.get(growth.id) ?? {};
    promise(held.id, "a growth of a message that is not held", growth);
    const parts = held.parts.slice(0, growth.parts);
    for (const grown of growth.grow) parts[grown.part] = grownPart(parts[grown.part], grown);
    promise(parts.length === growth.parts, "a growth leaves parts out", growth);
    promise(!parts.includes(undefined), "a growth leaves a hole", growth);
    const { status, updated } = growth;
    const ends = named(growth, ["usage", "finish_reason", "model", "calls"]);
    this.messages.set(growth.id, { ...held, parts, status, updated, ...ends });
  }

  // --- Entries -----------------------------------------------------------------------------------

  applyEntry(entry) {
    promise(entry.prev === this.ts, "a gap: an entry follows", entry.prev, "but held is", this.ts);
    promise(entry.ts > entry.prev, "timestamps increase", entry.ts, entry.prev);
    this.thread ??= newThread(entry.ts);
    for (const event of entry.events) {
      const fold = folds[event.type];
      promise(fold, "an event of no known type", event);
      fold(this, event, entry.ts);
    }
    this.ts = entry.ts;
  }

  change(id, fields) {
    const held = this.messages.get(id);
    promise(held, "an event for a message that is not there", id);
    this.messages.set(id, { ...held, ...fields });
  }

  message(id) {
    const held = this.messages.get(id);
    promise(held, "an event for a message that is not there", id);
    return held;
  }

  changeRun(id, fields) {
    const held = this.runs.get(id);
    promise(held, "an event for a run that is not there", id);
    this.runs.set(id, { ...held, ...fields });
  }

  touchThread(ts, fields) {
    const running = [...this.runs.values()].some((run) => run.status === "running");
    this.thread = { ...this.thread, ...fields, running, updated: ts };
  }

  // --- Questions ---------------------------------------------------------------------------------

  // From the root to the message, both included.
  path(id = this.thread?.head ?? null) {
    const path = [];
    for (let at = id; at !== null && at !== undefined; at = this.message(at).parent) {
      path.unshift(this.message(at));
      promise(path.length <= this.messages.size, "a cycle in the tree at", at);
    }
    return path;
  }

  // The messages that a run has written, as they are shown, in order.
  written(run) {
    return [...this.messages.values()].filter((message) => message.run === run);
  }

  text(run) {
    return this.written(run).map(shownText).join("");
  }
}

const grownPart = (held, grown) => {
  if (grown.value !== undefined) return grown.value;
  promise(held, "a growth of a part that is not there", grown);
  const field = growing[held.type];
  promise(field, "a growth of a part that can't grow", held);
  promise(grown.at <= held[field].length, "a growth begins beyond what is held", grown, held);
  return { ...held, [field]: held[field].slice(0, grown.at) + grown.text };
};

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

const newThread = (ts) => ({
  title: "",
  archived: false,
  metadata: {},
  head: null,
  created: ts,
  updated: ts,
  running: false,
});

const named = (event, fields) =>
  Object.fromEntries(fields.filter((field) => event[field] !== undefined).map((it) => [it, event[it]]));

// The server leaves out an empty list.
const withoutEmpty = (fields) =>
  Object.fromEntries(Object.entries(fields).map(([name, it]) => [name, it?.length === 0 && Array.isArray(it) ? undefined : it]));

const folds = {
  thread_updated: (screen, event, ts) =>
    screen.touchThread(ts, withoutEmpty(named(event, ["title", "archived", "metadata", "approved_tools"]))),
  message_put: (screen, { message }) => void screen.messages.set(message.id, message),
  message_created: (screen, { message }, ts) => {
    promise(!screen.messages.has(message.id), "a message is created twice", message);
    const open = { parts: [], status: "open", created: ts, updated: ts };
    screen.messages.set(message.id, { ...message, ...open });
  },
  part_started: (screen, { message, part, value }, ts) => {
    const { parts } = screen.message(message);
    promise(part === parts.length, "a part that starts is the next", part, parts.length);
    screen.change(message, { parts: [...parts, value], updated: ts });
  },
  content_appended: (screen, { message, part, at, text }, ts) => {
    const parts = [...screen.message(message).parts];
    promise(part <= parts.length, "content for a part far behind the last", part, parts.length);
    const held = parts[part] ?? { type: "text", text: "" };
    const field = growing[held.type];
    promise(field, "content for a part that can't grow", held);
    promise(at === held[field].length, "content continues what is there", at, held[field].length);
    parts[part] = { ...held, [field]: held[field] + text };
    screen.change(message, { parts, updated: ts });
  },
  message_ended: (screen, { message, status, ...event }, ts) => {
    promise(screen.message(message).status === "open", "only an open message ends", message);
    screen.change(message, { status, updated: ts, ...named(event, ["usage", "finish_reason", "model"]) });
  },
  message_cut: (screen, { message, keep, status }, ts) => {
    const { parts } = screen.message(message);
    promise(keep.length <= parts.length, "a cut keeps parts that are not there", keep, parts.length);
    const kept = parts.slice(0, keep.length).map((part, index) => cutTo(part, keep[index]));
    const calls = screen.message(message).calls?.filter(({ part }) => part < keep.length && isSame(kept[part], parts[part]));
    screen.change(message, { parts: kept, status, updated: ts, ...(calls && withoutEmpty({ calls })) });
  },
  message_deleted: (screen, { message }) => {
    promise(screen.messages.delete(message), "a message is deleted that is not there", message);
  },
  head_moved: (screen, { head }, ts) => {
    promise(head === null || screen.messages.has(head), "the head is a message that is there", head);
    screen.touchThread(ts, { head });
  },
  run_queued: (screen, { run, agent, input, after, parent, params, continues, resume }, ts) => {
    promise(!screen.runs.has(run), "a run is queued twice", run);
    const place = after === undefined ? (parent === undefined ? {} : { parent }) : { after };
    const more = { ...(params !== undefined && { params }), ...(continues !== undefined && { continues }) };
    if (resume !== undefined) more.resume = { status: "asked" };
    const waiting = { id: run, agent, status: "queued", attempt: 1, ...place, ...more, queued: ts };
    screen.runs.set(run, { ...waiting, ...(input.length > 0 && { input }) });
    screen.touchThread(ts);
  },
  run_started: (screen, { run, attempt, head, model, settings }, ts) => {
    const { input, ...rest } = screen.runs.get(run) ?? {};
    promise(rest.id, "a run starts that was never queued", run);
    const started = { status: "running", attempt, head, settings, context_ts: ts, started: ts };
    screen.runs.set(run, { ...rest, ...started, ...(model !== undefined && { model }) });
    screen.touchThread(ts);
  },
  run_ended: (screen, { run, status, ...event }, ts) => {
    for (const message of screen.written(run)) {
      promise(message.status !== "open", "open messages end before their run", message.id);
    }
    const ends = named(event, ["error", "usage", "finish_reason", "model"]);
    screen.changeRun(run, { status, ended: ts, ...ends });
    const ended = screen.runs.get(run);
    if (status === "stopped" && ended.started === undefined) delete ended.input;
    screen.touchThread(ts);
  },
  repairs_noted: (screen, { run, repairs }) => screen.changeRun(run, { repairs }),
  attempt_started: (screen, { run, attempt, agent, model, settings }) => {
    const held = screen.runs.get(run);
    promise(held?.status === "running" && attempt === held.attempt + 1, "an attempt follows the former", attempt, held);
    screen.changeRun(run, { attempt, agent, model, settings, repairs: undefined });
  },
  call_noted: (screen, { message, part, status, reason }, ts) => {
    const held = screen.message(message);
    promise(held.parts[part]?.type === "tool_call", "a note is of a call", part, held);
    const note = { part, status, ...(reason !== undefined && { reason }) };
    const others = (held.calls ?? []).filter((it) => it.part !== part);
    screen.change(message, { calls: [...others, note].sort((a, b) => a.part - b.part), updated: ts });
  },
  resume_noted: (screen, { run, resume }) => screen.changeRun(run, { resume }),
};
