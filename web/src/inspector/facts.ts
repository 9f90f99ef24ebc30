// SPDX-License-Identifier: Apache-2.0
// facts.ts: facts about an entry that need no state: kinds, origin, size, gap.
//
// Pure, one entry after the other. It remembers the runs of messages and the agents of runs,
// because an append names only its message.

import type { EntryFrame, Event } from "lockstep-client";

export type Origin =
  | {
      readonly type: "device";
      readonly user: string;
      readonly device: string;
      readonly ops: readonly number[];
    }
  | { readonly type: "run"; readonly run: string; readonly agent: string }
  | { readonly type: "server" };

export interface Facts {
  readonly ts: number;
  /** Event types, each once, in order; empty: the entry only records a refusal or steps. */
  readonly kinds: readonly Event["type"][];
  readonly origin: Origin;
  readonly refused: boolean;
  readonly bytes: number;
  /** Microseconds since the previous entry; 0 for the first. */
  readonly gap: number;
}

const encoder = new TextEncoder();
const BEYOND_ASCII = /[^\x00-\x7f]/;

/** The size of the entry as JSON in UTF-8. */
export function bytesOf(entry: EntryFrame): number {
  const text = JSON.stringify(entry);
  return BEYOND_ASCII.test(text) ? encoder.encode(text).length : text.length;
}

export class FactsReader {
  private readonly runs = new Map<string, string>();
  private readonly agents = new Map<string, string>();
  private last: number | null = null;

  read(entry: EntryFrame): Facts {
    for (const event of entry.events) this.learn(event);
    const kinds = [...new Set(entry.events.map((event) => event.type))];
    const gap = this.last === null ? 0 : entry.ts - this.last;
    this.last = entry.ts;
    return {
      ts: entry.ts,
      kinds,
      origin: this.originOf(entry),
      refused: (entry.acks ?? []).some((ack) => ack.outcome === "refused"),
      bytes: bytesOf(entry),
      gap,
    };
  }

  private learn(event: Event): void {
    if (event.type === "run_queued") this.agents.set(event.run, event.agent);
    if (event.type === "message_created" || event.type === "message_put") {
      const { id, run } = event.message;
      if (run !== undefined) this.runs.set(id, run);
    }
  }

  private originOf(entry: EntryFrame): Origin {
    const ack = entry.acks?.[0];
    if (ack !== undefined) {
      const ops = (entry.acks ?? [])
        .filter((one) => one.device === ack.device)
        .map((one) => one.op);
      return { type: "device", user: ack.user, device: ack.device, ops };
    }
    for (const event of entry.events) {
      const run = this.runOf(event);
      if (run !== undefined) return { type: "run", run, agent: this.agents.get(run) ?? "" };
    }
    return { type: "server" };
  }

  private runOf(event: Event): string | undefined {
    switch (event.type) {
      case "message_created":
        return event.message.run;
      case "part_started":
      case "content_appended":
      case "message_ended":
      case "message_cut":
        return this.runs.get(event.message);
      case "run_started":
      case "run_ended":
      case "repairs_noted":
        return event.run;
      default:
        return undefined;
    }
  }
}

export function microseconds(value: number): string {
  if (value < 1000) return `${Math.round(value)} µs`;
  if (value < 1_000_000) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} ms`;
  if (value < 60_000_000) return `${(value / 1_000_000).toFixed(value < 10_000_000 ? 2 : 1)} s`;
  if (value < 3_600_000_000) return `${(value / 60_000_000).toFixed(1)} min`;
  if (value < 86_400_000_000) return `${(value / 3_600_000_000).toFixed(1)} h`;
  return `${(value / 86_400_000_000).toFixed(1)} d`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function timeText(ts: number): string {
  const date = new Date(ts / 1000);
  const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  const micro = pad(((ts % 1_000_000) + 1_000_000) % 1_000_000, 6);
  return `${clock}.${micro}`;
}

/** In the order of ISO 8601, which is the same in every language. */
export function dateText(ts: number): string {
  const date = new Date(ts / 1000);
  const pad = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

export const countText = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
