// SPDX-License-Identifier: Apache-2.0
// timeline.test.ts: any state of a log, the text that a stop cut, and playing.

import { emptyState, fold } from "lockstep-client";
import type { ThreadState } from "lockstep-client";
import { describe, expect, it } from "vitest";

import { columnsOf } from "../src/inspector/chart.js";
import { EVERY, pathTo, runTimes, Timeline } from "../src/inspector/timeline.js";
import { Log } from "./log.js";

function timelineOf(log: Log): Timeline {
  const timeline = new Timeline("tea");
  for (const entry of log.entries) timeline.add(entry);
  timeline.finish();
  return timeline;
}

/** Every state, one fold at a time, to compare with the checkpoints. */
function statesOf(log: Log): readonly ThreadState[] {
  let state = emptyState("tea");
  return log.entries.map((entry) => (state = fold(state, entry)));
}

const story = (): Log =>
  new Log().turn("1", null, 200).turn("2", "a1", 300, 100).turn("3", "a2", 150);

const value = (state: ThreadState): unknown => ({
  ts: state.ts,
  thread: state.thread,
  messages: [...state.messages],
  runs: [...state.runs],
});

describe("a run that fallbacks took over", () => {
  it("has its former agents and why they were given up, the first one first", () => {
    const log = story();
    const error = (code: string) => ({ code, detail: `${code}, in a sentence` });
    const raised = (attempt: number, agent: string, why?: string) => ({
      type: "attempt_started" as const,
      run: "r2",
      attempt,
      agent,
      settings: "",
      ...(why === undefined ? {} : { error: error(why) }),
    });
    log.add(1, { events: [raised(2, "second", "bad_key"), raised(3, "second")] });
    log.add(1, { events: [raised(4, "third", "no_credit")] });
    const [first, taken] = runTimes(timelineOf(log));
    expect(first?.former).toEqual([]);
    expect(taken?.former).toEqual([
      { agent: "writer", error: error("bad_key") },
      { agent: "second", error: error("no_credit") },
    ]);
  });
});

describe("a state", () => {
  it("is the fold up to its entry, wherever one jumps to", () => {
    const log = story();
    const timeline = timelineOf(log);
    const states = statesOf(log);
    expect(log.entries.length).toBeGreaterThan(4 * EVERY);

    let at = 7;
    for (let jump = 0; jump < 300; jump += 1) {
      at = (at * 31 + 17) % log.entries.length;
      const wanted = states[at];
      if (wanted === undefined) throw new Error("no such entry");
      expect(value(timeline.stateAt(at))).toEqual(value(wanted));
    }
    expect(timeline.stateAt(-1).messages.size).toBe(0);
  });

  it("is right at and around every checkpoint, forwards and backwards", () => {
    const log = story();
    const timeline = timelineOf(log);
    const states = statesOf(log);
    const around = [EVERY - 2, EVERY - 1, EVERY, 2 * EVERY - 1, 2 * EVERY, log.entries.length - 1];
    for (const at of [...around, ...around.toReversed()]) {
      expect(timeline.stateAt(at).ts).toBe(states[at]?.ts);
    }
  });

  it("is found by its timestamp", () => {
    const log = story();
    const timeline = timelineOf(log);
    const ts = timeline.facts[40]?.ts ?? 0;
    expect(timeline.indexAt(ts)).toBe(40);
    expect(timeline.indexAt(ts + 1)).toBe(40);
    expect(timeline.indexAt(ts - 1)).toBe(39);
    expect(timeline.indexAt(1)).toBe(-1);
    expect(timeline.indexAt(Number.MAX_SAFE_INTEGER)).toBe(log.entries.length - 1);
  });
});

describe("a stop's cut", () => {
  it("has the text that the user had seen, and the text that the model had written beyond it", () => {
    const log = story();
    const timeline = timelineOf(log);
    const written = Array.from({ length: 300 }, (_, piece) => `word${piece} `).join("");

    const [cut, ...others] = timeline.cuts.get("a2") ?? [];

    expect(others).toEqual([]);
    expect(cut?.parts).toEqual([
      { part: 0, type: "text", kept: written.slice(0, 100), cut: written.slice(100) },
    ]);
    expect([...timeline.cuts.keys()]).toEqual(["a2"]);
  });

  it("is shown from its entry on, until something else changes the message", () => {
    const log = story();
    const changed = {
      id: "a2",
      parent: "u2",
      role: "assistant" as const,
      parts: [{ type: "text" as const, text: "edited" }],
      status: "complete" as const,
      created: 1,
      updated: 0,
    };
    const ts = (log.entries.at(-1)?.ts ?? 0) + 50;
    log.add(50, { events: [{ type: "message_put", message: { ...changed, updated: ts } }] });
    const timeline = timelineOf(log);
    const cutAt = timeline.cuts.get("a2")?.[0]?.index ?? -1;
    const shownAt = (index: number): boolean => {
      const message = timeline.stateAt(index).messages.get("a2");
      return message !== undefined && timeline.cutOf(message, index) !== null;
    };

    expect(shownAt(cutAt - 1)).toBe(false);
    expect(shownAt(cutAt)).toBe(true);
    expect(shownAt(log.entries.length - 2)).toBe(true);
    expect(shownAt(log.entries.length - 1)).toBe(false);
  });
});

describe("facts", () => {
  it("name the device or the run that an entry came from", () => {
    const { facts } = timelineOf(story());
    expect(facts[0]?.origin).toEqual({ type: "device", user: "ann", device: "phone", ops: [1] });
    expect(facts[5]?.origin).toEqual({ type: "run", run: "r1", agent: "writer" });
    expect(facts[5]?.gap).toBe(25);
    const first = story().entries[0];
    expect(facts[0]?.bytes).toBe(new TextEncoder().encode(JSON.stringify(first)).length);
  });

  it("give each run's waits", () => {
    const times = runTimes(timelineOf(story()));
    expect(times.map(({ run, waited, firstWord }) => [run.id, waited, firstWord])).toEqual([
      ["r1", 0, 300],
      ["r2", 0, 300],
      ["r3", 0, 300],
    ]);
  });

  it("lose no gap and no byte in the chart, however few its columns", () => {
    const timeline = timelineOf(story());
    for (const count of [1, 7, 100, timeline.length]) {
      const { gaps, bytes, running } = columnsOf(timeline, count);
      expect(Math.max(...gaps)).toBe(5_000_000);
      expect(bytes.reduce((sum, one) => sum + one, 0)).toBe(timeline.bytes);
      expect(running.length).toBe(count);
    }
  });
});

describe("playing", () => {
  it("keeps real gaps, but none above the cap", () => {
    const timeline = timelineOf(story());
    const stop = timeline.cuts.get("a2")?.[0]?.index ?? 0;
    const played = (index: number): number => timeline.played[index] ?? 0;
    expect(played(stop - 1) - played(stop - 2)).toBe(25);
    expect(played(stop) - played(stop - 1)).toBe(2_000_000);
    expect(timeline.indexPlayed(played(stop) - 1)).toBe(stop - 1);
    expect(timeline.indexPlayed(played(stop))).toBe(stop);
  });
});

describe("a path", () => {
  it("ends at the head of its moment", () => {
    const timeline = timelineOf(story());
    const state = timeline.stateAt(timeline.length - 1);
    expect(pathTo(state, state.thread?.head).map(({ id }) => id)).toEqual([
      "u1",
      "a1",
      "u2",
      "a2",
      "u3",
      "a3",
    ]);
    expect(pathTo(state, "nobody")).toEqual([]);
  });
});

describe("10,000 entries", () => {
  it("take no more folds for a jump than lie between two checkpoints", () => {
    const log = new Log();
    for (let turn = 0; turn < 25; turn += 1) {
      log.turn(String(turn), turn === 0 ? null : `a${turn - 1}`, 400);
    }
    const timeline = timelineOf(log);
    expect(timeline.length).toBeGreaterThan(10_000);
    const began = performance.now();
    let at = 5;
    for (let jump = 0; jump < 100; jump += 1) {
      at = (at * 7919 + 13) % timeline.length;
      expect(timeline.stateAt(at).ts).toBe(timeline.facts[at]?.ts);
    }
    // A hundred jumps. With a whole fold for each, the time would be far above this on any machine.
    expect((performance.now() - began) / 100).toBeLessThan(16);
  });
});
