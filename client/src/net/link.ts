// SPDX-License-Identifier: Apache-2.0
// link.ts: the connection, opened again whenever it is lost.
//
// It carries requests and has no other state: when a connection ends, every open request gets
// `lost`, and its sender asks again, from the cursor that it holds, once the link is online.
//
// Is it alive? Browsers answer a server's pings without telling the page, and an idle thread sends
// nothing, so silence alone proves nothing. A connection that died without a close (a laptop slept,
// a phone changed networks) shows only when the client asks something. So the link sends a probe:
// when the page becomes visible or the browser is online again, after 20 s of silence while an
// answer is due, and after a minute of silence otherwise. If no answer comes within 5 s, it opens a
// new one.

import { delayAfter } from "../clock.js";
import { createListeners } from "../listeners.js";
import type { Clock, Connection, ConnectionView } from "../types.js";
import type { FailureFrame, FeedFrame, Frame, SyncRequest } from "../wire.js";

/** Before it is known which tab leads, and whether there is a connection. */
export const connecting: ConnectionView = {
  state: "connecting",
  leader: false,
  transport: null,
  retry: null,
};

export type Request =
  | { readonly sync: SyncRequest & { readonly thread: string } }
  | { readonly feed: { readonly cursor?: string | undefined } };
export type WireFrame = Frame | FeedFrame;
export type Sink = (frame: WireFrame | { readonly frame: "lost" }) => void;

/** Carries requests: the connection itself, or a way to the tab that holds it. */
export interface Link {
  readonly view: ConnectionView;
  subscribe(listener: () => void): () => void;
  /** `sink` gets frames up to a last one: `end`, `failure` or `lost`. Returns a cancel function. */
  send(request: Request, sink: Sink): () => void;
  reconnect(): void;
  close(): void;
}

/** One connection: a WebSocket, or requests whose answers are event streams. Opened once. */
export interface Transport {
  send(id: string, request: Request): void;
  cancel(id: string): void;
  /** No event is called after it. */
  close(): void;
}

/** `blocked`: no socket opens, though plain requests pass. `going`: the server restarts. */
export type Lost = "lost" | "going" | "unauthorized" | "blocked";

export interface TransportEvents {
  opened(): void;
  heard(): void;
  frame(id: string, frame: WireFrame): void;
  closed(why: Lost): void;
}

export type Open = (events: TransportEvents, clock: Clock) => Transport;

export interface LinkSettings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly socket: Open | null;
  /** Loaded when no socket opens. */
  readonly events: () => Promise<Open>;
  /** Calls `task` when the page is visible or online again. */
  readonly onWake: (task: () => void) => () => void;
  /** Calls `task` when the browser says that it has no network. */
  readonly onOffline: (task: () => void) => () => void;
}

const firstDelay = 250;
const awaitedSilence = 20_000;
const idleSilence = 60_000;
const answeredWithin = 5_000;
const requestBytesMax = 15 << 20;
// Names a thread that no client makes: the refusal is the answer.
const probe: Request = { sync: { thread: "-", follow: "none" } };

interface Asked {
  readonly sink: Sink;
  readonly awaited: boolean;
}

export const createLink = (settings: LinkSettings): Link => new NetLink(settings);

class NetLink implements Link {
  view: ConnectionView = connecting;
  readonly #settings: LinkSettings;
  readonly #listeners = createListeners();
  readonly #open = new Map<string, Asked>();
  readonly #unwatch: readonly (() => void)[];
  #transport: Transport | null = null;
  #generation = 0;
  #requests = 0;
  #failures = 0;
  #blocked = 0;
  #heard = 0;
  #over = false;
  #cancelTimer: (() => void) | undefined;
  #cancelProbe: (() => void) | undefined;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
    this.#unwatch = [
      settings.onWake(() => {
        if (this.view.state === "online") this.#ask();
        else if (this.view.state === "offline") this.reconnect();
      }),
      // The link goes on trying: a server on this machine needs no network.
      settings.onOffline(() => {
        if (isUp(this.view)) this.#closed("lost");
      }),
    ];
    this.#connect();
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  #show(state: Connection, retry: number | null = null, transport: TransportName = null): void {
    this.view = { state, leader: true, transport, retry };
    this.#listeners.tell();
  }

  // --- Opening -----------------------------------------------------------------------------------

  #connect(): void {
    const { socket, events, clock } = this.#settings;
    this.#drop();
    const own = this.#generation;
    const current = (task: () => void) => {
      if (own === this.#generation) task();
    };
    const overSocket = socket !== null && this.#blocked < 2;
    this.#show("connecting");
    const told: TransportEvents = {
      opened: () => current(() => this.#opened(overSocket ? "websocket" : "sse")),
      heard: () => current(() => this.#listen()),
      frame: (id, frame) =>
        current(() => {
          this.#failures = 0;
          this.#take(id, frame);
        }),
      closed: (why) => current(() => this.#closed(why)),
    };
    const begin = (open: Open) => current(() => void (this.#transport = open(told, clock)));
    if (overSocket) begin(socket);
    else events().then(begin, () => told.closed("lost"));
  }

  #opened(transport: TransportName): void {
    if (transport === "websocket") this.#blocked = 0;
    this.#heard = this.#settings.clock.now();
    this.#watchSilence();
    this.#show("online", null, transport);
  }

  #closed(why: Lost): void {
    this.#drop();
    if (why === "blocked") this.#blocked += 1;
    if (why === "unauthorized") this.#show(why);
    else this.#retryLater(why === "going" ? 1_000 : firstDelay);
    this.#lose();
  }

  #retryLater(first: number): void {
    const { clock, random } = this.#settings;
    const delay = delayAfter(this.#failures++, first, random);
    this.#cancelTimer = clock.after(delay, () => this.#connect());
    this.#show("offline", clock.now() + delay);
  }

  // Frames of the former transport are ignored from now on.
  #drop(): void {
    this.#generation += 1;
    this.#cancelTimer?.();
    this.#listen();
    this.#transport?.close();
    this.#transport = null;
  }

  #lose(): void {
    for (const id of [...this.#open.keys()]) this.#take(id, { frame: "lost" });
  }

  reconnect(): void {
    if (this.#over || isUp(this.view)) return;
    this.#failures = 0;
    this.#connect();
  }

  close(): void {
    this.#over = true;
    for (const stop of this.#unwatch) stop();
    this.#drop();
    this.#lose();
  }

  // --- Requests and frames -----------------------------------------------------------------------

  send(request: Request, sink: Sink): () => void {
    const id = `${++this.#requests}`;
    const awaited = "sync" in request && request.sync.follow === "none";
    this.#open.set(id, { sink, awaited });
    const refused: Parameters<Sink>[0] | false =
      this.view.state === "online" ? tooLarge(request) && largeFailure : { frame: "lost" };
    if (refused) queueMicrotask(() => this.#take(id, refused));
    else this.#transport?.send(id, request);
    return () => {
      if (this.#open.delete(id)) this.#transport?.cancel(id);
    };
  }

  #take(id: string, frame: Parameters<Sink>[0]): void {
    const asked = this.#open.get(id);
    if (["end", "failure", "lost"].includes(frame.frame)) this.#open.delete(id);
    asked?.sink(frame);
  }

  // --- Is it alive? ------------------------------------------------------------------------------

  #listen(): void {
    this.#heard = this.#settings.clock.now();
    this.#cancelProbe?.();
    this.#cancelProbe = undefined;
  }

  #watchSilence(): void {
    const { clock } = this.#settings;
    this.#cancelTimer = clock.after(awaitedSilence / 2, () => {
      const awaited = [...this.#open.values()].some((it) => it.awaited);
      if (clock.now() - this.#heard >= (awaited ? awaitedSilence : idleSilence)) this.#ask();
      this.#watchSilence();
    });
  }

  #ask(): void {
    if (this.#cancelProbe) return;
    this.#transport?.send(`${++this.#requests}`, probe);
    this.#cancelProbe = this.#settings.clock.after(answeredWithin, () => {
      this.#connect();
      this.#lose();
    });
  }
}

const isUp = ({ state }: ConnectionView) => state === "online" || state === "connecting";

type TransportName = ConnectionView["transport"];

const largeFailure: FailureFrame = {
  frame: "failure",
  status: 413,
  code: "too_large",
  detail: "Over 15 MiB: send less.",
  retry: false,
};

// The server closes a socket that gets a larger message, and so ends every request on it.
const tooLarge = (request: Request): boolean => {
  if (!("sync" in request) || !request.sync.changes) return false;
  return new TextEncoder().encode(JSON.stringify(request)).length > requestBytesMax;
};
