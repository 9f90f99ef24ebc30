// SPDX-License-Identifier: Apache-2.0
// timeline.ts: a thread's log, with quick access to its state at any entry.
//
// State(i) is the fold of all entries up to i. A checkpoint before every 128th entry keeps any
// state at most 128 folds away, which takes much less than a frame. Checkpoints cost little,
// because states share unchanged objects. Entries come in batches, and no batch is folded for
// longer than a slice, so the page answers while 10,000 come in.

import { emptyState, foldAll } from "lockstep-client";
import type { EntryFrame, Message, Run, ThreadState } from "lockstep-client";

import { cutsIn, hasCut } from "./cuts.js";
import type { Cut } from "./cuts.js";
import { FactsReader } from "./facts.js";
import type { Facts } from "./facts.js";

export const EVERY = 128;

export class Timeline {
  readonly entries: EntryFrame[] = [];
  readonly facts: Facts[] = [];
  /** The cuts of each message, in order. */
  readonly cuts = new Map<string, Cut[]>();
  /** Of entry i: microseconds of play since the first entry, with gaps capped. */
  readonly played: number[] = [];
  bytes = 0;

  private readonly reader = new FactsReader();
  private readonly checkpoints: ThreadState[];
  private end: ThreadState;
  private recent: { readonly index: number; readonly state: ThreadState } | null = null;

  constructor(
    readonly thread: string,
    private readonly gapMax = 2_000_000,
  ) {
    this.end = emptyState(thread);
    this.checkpoints = [this.end];
  }

  get length(): number {
    return this.entries.length;
  }

  /** The state after all entries. */
  get last(): ThreadState {
    return this.end;
  }

  add(entry: EntryFrame): void {
    const index = this.entries.length;
    if (hasCut(entry)) this.learnCuts(entry, index);
    const facts = this.reader.read(entry);
    this.entries.push(entry);
    this.facts.push(facts);
    this.bytes += facts.bytes;
    this.played.push((this.played.at(-1) ?? 0) + Math.min(facts.gap, this.gapMax));
    if (this.entries.length % EVERY !== 0) return;
    this.end = this.stateAt(index);
    this.checkpoints.push(this.end);
  }

  /** Call it after the last `add`. */
  finish(): void {
    this.end = this.stateAt(this.entries.length - 1);
  }

  /** The state after entry `index`; -1: before the first. */
  stateAt(index: number): ThreadState {
    if (index < 0) return this.checkpoints[0] ?? emptyState(this.thread);
    const place = Math.min(Math.floor((index + 1) / EVERY), this.checkpoints.length - 1);
    let from = place * EVERY - 1;
    let state = this.checkpoints[place] ?? emptyState(this.thread);
    // Play goes forward, so the last state is often nearer than the checkpoint.
    if (this.recent !== null && this.recent.index <= index && this.recent.index > from) {
      from = this.recent.index;
      state = this.recent.state;
    }
    if (from < index) state = foldAll(state, this.entries.slice(from + 1, index + 1));
    this.recent = { index, state };
    return state;
  }

  /** The last entry at or before the timestamp; -1: there is none. */
  indexAt(ts: number): number {
    return lastAtMost(this.facts.length, (index) => this.facts[index]?.ts ?? 0, ts);
  }

  /** The entry that play has reached after `time` microseconds. */
  indexPlayed(time: number): number {
    return lastAtMost(this.played.length, (index) => this.played[index] ?? 0, time);
  }

  /** The last cut of a message at entry `index`, if the message has not changed since. */
  cutOf(message: Message, index: number): Cut | null {
    const cuts = this.cuts.get(message.id) ?? [];
    const last = cuts.filter((cut) => cut.index <= index).at(-1);
    return last !== undefined && message.updated === last.ts ? last : null;
  }

  private learnCuts(entry: EntryFrame, index: number): void {
    for (const cut of cutsIn(this.stateAt(index - 1), entry, index)) {
      const known = this.cuts.get(cut.message);
      if (known === undefined) this.cuts.set(cut.message, [cut]);
      else known.push(cut);
    }
  }
}

function lastAtMost(length: number, at: (index: number) => number, value: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** From the root to the message; empty if it is not there. */
export function pathTo(state: ThreadState, message: string | null | undefined): readonly Message[] {
  const path: Message[] = [];
  let at = message ?? null;
  while (at !== null) {
    const found = state.messages.get(at);
    if (found === undefined) break;
    path.push(found);
    at = found.parent;
  }
  return path.reverse();
}

/** The request, start, first word and end of a run, in microseconds from the first entry. */
export interface RunTimes {
  readonly run: Run;
  readonly waited: number | null;
  readonly firstWord: number | null;
  readonly total: number | null;
  /** The agents before its fallbacks took over, the first one first, and why they were given up. */
  readonly former: readonly FormerAgent[];
}

export interface FormerAgent {
  readonly agent: string;
  readonly error: { readonly code: string; readonly detail: string };
}

/** Only the events have them: the run has its present agent. */
function formerAgents(timeline: Timeline): ReadonlyMap<string, readonly FormerAgent[]> {
  const agents = new Map<string, string>();
  const former = new Map<string, FormerAgent[]>();
  for (const event of timeline.entries.flatMap((entry) => entry.events)) {
    if (event.type === "run_queued") agents.set(event.run, event.agent);
    if (event.type !== "attempt_started") continue;
    const { run, agent, error } = event;
    if (error)
      former.set(run, [...(former.get(run) ?? []), { agent: agents.get(run) ?? "", error }]);
    agents.set(run, agent);
  }
  return former;
}

export function runTimes(timeline: Timeline): readonly RunTimes[] {
  const messages = new Map<string, string>();
  const first = new Map<string, number>();
  for (const entry of timeline.entries) {
    for (const event of entry.events) {
      if (event.type === "message_created" && event.message.run !== undefined) {
        messages.set(event.message.id, event.message.run);
      }
      if (event.type !== "content_appended" && event.type !== "part_started") continue;
      const run = messages.get(event.message);
      if (run !== undefined && !first.has(run)) first.set(run, entry.ts);
    }
  }
  const former = formerAgents(timeline);
  return [...timeline.last.runs.values()].map((run) => {
    const word = first.get(run.id);
    const { started } = run;
    return {
      run,
      former: former.get(run.id) ?? [],
      waited: started === undefined ? null : started - run.queued,
      firstWord: started === undefined || word === undefined ? null : word - started,
      total: started === undefined || run.ended === undefined ? null : run.ended - started,
    };
  });
}
