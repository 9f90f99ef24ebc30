// SPDX-License-Identifier: Apache-2.0
// socket.ts: one WebSocket for all threads.
//
// Each request has an id, and its frames carry it. A browser can't send headers with a socket, so a
// one-use ticket replaces the token.

import type { Http } from "./http.js";
import type { Lost, Open, Request, Transport, TransportEvents, WireFrame } from "./link.js";
import type { Clock } from "../types.js";

const openedWithin = 10_000;

export const openSocket =
  (url: string, http: Http, Socket: typeof WebSocket): Open =>
  (events, clock) =>
    new SocketTransport(http, events, clock, (query) => {
      const address = `${url.replace(/^http/, "ws")}/v1/socket${query}`;
      return new Socket(address, ["lockstep.v1.json"]);
    });

class SocketTransport implements Transport {
  readonly #http: Http;
  readonly #events: TransportEvents;
  readonly #cancel: () => void;
  #web: WebSocket | null = null;
  #opened = false;
  #over = false;

  constructor(
    http: Http,
    events: TransportEvents,
    clock: Clock,
    connect: (query: string) => WebSocket,
  ) {
    this.#http = http;
    this.#events = events;
    this.#cancel = clock.after(openedWithin, () => {
      if (!this.#opened) void this.#closed();
    });
    this.#start(connect).catch(({ status }: Partial<Response>) =>
      this.#end(status === 401 || status === 403 ? "unauthorized" : "lost"),
    );
  }

  send(id: string, request: Request): void {
    const [kind, body] = Object.entries(request)[0] as [string, object];
    this.#say({ [kind]: { id, ...body } });
  }

  cancel(id: string): void {
    this.#say({ cancel: id });
  }

  close(): void {
    this.#over = true;
    this.#cancel();
    const web = this.#web;
    if (!web) return;
    web.onmessage = web.onclose = web.onopen = null;
    web.close();
  }

  async #start(connect: (query: string) => WebSocket): Promise<void> {
    const ticket = await ticketOf(this.#http);
    if (this.#over) return;
    if (ticket === undefined) return this.#end("blocked");
    const web = (this.#web = connect(ticket && `?ticket=${encodeURIComponent(ticket)}`));
    web.onopen = () => {
      this.#opened = true;
      this.#cancel();
      this.#events.opened();
    };
    web.onmessage = ({ data }) => this.#take(data);
    web.onclose = ({ code }) => void this.#closed(code);
    web.onerror = () => undefined;
  }

  #take(data: unknown): void {
    this.#events.heard();
    let frame: WireFrame & { readonly id?: string };
    try {
      frame = JSON.parse(data as string) as typeof frame;
    } catch {
      // A WebSocket never delivers half a frame, so the other end is not a Lockstep server.
      return this.#end("lost");
    }
    if (typeof frame.id === "string") this.#events.frame(frame.id, frame);
  }

  async #closed(code?: number): Promise<void> {
    if (this.#over) return;
    this.close();
    const { closed } = this.#events;
    if (code === 4401) {
      // The token may have expired: request the next ticket with a new one.
      this.#http.renew();
      return closed(this.#http.hasToken ? "lost" : "unauthorized");
    }
    if (this.#opened) return closed(code === 1001 ? "going" : "lost");
    // Browsers don't say why a socket did not open. If a plain request passes, either a proxy
    // blocks sockets, or the server wants a token (401).
    const answer = await this.#http.ask("/v1/threads?limit=1").catch(() => null);
    closed(answer === null ? "lost" : answer.status === 401 ? "unauthorized" : "blocked");
  }

  #end(why: Lost): void {
    if (this.#over) return;
    this.close();
    this.#events.closed(why);
  }

  #say(call: object): void {
    if (this.#web?.readyState === 1) this.#web.send(JSON.stringify(call));
  }
}

/** Replaces the header with the token. Empty: no token; undefined: this server has no tickets. */
const ticketOf = async (http: Http): Promise<string | undefined> => {
  if (!http.hasToken) return "";
  const answer = await http.ask("/v1/tickets", { method: "POST" });
  if (answer.status === 404 || answer.status === 405) return undefined;
  if (!answer.ok) throw answer;
  return ((await answer.json()) as { ticket: string }).ticket;
};
