// SPDX-License-Identifier: Apache-2.0
// fake_server.ts: a server for simulated tabs, which follows the protocol for changes.
//
// It takes each op once, answers a repeated op from memory, and sends entries to followers. It ends
// every run at once without an answer, keeps all messages in one line, and sends them whole in a
// diff: the behaviour of tabs towards each other does not depend on more.

import { fold } from "../../../src/fold.js";
import { emptyState, type ThreadState } from "../../../src/state.js";
import type {
  Ack,
  Change,
  EntryFrame,
  Event,
  LastDiffFrame,
  Message,
  MessageInput,
  Outcome,
  SyncRequest,
} from "../../../src/wire.js";
import type { Process, World } from "./world.js";

type Call =
  | { readonly sync: SyncRequest & { readonly id: string; readonly thread: string } }
  | { readonly feed: { readonly id: string } }
  | { readonly cancel: string };
type Say = (frame: object) => void;

interface Held {
  state: ThreadState;
  removed: { readonly ts: number; readonly id: string }[];
  readonly answered: Map<string, Outcome>;
  readonly followers: Map<object, Map<string, Say>>;
}

export class FakeServer {
  readonly #world: World;
  readonly threads = new Map<string, Held>();
  readonly deleted = new Set<string>();
  readonly #feeds = new Map<object, Map<string, Say>>();
  readonly #sockets = new Set<SimSocket>();
  down = false;
  /** How often each op was taken as new. */
  readonly taken = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  cut(): void {
    for (const socket of [...this.#sockets]) socket.cut();
  }

  /** The options of a client in this process. */
  optionsFor(process: Process): {
    readonly WebSocket: typeof WebSocket;
    readonly fetch: typeof fetch;
  } {
    const server = this;
    const Socket = class {
      constructor() {
        return new SimSocket(server, process);
      }
    } as unknown as typeof WebSocket;
    const fetch = async (address: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      await process.later(() => undefined);
      if (this.down) throw new TypeError("the network is down");
      const [, id] = /\/v1\/threads\/([^/?]+)$/.exec(`${address}`) ?? [];
      if (init?.method === "DELETE" && id !== undefined) {
        this.delete(id);
        return new Response(null, { status: 204 });
      }
      const threads = [...this.threads.values()].map(({ state }) => state.thread);
      return Response.json({ threads, cursor: "0" });
    };
    return { WebSocket: Socket, fetch };
  }

  textsOf(thread: string): readonly string[] {
    return [...(this.threads.get(thread)?.state.messages.values() ?? [])].map(textOf);
  }

  wasDeleted(thread: string, result: object): boolean {
    const { message } = result as { readonly message?: unknown };
    return this.threads.get(thread)?.removed.some((it) => it.id === message) ?? false;
  }

  delete(id: string): void {
    this.deleted.add(id);
    const held = this.threads.get(id);
    this.threads.delete(id);
    for (const lines of held?.followers.values() ?? []) {
      for (const say of lines.values()) say({ frame: "end", cursor: "0@e", reason: "deleted" });
    }
    this.#tell({ frame: "feed", cursor: "1", removed: id });
  }

  // --- Connections -------------------------------------------------------------------------------

  opened(socket: SimSocket): void {
    this.#sockets.add(socket);
  }

  closed(socket: SimSocket): void {
    this.#sockets.delete(socket);
    this.#feeds.delete(socket);
    for (const { followers } of this.threads.values()) followers.delete(socket);
  }

  take(socket: SimSocket, call: Call): void {
    if ("cancel" in call) {
      this.#feeds.get(socket)?.delete(call.cancel);
      for (const { followers } of this.threads.values()) followers.get(socket)?.delete(call.cancel);
    } else if ("feed" in call) {
      lineOf(this.#feeds, socket).set(call.feed.id, socket.answers(call.feed.id));
    } else {
      const { id, thread, ...request } = call.sync;
      this.#sync(socket, thread, request, id, socket.answers(id));
    }
  }

  // --- The protocol ------------------------------------------------------------------------------

  #sync(socket: SimSocket, thread: string, request: SyncRequest, id: string, say: Say): void {
    if (this.deleted.has(thread)) return say({ ...refusal, status: 410, code: "deleted" });
    const changes = request.changes ?? [];
    const known = this.threads.get(thread);
    if (!known && changes.length === 0)
      return say({ ...refusal, status: 404, code: "unknown_thread" });
    const held = known ?? {
      state: { ...emptyState(thread), epoch: "e" },
      removed: [],
      answered: new Map(),
      followers: new Map(),
    };
    this.threads.set(thread, held);
    const outcomes = this.#decide(held, request.device ?? "", changes);
    say(diffOf(held, Number(request.cursor?.split("@")[0] ?? 0), outcomes));
    const cursor = `${held.state.ts}@e`;
    if (request.follow !== "live") return say({ frame: "end", cursor, reason: "done" });
    say({ frame: "live", cursor });
    lineOf(held.followers, socket).set(id, say);
  }

  #decide(held: Held, device: string, changes: readonly Change[]): readonly Outcome[] {
    return changes.map((change): Outcome => {
      const key = `${device} ${change.op}`;
      const known = held.answered.get(key);
      if (known) return { ...known, duplicate: true };
      this.taken.set(key, (this.taken.get(key) ?? 0) + 1);
      const prev = held.state.ts;
      const ts = Math.max(prev + 1, Math.floor(this.#world.now * 1_000));
      const events = eventsOf(held, change, ts);
      const outcome: Outcome = { op: change.op, type: change.type, outcome: "applied", ts };
      held.answered.set(key, outcome);
      const acks: Ack[] = [{ user: "u", device, op: change.op, outcome: "applied" }];
      const entry: EntryFrame = { frame: "entry", ts, prev, events, acks };
      held.state = fold(held.state, entry);
      for (const event of events) {
        if (event.type === "message_deleted") held.removed.push({ ts, id: event.message });
      }
      for (const lines of held.followers.values()) for (const say of lines.values()) say(entry);
      this.#tell({ frame: "feed", cursor: "1", thread: held.state.thread });
      return outcome;
    });
  }

  #tell(frame: object): void {
    for (const lines of this.#feeds.values()) for (const say of lines.values()) say(frame);
  }
}

const refusal = { frame: "failure", retry: false } as const;

const lineOf = (lines: Map<object, Map<string, Say>>, socket: object): Map<string, Say> => {
  const own = lines.get(socket) ?? new Map<string, Say>();
  lines.set(socket, own);
  return own;
};

const textOf = ({ parts }: Message) =>
  parts.map((it) => (it.type === "text" ? it.text : "")).join("");

const eventsOf = ({ state }: Held, change: Change, ts: number): readonly Event[] => {
  if (change.type === "start_run") {
    const { run = `run ${ts} ${change.op}`, input = [], agent = "default" } = change;
    const puts = input.flatMap((it) => putOf(state, it, ts));
    const of = { run, agent, input: [] } as const;
    const head = input.at(-1)?.id ?? null;
    return [
      ...puts,
      { type: "run_queued", ...of },
      { type: "run_started", run, attempt: 1, head, settings: "s" },
      { type: "run_ended", run, status: "completed" },
    ];
  }
  if (change.type === "put_message") return putOf(state, change.message, ts);
  if (change.type === "delete_message") {
    const doomed = new Set([change.message]);
    for (const it of state.messages.values()) {
      if (it.parent !== null && doomed.has(it.parent)) doomed.add(it.id);
    }
    const there = [...doomed].filter((it) => state.messages.has(it));
    const parent = state.messages.get(change.message)?.parent ?? null;
    const deleted = there.map((message) => ({ type: "message_deleted", message }) as const);
    return there.length === 0 ? [] : [...deleted, { type: "head_moved", head: parent }];
  }
  return [];
};

const putOf = (
  state: ThreadState,
  { id = "", text = "", role = "user" }: MessageInput,
  ts: number,
): readonly Event[] => {
  const parts = [{ type: "text", text }] as const;
  const held = state.messages.get(id);
  const parent = state.thread?.head ?? null;
  const message: Message = held
    ? { ...held, parts, updated: ts }
    : { id, parent, role, parts, status: "complete", created: ts, updated: ts };
  const put = { type: "message_put", message } as const;
  return held ? [put] : [put, { type: "head_moved", head: id }];
};

const diffOf = (
  { state, removed }: Held,
  from: number,
  outcomes: readonly Outcome[],
): LastDiffFrame => ({
  frame: "diff",
  cursor: `${state.ts}@e`,
  from,
  ...(state.thread && { thread: state.thread }),
  messages: [...state.messages.values()].filter((it) => it.updated > from),
  removed: removed.filter((it) => it.ts > from).map((it) => it.id),
  runs: [...state.runs.values()],
  outcomes,
});

/** A WebSocket of a process to the server; messages keep their order and have a delay. */
class SimSocket {
  readonly #server: FakeServer;
  readonly #process: Process;
  readonly #coming: (task: () => void) => void;
  readonly #going: (task: () => void) => void;
  #over = false;
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(server: FakeServer, process: Process) {
    this.#server = server;
    this.#process = process;
    this.#coming = process.inTurn();
    this.#going = process.inTurn();
    process.onCrash(() => this.#leave());
    this.#coming(() => {
      if (this.#over) return;
      if (server.down) return this.cut();
      server.opened(this);
      this.readyState = 1;
      this.onopen?.();
    });
  }

  send(data: string): void {
    this.#going(() => {
      if (!this.#over) this.#server.take(this, JSON.parse(data) as Call);
    });
  }

  answers(id: string): Say {
    return (frame) => {
      const data = JSON.stringify({ ...frame, id });
      this.#coming(() => {
        if (!this.#over) this.onmessage?.({ data });
      });
    };
  }

  close(): void {
    this.#leave();
  }

  cut(): void {
    if (this.#over) return;
    this.#leave();
    if (this.#process.alive) this.onclose?.({ code: 1006 });
  }

  #leave(): void {
    this.#over = true;
    this.readyState = 3;
    this.#server.closed(this);
  }
}
