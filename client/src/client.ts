// SPDX-License-Identifier: Apache-2.0
// client.ts: all threads of one browser (or one process): makes the parts and connects them.
//
// The parts are machines: a session for each thread, the queue of changes (queue.ts), the deletions
// that can be undone (held.ts), the list of threads (feed.ts), a connection (net/link.ts) and the
// other tabs (sharing.ts). The client reads and writes the store only after it listens to the other
// tabs, so that it misses no change between the two.

import { systemClock } from "./clock.js";
import { digestOf } from "./digest.js";
import { keep } from "./equal.js";
import { createFeed, type Feed } from "./feed.js";
import type { SentFiles } from "./files.js";
import type { Held, Turn } from "./held.js";
import { newId } from "./id.js";
import { createListeners } from "./listeners.js";
import { createLive, past } from "./live.js";
import { type Http, createHttp } from "./net/http.js";
import { connecting, createLink, type Link } from "./net/link.js";
import { openSocket } from "./net/socket.js";
import type { Tabs } from "./net/tabs.js";
import { onHide, onOffline, onWake } from "./net/wake.js";
import { headPath } from "./path.js";
import { createQueue, type Queue, type QueueHost } from "./queue.js";
import { closed, gone } from "./results.js";
import { createSession } from "./session.js";
import type { Session } from "./session_face.js";
import type { SharingHost } from "./sharing.js";
import type {
  Client,
  Clock,
  ConnectionView,
  HeldDeletion,
  LiveThread,
  Options,
  Result,
  Store,
  Undoable,
} from "./types.js";
import type { Cursor } from "./wire.js";

/** The parts that are loaded while the store opens. */
export interface Loading {
  sharing(): Promise<Pick<typeof import("./sharing.js"), "canShare" | "share">>;
  held(): Promise<typeof import("./held.js")>;
}

const chunks: Loading = {
  sharing: () => import("./sharing.js"),
  held: () => import("./held.js"),
};

export const createClient = (
  options: Options,
  url: string,
  opening: Store | Promise<Store>,
  loading = chunks,
): Client => new BrowserClient(options, url, opening, loading);

type Deletion = Omit<HeldDeletion, "until">;

interface Made {
  readonly session: Session;
  readonly live: LiveThread;
  /** Resolves when the session has the copy of the store. */
  readonly loaded: Promise<void>;
}

// The public functions are fields, so that they can be called without their object.
class BrowserClient implements Client, QueueHost, SharingHost {
  readonly #listeners = createListeners();
  readonly subscribe = this.#listeners.add;
  readonly made = new Map<string, Made>();
  readonly ready: Promise<Store>;
  readonly queue: Queue;
  held: Held | null = null;
  readonly feed: Feed;
  readonly onWake = onWake;
  tabs: Tabs | undefined;
  over = false;
  readonly #options: Options;
  readonly #url: string;
  readonly #clock: Clock;
  readonly #http: Http;
  readonly #unwatch: () => void;
  #store: Store | undefined;
  #link: Link | undefined;
  #hiding: readonly HeldDeletion[] = [];
  #undoable: readonly Undoable[] = [];

  constructor(options: Options, url: string, opening: Store | Promise<Store>, loading: Loading) {
    this.#options = options;
    this.#url = url;
    this.#clock = options.clock ?? systemClock;
    this.#http = createHttp(url, options);
    this.ready = this.#begin(opening, loading);
    this.queue = createQueue(this);
    this.feed = this.#createFeed();
    void this.ready.then(() => this.held?.look());
    this.#unwatch = onHide(() => {
      for (const { session } of this.made.values()) session.keepNow();
    });
  }

  // --- Start -------------------------------------------------------------------------------------

  async #begin(opening: Store | Promise<Store>, loading: Loading): Promise<Store> {
    // If the chunk can't be loaded (the page's files are gone), nothing can be undone: deletions
    // are sent at once, and those that the store holds back wait for the next page.
    const loadingHeld = loading.held().catch(() => null);
    const store = (this.#store = await opening);
    this.held = this.#createHeld(await loadingHeld);
    await this.#join(store, loading);
    return store;
  }

  // Opens a link of its own, or joins the other tabs.
  async #join({ shared }: Store, { sharing }: Loading): Promise<void> {
    const may = this.#options.tabs !== false && shared;
    const loaded = may && (await sharing().catch(() => null));
    try {
      if (loaded && loaded.canShare())
        this.tabs = loaded.share(`${shared} ${this.#url}`, newId("t"), this);
    } catch {
      // A page without an origin of its own has no channel.
    }
    // If the client is closed already, it still tells the other tabs its changes.
    if (this.over && !this.tabs) return;
    this.#link = this.tabs?.link ?? this.open();
    this.#link.subscribe(() => this.#connectionChanged());
    if (!this.tabs) void this.leads();
    this.#connectionChanged();
  }

  // This tab's own connection: it is alone, or it leads.
  open(): Link {
    const { WebSocket: given, transport, random = Math.random } = this.#options;
    const web = given ?? (globalThis.WebSocket as typeof WebSocket | undefined);
    return createLink({
      clock: this.#clock,
      random,
      socket: web && transport !== "sse" ? openSocket(this.#url, this.#http, web) : null,
      events: async () => (await import("./net/events.js")).openEvents(this.#http),
      onWake,
      onOffline,
    });
  }

  async leads(): Promise<void> {
    await this.queue.takeOver();
    this.#connectionChanged();
  }

  after(milliseconds: number, task: () => void): () => void {
    return this.#clock.after(milliseconds, task);
  }

  get device(): string {
    return this.#store?.device ?? "";
  }

  get connection(): ConnectionView {
    return this.#link?.view ?? connecting;
  }

  get online(): boolean {
    return !this.over && this.connection.state === "online";
  }

  #connectionChanged(): void {
    for (const { session } of this.made.values()) this.#connect(session);
    this.feed.act();
    this.held?.act();
    this.#listeners.tell();
  }

  #connect(session: Session): void {
    session.connected(this.online, this.connection.leader);
  }

  // Sessions and the feed send only while the link is online; before that this does nothing.
  #send: Link["send"] = (request, sink) => this.#link?.send(request, sink) ?? (() => undefined);

  readonly reconnect = (): void => {
    this.#http.renew();
    this.#link?.reconnect();
  };

  readonly close = async (): Promise<void> => {
    if (this.over) return;
    this.over = true;
    this.#unwatch();
    this.feed.end();
    const holding = this.held?.end(closed);
    for (const { session } of this.made.values()) session.end();
    // The other tabs read the store when this one has gone, so it finishes its writes first.
    await Promise.allSettled([this.queue.end(), holding]);
    this.#link?.close();
    this.#store?.close();
  };

  // --- Deletions that can be undone, and the list ------------------------------------------------

  #createHeld(loaded: Awaited<ReturnType<Loading["held"]>> | null): Held | null {
    if (!loaded) return null;
    return loaded.createHeld({
      clock: this.#clock,
      store: () => this.ready,
      leads: () => !this.over && this.connection.leader,
      send: (deletion, turn) => this.#delete(deletion, turn),
      changed: (deletions) => {
        this.#hiding = deletions;
        for (const { session } of this.made.values()) this.#hide(session);
        this.feed.refresh();
        this.#listeners.tell();
      },
      tell: (outcome) => this.tabs?.held(outcome),
    });
  }

  async #delete({ thread, message, seen }: Deletion, turn?: Turn): Promise<Result> {
    if (message !== null) {
      const change = { type: "delete_message", message, if_unchanged: true } as const;
      return this.queue.add({ thread, change, seen }, turn);
    }
    return !turn || (await turn.mine()) ? this.thread(thread).delete() : gone;
  }

  // At once, or when the store is open.
  #hold(thread: string, message: string | null, seen: Cursor | null): Promise<Result> {
    const deletion = { id: newId("u"), thread, message, seen };
    const take = () => this.held?.hold(deletion) ?? this.#delete(deletion);
    return this.held ? take() : this.ready.then(take);
  }

  #createFeed(): Feed {
    return createFeed({
      read: async () => (await past()).listOf(this.#http),
      clock: this.#clock,
      online: () => this.online,
      send: this.#send,
      kept: async () => (await this.ready).threads(),
      keep: (list) => this.queue.write((to) => to.keepThreads(list)),
      appeared: (thread) => this.made.get(thread)?.session.appeared(),
      removed: (thread) => this.made.get(thread)?.session.deleted(),
      hidden: (thread) => this.isHidden(thread),
    });
  }

  get undoable(): readonly Undoable[] {
    return (this.#undoable = keep(this.#undoable, this.held?.undoable ?? []));
  }

  readonly undo = async (id: string): Promise<boolean> => this.held?.undo(id) ?? false;

  isHidden(thread: string): boolean {
    return this.#hiding.some((it) => it.thread === thread && it.message === null);
  }

  #hide(session: Session): void {
    const { id } = session;
    const messages = this.#hiding.flatMap((it) => (it.thread === id ? (it.message ?? []) : []));
    session.hide(messages, this.isHidden(id));
  }

  // --- Threads -----------------------------------------------------------------------------------

  readonly thread = (id: string): LiveThread => this.#make(id).live;
  readonly threads = (): Feed => this.feed;
  readonly files = async (): Promise<SentFiles> =>
    (await import("./files.js")).filesOf(this.#http, this.#clock);
  readonly agents = async (): ReturnType<Client["agents"]> => (await past()).agentsOf(this.#http);

  session(thread: string): Session {
    return this.#make(thread).session;
  }

  #make(id: string): Made {
    const known = this.made.get(id);
    if (known) return known;
    if (!/^(?!\.\.?$)[\w.:-]{1,128}$/.test(id)) {
      throw new Error(`${JSON.stringify(id)} is no thread id: use 1-128 of A-Za-z0-9._:-`);
    }
    const { add: subscribe, tell } = createListeners((any) => session.watch(any));
    const session = this.#createSession(id, tell);
    const live = this.#createLive(session, subscribe);
    const all = { session, live, loaded: this.#load(session) };
    this.made.set(id, all);
    this.#hide(session);
    this.#connect(session);
    return all;
  }

  #createSession(id: string, changed: () => void): Session {
    const { queue } = this;
    return createSession(id, {
      device: () => this.device,
      sync: (request, sink) => this.#send({ sync: request }, sink),
      after: (milliseconds, task) => this.after(milliseconds, task),
      random: this.#options.random ?? Math.random,
      settled: (thread, outcomes) => queue.settled(thread, outcomes),
      renumber: (thread, ops, seen) => void queue.renumber(thread, ops, seen),
      keep: (thread) => queue.write((to) => to.keepThread(thread)),
      drop: (thread) => queue.write((to) => to.dropThread(thread)),
      missing: (thread) => this.feed.want(thread),
      changed,
    });
  }

  #createLive(session: Session, subscribe: LiveThread["subscribe"]): LiveThread {
    const { id } = session;
    return createLive(session, {
      http: this.#http,
      subscribe,
      author: this.#options.author,
      files: this.files,
      add: (change) => this.queue.add(change),
      hold: (message) => this.#hold(id, message, session.seen().cursor),
      forgetLost: () => {
        const messages = session.view.lost.map((it) => it.id);
        session.forgetLost(messages);
        this.tabs?.forgotten(id, messages);
      },
      dropped: () => {
        session.deleted();
        this.tabs?.dropped(id);
        // The user who deletes a thread no longer needs its refused changes.
        for (const { op } of session.view.refused) session.dismiss(op);
      },
    });
  }

  async #load(session: Session): Promise<void> {
    const from = await this.ready;
    const [stored, pending] = await Promise.all([from.thread(session.id), from.pending()]);
    session.load(stored, pending);
    // The digest only checks the stored copy; without it the cursor is enough.
    session.start(stored && (await digestOf(headPath(session.state)).catch(() => null)));
  }
}
