// SPDX-License-Identifier: Apache-2.0
// events.ts: the same frames as server-sent events, where no WebSocket gets through.
//
// Each request is a `fetch` of its own, and its body is read as it arrives (an `EventSource` can't
// send the token). If one of them breaks, the transport ends them all, and the link opens a new
// one.

import { problemOf } from "./problem.js";
import type { Http } from "./http.js";
import type { Open, Request, Transport, TransportEvents, WireFrame } from "./link.js";
import { textOf } from "./streams.js";

export const openEvents =
  (http: Http): Open =>
  (events) =>
    new EventsTransport(http, events);

class EventsTransport implements Transport {
  readonly #http: Http;
  readonly #events: TransportEvents;
  readonly #open = new Map<string, AbortController>();
  #over = false;

  constructor(http: Http, events: TransportEvents) {
    this.#http = http;
    this.#events = events;
    void this.#knock();
  }

  send(id: string, request: Request): void {
    const stop = new AbortController();
    this.#open.set(id, stop);
    void this.#exchange(id, request, stop.signal).catch(() => {
      if (!stop.signal.aborted) this.#end("lost");
    });
  }

  cancel(id: string): void {
    this.#open.get(id)?.abort();
    this.#open.delete(id);
  }

  close(): void {
    this.#over = true;
    for (const stop of this.#open.values()) stop.abort();
    this.#open.clear();
  }

  async #knock(): Promise<void> {
    const answer = await this.#http.ask("/v1/threads?limit=1").catch(() => null);
    if (this.#over) return;
    if (answer?.ok) this.#events.opened();
    else this.#end(answer?.status === 401 ? "unauthorized" : "lost");
  }

  async #exchange(id: string, request: Request, signal: AbortSignal): Promise<void> {
    const answer = await this.#http.ask(...this.#asked(request, signal));
    this.#events.heard();
    if (!answer.ok) {
      if (answer.status === 401) return this.#end("unauthorized");
      const problem = await problemOf(answer);
      const retry = [408, 429, 502, 503, 504].includes(answer.status);
      this.#open.delete(id);
      return this.#tell(id, { frame: "failure", ...problem, retry });
    }
    let ended = false;
    for await (const data of eventsOf(answer, () => this.#events.heard())) {
      if (signal.aborted) return;
      const frame = JSON.parse(data) as WireFrame;
      ended ||= frame.frame === "end" || frame.frame === "failure";
      if (ended) this.#open.delete(id);
      this.#tell(id, frame);
    }
    if (!ended && !signal.aborted) this.#end("lost");
  }

  // An error of the receiver must not end the connection. As in a socket's handler it is reported
  // as uncaught, and the next frame is delivered.
  #tell(id: string, frame: WireFrame): void {
    try {
      this.#events.frame(id, frame);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #asked(request: Request, signal: AbortSignal): Parameters<Http["ask"]> {
    const accept = "text/event-stream";
    if ("sync" in request) {
      const { thread, ...body } = request.sync;
      const path = `/v1/threads/${encodeURIComponent(thread)}/sync`;
      return [path, { method: "POST", body: JSON.stringify(body), accept, signal }];
    }
    const { cursor } = request.feed;
    const query = cursor === undefined ? "" : `?after=${encodeURIComponent(cursor)}`;
    return [`/v1/feed${query}`, { accept, signal }];
  }

  #end(why: Parameters<TransportEvents["closed"]>[0]): void {
    if (this.#over) return;
    this.close();
    this.#events.closed(why);
  }
}

/** The data of each event. A comment (the server's sign of life) only calls `heard`. */
async function* eventsOf(answer: Response, heard: () => void): AsyncGenerator<string> {
  let rest = "";
  let data: string[] = [];
  for await (const text of textOf(answer)) {
    heard();
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const plain = line.endsWith("\r") ? line.slice(0, -1) : line;
      if (plain.startsWith("data:")) data.push(plain.slice(plain[5] === " " ? 6 : 5));
      if (plain !== "" || data.length === 0) continue;
      yield data.join("\n");
      data = [];
    }
  }
}
