// SPDX-License-Identifier: Apache-2.0
// server.test.ts: the pure half against the real server: its projection is the server's outcome.

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { apply } from "../../src/diff.js";
import { digestOf } from "../../src/digest.js";
import { foldAll } from "../../src/fold.js";
import { pathTo, treeOf } from "../../src/path.js";
import { type Projection, project } from "../../src/project.js";
import { frozenOf } from "../../src/seen.js";
import { cursorOf, emptyState, type ThreadState } from "../../src/state.js";
import type { PendingChange } from "../../src/types.js";
import type { ChangeBody, LastDiffFrame, EntryFrame, Message, Run } from "../../src/wire.js";
import { type Reading, Server } from "../live/lib/server.js";

/** Random numbers, repeatable by seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % sides;
  };
}

const words = ["sky ", "😀", "é\n", "why? ", '{"a":', "字"];

class Front {
  state: ThreadState;
  /** The states since the running run began. */
  seen: ThreadState[] = [];
  private op = 0;
  private made = 0;
  private seq = 0;
  private last = "";

  constructor(
    private readonly server: Server,
    readonly id: string,
    private readonly roll: (sides: number) => number,
  ) {
    this.state = emptyState(id);
  }

  fresh = () => `${this.id}.${++this.made}`;

  some<Item>(items: readonly Item[]): Item | undefined {
    return items[this.roll(Math.max(items.length, 1))];
  }

  running(): Run | undefined {
    return [...this.state.runs.values()].find((run) => run.status === "running");
  }

  async ask(path: string, body?: unknown, accept = "application/json"): Promise<Response> {
    const headers = { "content-type": "application/json", accept };
    const url = `${this.server.url}/v1/threads/${this.id}${path}`;
    if (body === undefined) return fetch(url, { headers });
    return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async sync(body: object, from = this.state): Promise<LastDiffFrame> {
    const cursor = cursorOf(from);
    const answer = await this.ask("/sync", { ...(cursor && { cursor }), ...body });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as LastDiffFrame;
  }

  /** Makes the change; returns the projections before and after its outcome. */
  async make(change: ChangeBody, seen = this.state): Promise<[Projection, Projection] | null> {
    const run = change.type === "stop_run" ? (change.run ?? "") : "";
    const frozen = frozenOf(seen, run, change.type === "stop_run" ? change.shown : []);
    const cursor = cursorOf(seen);
    const pending: PendingChange = { op: ++this.op, thread: this.id, change, seen: cursor };
    const before = project(
      this.state,
      [run ? { ...pending, frozen: frozen.messages } : pending],
      null,
    );
    const sent = run ? { ...change, shown: frozen.shown } : change;
    const said = { ...sent, op: this.op, ...(cursor && { seen: cursor }) };
    const diff = await this.sync({ device: "d", changes: [said] });
    this.took(apply(this.state, [diff]));
    return diff.outcomes[0]?.outcome === "applied" ? [before, project(this.state, [], null)] : null;
  }

  took(state: ThreadState): void {
    const before = this.running()?.id;
    this.state = state;
    const run = this.running()?.id;
    if (run !== before) [this.seen, this.seq, this.last] = [[], 0, ""];
    this.seen.push(state);
  }

  /** How a model server ends: as usual, or at its limit. */
  end = () => this.some([{}, { model: "small" }, { finish_reason: "length", model: "small-2" }])!;

  /** Writes something as the model. */
  async write(run: string): Promise<void> {
    const steps: object[] = [];
    const step = (fields: object) => steps.push({ seq: ++this.seq, ...fields });
    if (this.last === "" || this.roll(6) === 0) {
      if (this.last !== "") step({ type: "message_ended", message: this.last, ...this.end() });
      else step({ type: "repairs_noted", repairs: [{ kind: "joined", count: 2, ids: ["u"] }] });
      this.last = this.fresh();
      step({ type: "message_created", message: { id: this.last } });
      step({ type: "part_started", message: this.last, value: { type: "text", text: "" } });
    }
    const text = this.some(words)!;
    step({ type: "content_appended", message: this.last, part: 0, text });
    if (this.roll(8) === 0) step({ type: "run_ended", ...this.end() });
    const answer = await this.server.steps(this.id, run, steps);
    if (!answer.ok) throw new Error(await answer.text());
    this.took(apply(this.state, [await this.sync({})]));
  }

  draw(): [ChangeBody, ThreadState?] {
    const id = this.fresh();
    const message = this.some([...this.state.messages.keys()]) ?? null;
    const input = [{ id, text: `${this.some(words)!}${id}` }];
    const places = [{}, {}, { after: message }, { parent: message }];
    const start = { type: "start_run", run: `run.${id}`, agent: "push" } as const;
    const run = this.some([...this.state.runs.values()]);
    switch (this.roll(message === null ? 1 : 11)) {
      case 0:
      case 1:
        return [{ ...start, input, ...this.some(places)! }];
      case 2:
        return [
          { ...start, input, when_busy: this.some(["rollback", "interrupt", "reject"] as const) },
        ];
      case 3:
        return [{ ...start, parent: message }];
      case 4:
        return [{ type: "put_message", message: input[0]!, ...this.some(places)! }];
      case 5:
        return [{ type: "put_message", message: { id: message!, text: "edited" } }];
      case 6:
        return [{ type: "delete_message", message: message! }];
      case 7:
        return [{ type: "move_head", head: message }];
      case 8:
        return [{ ...start, continue: message! }];
      default: {
        if (!run) return [{ type: "update_thread", title: id }];
        const seen = run.status === "running" ? this.some(this.seen)! : this.state;
        const own = [...seen.messages.values()].filter((it) => it.run === run.id);
        const shown = own.map((it) => ({ message: it.id, part: 0, length: this.roll(9) }));
        return [{ type: "stop_run", run: run.id, shown: this.some([shown, []])! }, seen];
      }
    }
  }
}

/** The text that a user reads: without empty messages and without results that the server adds. */
function read(messages: readonly Message[]): readonly unknown[] {
  const said = messages.filter(({ parts }) => parts.some((it) => "text" in it && it.text !== ""));
  return said.map(({ id, parent, role, parts }) => ({ id, parent, role, parts }));
}

describe("a server", () => {
  let server: Server;
  beforeAll(async () => void (server = await Server.start()), 30_000);
  afterAll(() => server?.dispose());

  test("applies a change as it was shown before its answer", async () => {
    let compared = 0;
    for (let seed = 1; seed <= 8; ++seed) {
      const roll = dice(seed);
      const front = new Front(server, `shown${seed}`, roll);
      for (let move = 0; move < 30; ++move) {
        const running = front.running();
        if (running && roll(2) === 0) {
          await front.write(running.id);
          continue;
        }
        const [change, seen] = front.draw();
        const waits = [...front.state.runs.values()].some((run) => run.status === "queued");
        const views = await front.make(change, seen);
        // A turn that waited may have started in the same entry.
        if (!views || (waits && views[1].queued.length < views[0].queued.length)) continue;
        ++compared;
        const what = `seed ${seed}, move ${move}: ${JSON.stringify(change)}`;
        expect(read(views[0].messages), what).toEqual(read(views[1].messages));
        expect(
          views[0].queued.map((turn) => turn.run),
          what,
        ).toEqual(views[1].queued.map((turn) => turn.run));
      }
    }
    expect(compared).toBeGreaterThan(100);
  }, 60_000);

  test("has the same thread and digest as a client that folds entries or applies diffs", async () => {
    for (let seed = 101; seed <= 104; ++seed) {
      const roll = dice(seed);
      const front = new Front(server, `folded${seed}`, roll);
      for (let move = 0; move < 30; ++move) {
        const running = front.running();
        if (running && roll(3) > 0) await front.write(running.id);
        else await front.make(...front.draw());
      }
      const reading = (await (await front.ask("")).json()) as Reading;
      expect(plain(front.state)).toEqual(plain(stateOf(reading)));
      const text = await (await front.ask("/events", undefined, "application/x-ndjson")).text();
      const frames = text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as EntryFrame);
      const entries = frames.filter((frame) => frame.frame === "entry");
      const { epoch } = front.state;
      for (let count = 1; count <= entries.length; count += 4) {
        const held = { ...foldAll(emptyState(front.id), entries.slice(0, count)), epoch };
        const next = apply(held, [await front.sync({}, held)]);
        expect(plain(next)).toEqual(plain(stateOf(reading)));
      }
      const path = pathTo(treeOf(front.state), front.state.thread?.head ?? null);
      expect(await digestOf(path)).toBe(reading.digest);
    }
  }, 60_000);
});

function stateOf({ thread, messages, runs, cursor }: Reading): ThreadState {
  const byId = <Row extends { readonly id: string }>(rows: readonly Row[]) =>
    new Map(rows.map((row) => [row.id, row]));
  const state = { ...emptyState(thread.id), thread, messages: byId(messages), runs: byId(runs) };
  return { ...state, ts: Number(cursor.split("@")[0]) };
}

function plain({ ts, thread, messages, runs }: ThreadState): unknown {
  const bare = (_: string, value: unknown) => (value === null ? undefined : value);
  const rows = { ts, thread, messages: [...messages.values()], runs: [...runs.values()] };
  return JSON.parse(JSON.stringify(rows, bare));
}
