// client.ts: all threads of one browser (or one process): who holds what, and who is told.
//
// A change goes the same way always: shown, numbered and kept by the store, sent by the session of
// its thread in the tab that leads, taken off when its outcome came.

import { systemClock } from "./clock.js";
import { digestOf } from "./digest.js";
import { Http } from "./http.js";
import { newId } from "./id.js";
import { LaterLink, LaterList, openLater } from "./later.js";
import type { Link } from "./link.js";
import { Listeners } from "./listeners.js";
import { Live } from "./live.js";
import { Session } from "./session.js";
import type { Tabs } from "./tabs.js";
import type {
  Client,
  Clock,
  ConnectionView,
  LiveThread,
  LiveThreads,
  Options,
  PendingChange,
  Result,
  Store,
  StoredThread,
} from "./types.js";
import { onHide, onWake } from "./wake.js";
import type { Cursor, Message, Outcome } from "./wire.js";

const loadedAgainAfter = 5_000;

type Answer = (outcome: Outcome) => void;

export class LockstepClient implements Client {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #store: Store;
  readonly #http: Http;
  readonly #link = new LaterLink();
  readonly #list: LaterList;
  readonly #author: string | undefined;
  readonly #threads = new Map<string, { readonly session: Session; readonly live: Live }>();
  readonly #answers = new Map<number, Answer>();
  readonly #ready: Promise<void>;
  #adding: Promise<unknown>;
  #tabs: Tabs | null = null;
  #device = "";
  #provisional = 0;
  #unwatch: () => void;
  #over = false;

  constructor(options: Options, url: string, store: Store) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#store = store;
    this.#http = new Http(url, options);
    this.#author = options.author;
    this.#list = new LaterList(async () => {
      const { Feed } = await import("./feed.js");
      await this.#ready;
      return new Feed({
        http: this.#http,
        link: this.#link,
        store,
        clock: this.#clock,
        listeners: new Listeners(),
        appeared: (thread) => this.#threads.get(thread)?.session.appeared(),
        removed: (thread) => this.#threads.get(thread)?.session.deleted(),
      });
    });
    this.#link.subscribe(() => this.#connection());
    this.#unwatch = onHide(() => {
      for (const { session } of this.#threads.values()) session.keepNow();
    });
    this.#ready = this.#start();
    this.#adding = this.#ready;
    void this.#ready.then(() => this.#join(options, url));
  }

  get device(): string {
    return this.#device;
  }

  get connection(): ConnectionView {
    return this.#link.view;
  }

  subscribe(listener: () => void): () => void {
    return this.#link.subscribe(listener);
  }

  thread(id: string): LiveThread {
    return this.#made(id).live;
  }

  threads(): LiveThreads {
    return this.#list;
  }

  reconnect(): void {
    this.#http.renew();
    this.#link.reconnect();
  }

  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#unwatch();
    this.#list.end();
    for (const { session } of this.#threads.values()) session.end();
    this.#link.close();
    for (const answer of this.#answers.values()) answer(closed);
    this.#answers.clear();
    await this.#adding.catch(() => undefined);
    await this.#writing.catch(() => undefined);
    this.#store.close();
  }

  // --- Beginning ---------------------------------------------------------------------------------

  // Only the tab that leads has a connection, and loads what makes one.
  #open(options: Options, url: string): Link {
    const given = options.WebSocket ?? (globalThis.WebSocket as typeof WebSocket | undefined);
    const wanted = options.transport === "sse" ? undefined : given;
    const http = this.#http;
    const link = new LaterLink();
    const load = async () => {
      const { NetLink, openSocket } = await import("./connection.js");
      const settings = {
        clock: this.#clock,
        random: this.#random,
        socket: wanted === undefined ? null : openSocket({ url, http, WebSocket: wanted }),
        events: openLater(async () => (await import("./events.js")).openEvents(http)),
        listeners: new Listeners(),
        onWake,
      };
      if (!this.#over) link.become(new NetLink(settings));
    };
    const attempt = () => void load().catch(() => this.#clock.after(loadedAgainAfter, attempt));
    attempt();
    return link;
  }

  // Alone, or with the other tabs.
  async #join(options: Options, url: string): Promise<void> {
    const open = () => this.#open(options, url);
    const shared = options.tabs === false ? null : this.#store.shared;
    const turns = globalThis.navigator?.locks !== undefined;
    const could = shared !== null && turns && typeof BroadcastChannel !== "undefined";
    const loaded = could ? await import("./tabs.js").catch(() => null) : null;
    if (loaded === null || this.#over) {
      if (!this.#over) this.#link.become(open());
      return this.#takeOver();
    }
    this.#tabs = loaded.joinTabs(`${shared} ${url}`, newId("t"), {
      onWake,
      open,
      added: (change) => this.#session(change.thread).add(change),
      settled: (thread, outcomes) => this.#settledElsewhere(thread, outcomes),
      renumbered: (thread, changes, former) => this.#renumbered(thread, changes, former),
      dropped: (thread) => this.#threads.get(thread)?.session.deleted(),
      leads: () => void this.#takeOver(),
    });
    this.#link.become(this.#tabs.link);
  }

  async #start(): Promise<void> {
    this.#device = await this.#store.device(newId("d"));
  }

  // What was not sent, before a reload or by the tab that led till now, is ours to send.
  async #takeOver(): Promise<void> {
    for (const change of await this.#store.pending()) this.#session(change.thread).add(change);
    this.#connection();
  }

  #connection(): void {
    for (const { session } of this.#threads.values()) this.#connect(session);
  }

  #connect(session: Session): void {
    const { state, leader } = this.#link.view;
    session.connected(state === "online" && !this.#over, leader);
  }

  #session(id: string): Session {
    return this.#made(id).session;
  }

  #made(id: string): { readonly session: Session; readonly live: Live } {
    const known = this.#threads.get(id);
    if (known !== undefined) return known;
    if (!/^[A-Za-z0-9._:-]{1,128}$/.test(id) || id === "." || id === "..") {
      throw new Error(`${JSON.stringify(id)} is no thread's id.`);
    }
    const session = new Session(
      id,
      this.#outside(() => live.tell()),
    );
    const live: Live = new Live(session, {
      http: this.#http,
      author: this.#author,
      add: (change) => this.#add(change),
      dropped: (thread) => {
        session.deleted();
        this.#tabs?.dropped(thread);
      },
    });
    const made = { session, live };
    this.#threads.set(id, made);
    this.#connect(session);
    void this.#load(session);
    return made;
  }

  async #load(session: Session): Promise<void> {
    await this.#ready;
    const [stored, pending] = await Promise.all([
      this.#store.thread(session.id),
      this.#store.pending(),
    ]);
    session.load(stored, pending);
    // The digest only guards what was stored; without it there is still the cursor.
    const digest = stored === null ? null : await digestOf(headPath(stored)).catch(() => null);
    session.start(digest);
  }

  #outside(changed: () => void): ConstructorParameters<typeof Session>[1] {
    return {
      device: () => this.#device,
      sync: (request, sink) => this.#link.send({ sync: request }, sink),
      after: (milliseconds, task) => this.#clock.after(milliseconds, task),
      random: this.#random,
      settled: (thread, outcomes) => this.#settled(thread, outcomes),
      renumber: (thread, ops, seen) => void this.#renumber(thread, ops, seen),
      keep: (thread) => this.#write(() => this.#store.keepThread(thread)),
      drop: (thread) => this.#write(() => this.#store.dropThread(thread)),
      missing: (thread) => this.#list.with((feed) => feed.want(thread)),
      changed,
    };
  }

  // What is stored is stored in order; a store that fails costs the copy, nothing else.
  #writing: Promise<unknown> = Promise.resolve();
  #write(task: () => Promise<unknown>): void {
    this.#writing = this.#writing.then(task).catch(() => undefined);
  }

  // --- Changes -----------------------------------------------------------------------------------

  #add(change: Omit<PendingChange, "op">): Promise<Result> {
    const provisional = --this.#provisional;
    const session = this.#session(change.thread);
    session.add({ ...change, op: provisional });
    return new Promise((resolve) => {
      this.#adding = this.#adding.then(async () => {
        const kept = await this.#store.add(change);
        if (this.#over) return resolve(resultOf(closed));
        this.#answers.set(kept.op, (outcome) => resolve(resultOf(outcome)));
        const known = session.add(kept, provisional);
        if (known !== null) this.#answer([known]);
        this.#tabs?.added(kept);
      });
    });
  }

  #settled(thread: string, outcomes: readonly Outcome[]): void {
    const ops = outcomes.flatMap((it) => (it.op === undefined ? [] : [it.op]));
    this.#write(() => this.#store.remove(thread, ops));
    this.#answer(outcomes);
    this.#tabs?.settled(thread, outcomes);
  }

  #settledElsewhere(thread: string, outcomes: readonly Outcome[]): void {
    this.#threads.get(thread)?.session.settle(outcomes);
    this.#answer(outcomes);
  }

  #answer(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.op === undefined) continue;
      this.#answers.get(outcome.op)?.(outcome);
      this.#answers.delete(outcome.op);
    }
  }

  async #renumber(thread: string, ops: readonly number[], seen: Cursor | null): Promise<void> {
    const changes = await this.#store.renumber(thread, ops, seen);
    this.#renumbered(thread, changes, ops);
    this.#tabs?.renumbered(thread, changes, ops);
  }

  #renumbered(thread: string, changes: readonly PendingChange[], former: readonly number[]): void {
    former.forEach((op, at) => {
      const answer = this.#answers.get(op);
      const now = changes[at]?.op;
      if (answer !== undefined && now !== undefined) this.#answers.set(now, answer);
      this.#answers.delete(op);
    });
    this.#session(thread).renumbered(changes, former);
  }
}

const closed: Outcome = {
  type: "start_run",
  outcome: "refused",
  code: "closed",
  detail: "Kept, and sent by the next client.",
};

function resultOf({ outcome, ts, code, detail }: Outcome): Result {
  if (outcome === "applied") return { ok: true, ts: ts ?? null };
  return { ok: false, code: code ?? "refused", detail: detail ?? "" };
}

function headPath({ thread, messages }: StoredThread): readonly Message[] {
  const known = new Map(messages.map((it) => [it.id, it]));
  const path: Message[] = [];
  let at = thread.head === null ? undefined : known.get(thread.head);
  while (at !== undefined) {
    path.push(at);
    at = at.parent === null ? undefined : known.get(at.parent);
  }
  return path.reverse();
}
