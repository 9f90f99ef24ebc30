// later.ts: a link and a wire that are there before what they stand for has been loaded.

import type { Link, Open, Request, Sink, Wire } from "./link.js";
import { Listeners } from "./listeners.js";
import type { ConnectionView } from "./types.js";

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
