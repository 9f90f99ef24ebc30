// SPDX-License-Identifier: Apache-2.0
// differ.ts: makes the diff between two states of a history by the rules of the protocol.

import type {
  DiffFrame,
  EarlierDiffFrame,
  Growth,
  LastDiffFrame,
  Message,
  Part,
  Run,
} from "../../../src/wire.js";
import { type History, lengthOf } from "./history.js";

/** The diff for a front that has the first `from` entries and needs the first `to`. */
export function diffOf({ entries, screens }: History, from: number, to: number): LastDiffFrame {
  const before = screens[from]!;
  const after = screens[to]!;
  const since = entries.slice(from, to).flatMap(({ events }) => events);
  const whole = new Set<string>();
  const removed: string[] = [];
  for (const event of since) {
    if (event.type === "message_put" || event.type === "message_created") {
      whole.add(event.message.id);
    }
    if (event.type === "message_deleted") removed.push(event.message);
  }
  const changed = [...after.messages.values()].filter((it) => it.updated > before.ts);
  const runs = [...after.runs.values()].filter((it) => !sameRun(it, before.runs.get(it.id)));
  const thread = after.thread!;
  return {
    frame: "diff",
    cursor: `${after.ts}@law`,
    from: before.ts,
    ...(thread.updated > before.ts ? { thread: { ...thread, id: "thread" } } : {}),
    messages: changed.map((message) =>
      whole.has(message.id)
        ? message
        : growthOf(message, leastOf(before.messages.get(message.id)!, since)),
    ),
    removed,
    runs,
    outcomes: [],
  };
}

const sameRun = (run: Run, former: Run | undefined) =>
  JSON.stringify(run) === JSON.stringify(former);

type Least = { lengths: number[]; touched: Set<number> };

/** The shortest length of each part since then, for parts that existed all the time. */
function leastOf(before: Message, since: History["entries"][number]["events"]): Least {
  let lengths = before.parts.map((part) => lengthOf(part) ?? 0);
  const touched = new Set<number>();
  for (const event of since) {
    if (event.type !== "message_cut" || event.message !== before.id) continue;
    lengths = lengths
      .slice(0, event.keep.length)
      .map((length, part) => Math.min(length, event.keep[part]!));
    event.keep.forEach((_, part) => touched.add(part));
  }
  return { lengths, touched };
}

function growthOf(message: Message, { lengths, touched }: Least): Growth {
  const grow = message.parts.flatMap((value: Part, part): Growth["grow"][number][] => {
    const at = lengths[part];
    if (at === undefined) return [{ part, value }];
    const length = lengthOf(value);
    if (length === null || (length === at && !touched.has(part))) return [];
    const text = value.type === "tool_call" ? value.arguments : (value as { text: string }).text;
    return [{ part, at, text: text.slice(at) }];
  });
  const { id, status, updated, usage } = message;
  const parts = message.parts.length;
  return { id, status, updated, ...(usage === undefined ? {} : { usage }), parts, grow };
}

/** The same diff in many frames, as the server sends a large one. */
export function framesOf(diff: LastDiffFrame, size: number): readonly DiffFrame[] {
  const { frame, cursor, from, thread, reset, removed, runs, outcomes } = diff;
  const head = { frame, cursor, from, messages: [], removed: [], runs: [] };
  const frames: EarlierDiffFrame[] = [];
  for (let at = 0; at < diff.messages.length; at += size) {
    const messages = diff.messages.slice(at, at + size);
    frames.push({ ...head, more: true, messages, ...(at === 0 && { thread, reset }) });
  }
  const last = { ...head, removed, runs, outcomes };
  return [...frames, frames.length > 0 ? last : { ...last, thread, reset }];
}
