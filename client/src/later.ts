// later.ts: a link, a wire and a list that are there before what they stand for has been loaded.

import type { Feed } from "./feed.js";
import type { Link, Open, Request, Sink, Wire } from "./link.js";
import { Listeners } from "./listeners.js";
import type { ConnectionView, LiveThreads, ThreadListView } from "./types.js";

const connecting: ConnectionView = {
  state: "connecting",
  leader: false,
  transport: null,
  retry: null,
};

/** Connecting, until it is known which link it is. */
export class LaterLink implements Link {
  readonly #listeners = new Listeners();
  #link: Link | null = null;
  #over = false;

  get view(): ConnectionView {
    return this.#link?.view ?? connecting;
  }

  become(link: Link): void {
    if (this.#over) return link.close();
    this.#link = link;
    link.subscribe(() => this.#listeners.tell());
    this.#listeners.tell();
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  send(request: Request, sink: Sink): () => void {
    if (this.#link !== null) return this.#link.send(request, sink);
    queueMicrotask(() => sink({ frame: "lost" }));
    return () => undefined;
  }

  reconnect(): void {
    this.#link?.reconnect();
  }

  close(): void {
    this.#over = true;
    this.#link?.close();
  }
}

/** Opens a wire whose code comes first. */
export function openLater(load: () => Promise<Open>): Open {
  return (events, clock) => {
    let wire: Wire | null = null;
    let over = false;
    load().then(
      (open) => {
        if (!over) wire = open(events, clock);
      },
      () => events.closed("lost"),
    );
    return {
      send: (id, request) => wire?.send(id, request),
      cancel: (id) => wire?.cancel(id),
      close: () => {
        over = true;
        wire?.close();
      },
    };
  };
}

const unknown: ThreadListView = { status: "loading", threads: [], error: null };

/** The list of threads; its code comes when somebody asks for it. */
export class LaterList implements LiveThreads {
  readonly #load: () => Promise<Feed>;
  #loading: Promise<void> | null = null;
  #feed: Feed | null = null;

  constructor(load: () => Promise<Feed>) {
    this.#load = load;
  }

  get view(): ThreadListView {
    return this.#feed?.view ?? unknown;
  }

  subscribe(listener: () => void): () => void {
    let over = false;
    let end: (() => void) | null = null;
    this.with((feed) => {
      if (over) return;
      end = feed.subscribe(listener);
      listener();
    });
    return () => {
      over = true;
      end?.();
    };
  }

  /** Does something with it, now if it is there. */
  with(task: (feed: Feed) => void): void {
    if (this.#feed !== null) return task(this.#feed);
    this.#loading ??= this.#load().then(
      (feed) => void (this.#feed = feed),
      () => void (this.#loading = null),
    );
    void this.#loading.then(() => this.#feed !== null && task(this.#feed));
  }

  end(): void {
    this.#feed?.end();
  }
}
