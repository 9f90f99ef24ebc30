// socket.ts: one WebSocket for all threads.
//
// Each request has an id, and what comes back carries it. A browser can't send headers with a
// socket, so a one-use ticket stands for the token.

import type { Http } from "./http.js";
import type { Open, Wire, WireEvents, WireFrame } from "./link.js";
import type { Problem } from "./wire.js";

const openedWithin = 10_000;

export interface SocketSettings {
  readonly url: string;
  readonly http: Http;
  readonly WebSocket: typeof WebSocket;
}

export function openSocket(settings: SocketSettings): Open {
  return (events, clock) => {
    const socket = new SocketWire(settings, events);
    const cancel = clock.after(openedWithin, () => socket.giveUp());
    socket
      .start()
      .finally(cancel)
      .catch(() => undefined);
    return socket;
  };
}

class SocketWire implements Wire {
  readonly #settings: SocketSettings;
  readonly #events: WireEvents;
  #web: WebSocket | null = null;
  #opened = false;
  #over = false;

  constructor(settings: SocketSettings, events: WireEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  /** Resolves when it is open, or never will be. */
  async start(): Promise<void> {
    const { http, url } = this.#settings;
    try {
      const ticket = await ticketOf(http);
      if (this.#over) return;
      if (ticket === undefined) return this.#end("blocked");
      const query = ticket === null ? "" : `?ticket=${encodeURIComponent(ticket)}`;
      const address = `${url.replace(/^http/, "ws")}/v1/socket${query}`;
      const web = new this.#settings.WebSocket(address, ["lockstep.v1.json"]);
      this.#web = web;
      await new Promise<void>((resolve) => {
        web.onopen = () => {
          this.#opened = true;
          if (!this.#over) this.#events.opened();
          resolve();
        };
        web.onmessage = (event) => this.#take(event.data);
        web.onclose = (event) => {
          void this.#closed(event.code);
          resolve();
        };
        web.onerror = () => undefined;
      });
    } catch (error) {
      const { status } = error as Partial<Problem>;
      this.#end(status === 401 || status === 403 ? "unauthorized" : "lost");
    }
  }

  giveUp(): void {
    if (this.#opened) return;
    this.close();
    void this.#closed(1006);
  }

  send(id: string, request: { readonly [kind: string]: object }): void {
    const call: Record<string, object> = {};
    for (const [kind, body] of Object.entries(request)) call[kind] = { id, ...body };
    this.#say(call);
  }

  cancel(id: string): void {
    this.#say({ cancel: id });
  }

  close(): void {
    const web = this.#web;
    this.#web = null;
    this.#over ||= this.#opened;
    if (web === null) return;
    web.onmessage = null;
    web.close();
  }

  #say(call: object): void {
    if (this.#web?.readyState === 1) this.#web.send(JSON.stringify(call));
  }

  #take(data: unknown): void {
    if (this.#over || typeof data !== "string") return;
    this.#events.heard();
    let frame: WireFrame & { readonly id?: string };
    try {
      frame = JSON.parse(data) as typeof frame;
    } catch {
      // Half a frame can't come out of a WebSocket: whoever speaks here is not a server of ours.
      this.close();
      return this.#end("lost");
    }
    if (typeof frame.id === "string") this.#events.frame(frame.id, frame);
  }

  async #closed(code: number): Promise<void> {
    if (this.#over) return;
    const { http } = this.#settings;
    if (code === 4401) {
      // The token may have ended meanwhile: a new one is asked for with the next ticket.
      http.renew();
      return this.#end(http.hasToken ? "lost" : "unauthorized");
    }
    if (this.#opened) return this.#end(code === 1001 ? "going" : "lost");
    // Browsers don't say why a socket did not open. If plain requests pass, something on the way
    // does not let sockets through, or the token is wanted.
    const answer = await http.ask("/v1/threads?limit=1").catch(() => null);
    this.#end(answer === null ? "lost" : answer.status === 401 ? "unauthorized" : "blocked");
  }

  #end(why: Parameters<WireEvents["closed"]>[0]): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.closed(why);
  }
}

/** For what can carry no header. Null: none is needed, undefined: this server gives none. */
async function ticketOf(http: Http): Promise<string | null | undefined> {
  if (!http.hasToken) return null;
  const answer = await http.ask("/v1/tickets", { method: "POST" });
  if (answer.status === 404 || answer.status === 405) return undefined;
  if (!answer.ok) throw await http.problem(answer);
  return ((await answer.json()) as { ticket: string }).ticket;
}
