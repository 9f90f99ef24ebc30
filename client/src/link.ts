// link.ts: the connection, opened again whenever it is lost.
//
// It carries requests and owns nothing else: when a connection goes, every open request is told
// `lost`, and whoever asked asks again, from the cursor that it holds, once the link is online.
//
// Is it alive? Browsers answer a server's pings without a word, and an idle thread sends nothing, so
// silence means nothing by itself. A connection that died without a good-bye (a laptop that slept, a
// phone that changed networks) shows only when something is asked. So something is asked: when the
// page becomes visible or the browser is online again, when an answer is waited for in vain for 20 s,
// and after a minute of silence otherwise. No answer within 5 s: it is dead.

import type { Listeners } from "./listeners.js";
import type { Clock, Connection, ConnectionView } from "./types.js";
import type { FailureFrame, FeedFrame, Frame, SyncRequest } from "./wire.js";

export type Request =
  | { readonly sync: SyncRequest & { readonly thread: string } }
  | { readonly feed: { readonly cursor?: string | undefined } };
export type WireFrame = Frame | FeedFrame;
export type Sink = (frame: WireFrame | { readonly frame: "lost" }) => void;

/** What carries requests: the connection itself, or a way to the tab that holds it. */
export interface Link {
  readonly view: ConnectionView;
  subscribe(listener: () => void): () => void;
  /** Frames up to the one that ends it (`end`, `failure`, `lost`). Returns how to cancel it. */
  send(request: Request, sink: Sink): () => void;
  reconnect(): void;
  close(): void;
}

/** One connection that was opened once. */
export interface Wire {
  send(id: string, request: Request): void;
  cancel(id: string): void;
  close(): void;
}

export interface WireEvents {
  opened(): void;
  heard(): void;
  frame(id: string, frame: WireFrame): void;
  /** `blocked`: it can't be had, though plain requests pass. `going`: the server restarts. */
  closed(why: "lost" | "going" | "unauthorized" | "blocked"): void;
}

export type Open = (events: WireEvents, clock: Clock) => Wire;

export interface LinkSettings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly socket: Open | null;
  readonly events: Open;
  readonly listeners: Listeners;
  /** Calls when the page has come back to life. */
  readonly onWake: (task: () => void) => () => void;
}

const firstDelay = 250;
const longestDelay = 30_000;
const awaitedSilence = 20_000;
const idleSilence = 60_000;
const answeredWithin = 5_000;
const requestCharactersMax = 15 << 20;
// Of no thread that anybody makes: the refusal is the answer.
const probe: Request = { sync: { thread: "-", follow: "none" } };

interface Open_ {
  readonly sink: Sink;
  readonly awaited: boolean;
}

export class NetLink implements Link {
  readonly #settings: LinkSettings;
  readonly #listeners: Listeners;
  readonly #open = new Map<string, Open_>();
  readonly #unwatch: () => void;
  #view: ConnectionView = { state: "connecting", leader: true, transport: null, retry: null };
  #wire: Wire | null = null;
  #generation = 0;
  #requests = 0;
  #failures = 0;
  #blocked = 0;
  #heard = 0;
  #timer: () => void = () => undefined;
  #probing: (() => void) | null = null;
  #over = false;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
    this.#listeners = settings.listeners;
    this.#unwatch = settings.onWake(() => this.#woken());
    this.#connect();
  }

  get view(): ConnectionView {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  send(request: Request, sink: Sink): () => void {
    const id = `${++this.#requests}`;
    const awaited = "sync" in request && request.sync.follow === "none";
    this.#open.set(id, { sink, awaited });
    if (this.#view.state !== "online") {
      this.#later(() => this.#finish(id)?.({ frame: "lost" }));
    } else if (tooLarge(request)) {
      this.#later(() => this.#finish(id)?.(largeFailure));
    } else {
      this.#wire?.send(id, request);
    }
    return () => {
      if (this.#open.delete(id)) this.#wire?.cancel(id);
    };
  }

  reconnect(): void {
    if (this.#over || this.#view.state === "online" || this.#view.state === "connecting") return;
    this.#failures = 0;
    this.#connect();
  }

  close(): void {
    this.#over = true;
    this.#unwatch();
    this.#drop();
    this.#lose();
  }

  #later(task: () => void): void {
    queueMicrotask(task);
  }

  // --- Opening -----------------------------------------------------------------------------------

  #connect(): void {
    this.#drop();
    const { socket, events, clock } = this.#settings;
    const generation = ++this.#generation;
    const overSocket = socket !== null && this.#blocked < 2;
    const current = (task: () => void) => {
      if (generation === this.#generation && !this.#over) task();
    };
    this.#show("connecting", null);
    this.#wire = (overSocket ? socket : events)(
      {
        opened: () => current(() => this.#opened(overSocket ? "websocket" : "sse")),
        heard: () => current(() => this.#listen()),
        frame: (id, frame) => current(() => this.#take(id, frame)),
        closed: (why) => current(() => this.#closed(why)),
      },
      clock,
    );
  }

  #opened(transport: "websocket" | "sse"): void {
    if (transport === "websocket") this.#blocked = 0;
    this.#heard = this.#settings.clock.now();
    this.#view = { state: "online", leader: true, transport, retry: null };
    this.#watchSilence();
    this.#listeners.tell();
  }

  #closed(why: "lost" | "going" | "unauthorized" | "blocked"): void {
    this.#drop();
    if (why === "blocked") this.#blocked += 1;
    if (why === "unauthorized") this.#show("unauthorized", null);
    else this.#retryLater(why === "going" ? 1_000 : firstDelay);
    this.#lose();
  }

  #retryLater(first: number): void {
    const { clock, random } = this.#settings;
    const longest = Math.min(longestDelay, first * 2 ** Math.min(this.#failures++, 16));
    const delay = longest * (0.5 + random() / 2);
    this.#timer = clock.after(delay, () => this.#connect());
    this.#show("offline", clock.now() + delay);
  }

  #drop(): void {
    this.#generation += 1;
    this.#timer();
    this.#probing?.();
    this.#probing = null;
    this.#wire?.close();
    this.#wire = null;
  }

  #lose(): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { sink } of open) sink({ frame: "lost" });
  }

  // --- What comes --------------------------------------------------------------------------------

  #take(id: string, frame: WireFrame): void {
    this.#failures = 0;
    const open = this.#open.get(id);
    if (open === undefined) return;
    if (frame.frame === "end" || frame.frame === "failure") this.#open.delete(id);
    open.sink(frame);
  }

  #finish(id: string): Sink | undefined {
    const open = this.#open.get(id);
    this.#open.delete(id);
    return open?.sink;
  }

  // --- Is it alive? ------------------------------------------------------------------------------

  #listen(): void {
    this.#heard = this.#settings.clock.now();
    this.#probing?.();
    this.#probing = null;
  }

  #watchSilence(): void {
    const { clock } = this.#settings;
    this.#timer = clock.after(awaitedSilence / 2, () => {
      const silence = clock.now() - this.#heard;
      const awaited = [...this.#open.values()].some((it) => it.awaited);
      if (silence >= (awaited ? awaitedSilence : idleSilence)) this.#probe();
      this.#watchSilence();
    });
  }

  #probe(): void {
    if (this.#probing !== null || this.#wire === null) return;
    this.#wire.send(`${++this.#requests}`, probe);
    this.#probing = this.#settings.clock.after(answeredWithin, () => {
      this.#drop();
      this.#connect();
      this.#lose();
    });
  }

  #woken(): void {
    if (this.#view.state === "online") this.#probe();
    else if (this.#view.state === "offline") this.reconnect();
  }

  #show(state: Connection, retry: number | null): void {
    this.#view = { state, leader: true, transport: null, retry };
    this.#listeners.tell();
  }
}

const largeFailure: FailureFrame = {
  frame: "failure",
  status: 413,
  code: "too_large",
  detail: "The request is larger than the server takes.",
  retry: false,
};

// A socket that is sent more is closed, with all that goes over it.
function tooLarge(request: Request): boolean {
  if (!("sync" in request) || request.sync.changes === undefined) return false;
  const text = JSON.stringify(request);
  if (text.length * 3 < requestCharactersMax) return false;
  return new TextEncoder().encode(text).length > requestCharactersMax;
}
