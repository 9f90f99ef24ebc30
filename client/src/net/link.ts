// SPDX-License-Identifier: Apache-2.0
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

import { delayAfter } from "../clock.js";
import { listenersOf } from "../listeners.js";
import type { Clock, Connection, ConnectionView } from "../types.js";
import type { FailureFrame, FeedFrame, Frame, SyncRequest } from "../wire.js";

/** Nobody knows yet who leads, or whether there is a connection. */
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
  /** Nothing is told after it. */
  close(): void;
}

/** `blocked`: it can't be had, though plain requests pass. `going`: the server restarts. */
export type Lost = "lost" | "going" | "unauthorized" | "blocked";

export interface WireEvents {
  opened(): void;
  heard(): void;
  frame(id: string, frame: WireFrame): void;
  closed(why: Lost): void;
}

export type Open = (events: WireEvents, clock: Clock) => Wire;

export interface LinkSettings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly socket: Open | null;
  /** Loaded when no socket can be had. */
  readonly events: () => Promise<Open>;
  /** Calls when the page has come back to life. */
  readonly onWake: (task: () => void) => () => void;
  /** Calls when the browser says that it has no network. */
  readonly onOffline: (task: () => void) => () => void;
}

const firstDelay = 250;
const awaitedSilence = 20_000;
const idleSilence = 60_000;
const answeredWithin = 5_000;
const requestBytesMax = 15 << 20;
// Of no thread that anybody makes: the refusal is the answer.
const probe: Request = { sync: { thread: "-", follow: "none" } };

interface Asked {
  readonly sink: Sink;
  readonly awaited: boolean;
}

export const netLink = (settings: LinkSettings): Link => {
  const { clock, random, socket, events } = settings;
  const listeners = listenersOf();
  const open = new Map<string, Asked>();
  let view: ConnectionView;
  let wire: Wire | null = null;
  let generation = 0;
  let requests = 0;
  let failures = 0;
  let blocked = 0;
  let heard = 0;
  let over = false;
  let cancelTimer: (() => void) | undefined;
  let cancelProbe: (() => void) | undefined;

  const show = (
    state: Connection,
    retry: number | null = null,
    transport: Transport = null,
  ): void => {
    view = { state, leader: true, transport, retry };
    listeners.tell();
  };

  // --- Opening -----------------------------------------------------------------------------------

  const connect = (): void => {
    drop();
    const own = generation;
    const current = (task: () => void) => {
      if (own === generation) task();
    };
    const overSocket = socket !== null && blocked < 2;
    show("connecting");
    const told: WireEvents = {
      opened: () => current(() => opened(overSocket ? "websocket" : "sse")),
      heard: () => current(listen),
      frame: (id, frame) =>
        current(() => {
          failures = 0;
          take(id, frame);
        }),
      closed: (why) => current(() => closed(why)),
    };
    const begin = (it: Open) => current(() => void (wire = it(told, clock)));
    if (overSocket) begin(socket);
    else events().then(begin, () => told.closed("lost"));
  };

  const opened = (transport: Transport): void => {
    if (transport === "websocket") blocked = 0;
    heard = clock.now();
    watchSilence();
    show("online", null, transport);
  };

  const closed = (why: Lost): void => {
    drop();
    if (why === "blocked") blocked += 1;
    if (why === "unauthorized") show(why);
    else retryLater(why === "going" ? 1_000 : firstDelay);
    lose();
  };

  const retryLater = (first: number): void => {
    const delay = delayAfter(failures++, first, random);
    cancelTimer = clock.after(delay, connect);
    show("offline", clock.now() + delay);
  };

  // From now on nothing is heard of what was open.
  const drop = (): void => {
    generation += 1;
    cancelTimer?.();
    listen();
    wire?.close();
    wire = null;
  };

  const lose = (): void => {
    for (const id of [...open.keys()]) take(id, { frame: "lost" });
  };

  const reconnect = (): void => {
    if (over || view.state === "online" || view.state === "connecting") return;
    failures = 0;
    connect();
  };

  // --- What goes and comes -----------------------------------------------------------------------

  const take = (id: string, frame: Parameters<Sink>[0]): void => {
    const asked = open.get(id);
    if (["end", "failure", "lost"].includes(frame.frame)) open.delete(id);
    asked?.sink(frame);
  };

  // --- Is it alive? ------------------------------------------------------------------------------

  const listen = (): void => {
    heard = clock.now();
    cancelProbe?.();
    cancelProbe = undefined;
  };

  const watchSilence = (): void => {
    cancelTimer = clock.after(awaitedSilence / 2, () => {
      const awaited = [...open.values()].some((it) => it.awaited);
      if (clock.now() - heard >= (awaited ? awaitedSilence : idleSilence)) ask();
      watchSilence();
    });
  };

  const ask = (): void => {
    if (cancelProbe) return;
    wire?.send(`${++requests}`, probe);
    cancelProbe = clock.after(answeredWithin, () => {
      connect();
      lose();
    });
  };

  const unwatch = [
    settings.onWake(() => {
      if (view.state === "online") ask();
      else if (view.state === "offline") reconnect();
    }),
    // It is tried again all the same: a server on this machine needs no network.
    settings.onOffline(() => {
      if (view.state === "online" || view.state === "connecting") closed("lost");
    }),
  ];
  connect();

  return {
    get view() {
      return view;
    },
    subscribe: listeners.add,
    send(request, sink) {
      const id = `${++requests}`;
      const awaited = "sync" in request && request.sync.follow === "none";
      open.set(id, { sink, awaited });
      const refused: Parameters<Sink>[0] | false =
        view.state === "online" ? tooLarge(request) && largeFailure : { frame: "lost" };
      if (refused) queueMicrotask(() => take(id, refused));
      else wire?.send(id, request);
      return () => {
        if (open.delete(id)) wire?.cancel(id);
      };
    },
    reconnect,
    close() {
      over = true;
      for (const stop of unwatch) stop();
      drop();
      lose();
    },
  };
};

type Transport = ConnectionView["transport"];

const largeFailure: FailureFrame = {
  frame: "failure",
  status: 413,
  code: "too_large",
  detail: "The request is larger than the server takes.",
  retry: false,
};

// A socket that is sent more is closed, with all that goes over it.
const tooLarge = (request: Request): boolean => {
  if (!("sync" in request) || !request.sync.changes) return false;
  return new TextEncoder().encode(JSON.stringify(request)).length > requestBytesMax;
};
