// SPDX-License-Identifier: Apache-2.0
// socket.ts: one WebSocket for all threads.
//
// Each request has an id, and what comes back carries it. A browser can't send headers with a
// socket, so a one-use ticket stands for the token.

import type { Http } from "./http.js";
import type { Lost, Open, WireFrame } from "./link.js";
import type { Problem } from "../wire.js";

const openedWithin = 10_000;

export const openSocket =
  (url: string, http: Http, Socket: typeof WebSocket): Open =>
  (events, clock) => {
    let web: WebSocket | null = null;
    let opened = false;
    let over = false;
    const cancel = clock.after(openedWithin, () => {
      if (!opened) void closed();
    });

    const start = async (): Promise<void> => {
      const ticket = await ticketOf(http);
      if (over) return;
      if (ticket === undefined) return end("blocked");
      const query = ticket && `?ticket=${encodeURIComponent(ticket)}`;
      web = new Socket(`${url.replace(/^http/, "ws")}/v1/socket${query}`, ["lockstep.v1.json"]);
      web.onopen = () => {
        opened = true;
        cancel();
        events.opened();
      };
      web.onmessage = ({ data }) => take(data);
      web.onclose = ({ code }) => void closed(code);
      web.onerror = () => undefined;
    };

    const take = (data: unknown): void => {
      events.heard();
      let frame: WireFrame & { readonly id?: string };
      try {
        frame = JSON.parse(data as string) as typeof frame;
      } catch {
        // Half a frame can't come out of a WebSocket: whoever speaks here is not a server of ours.
        return end("lost");
      }
      if (typeof frame.id === "string") events.frame(frame.id, frame);
    };

    const closed = async (code?: number): Promise<void> => {
      if (over) return;
      close();
      if (code === 4401) {
        // The token may have ended meanwhile: a new one is asked for with the next ticket.
        http.renew();
        return events.closed(http.hasToken ? "lost" : "unauthorized");
      }
      if (opened) return events.closed(code === 1001 ? "going" : "lost");
      // Browsers don't say why a socket did not open. If plain requests pass, something on the way
      // does not let sockets through, or the token is wanted.
      const answer = await http.ask("/v1/threads?limit=1").catch(() => null);
      events.closed(answer === null ? "lost" : answer.status === 401 ? "unauthorized" : "blocked");
    };

    const close = (): void => {
      over = true;
      cancel();
      if (!web) return;
      web.onmessage = web.onclose = web.onopen = null;
      web.close();
    };

    const end = (why: Lost): void => {
      if (over) return;
      close();
      events.closed(why);
    };

    const say = (call: object): void => {
      if (web?.readyState === 1) web.send(JSON.stringify(call));
    };

    start().catch(({ status }: Partial<Problem>) =>
      end(status === 401 || status === 403 ? "unauthorized" : "lost"),
    );
    return {
      send(id, request) {
        const [kind, body] = Object.entries(request)[0] as [string, object];
        say({ [kind]: { id, ...body } });
      },
      cancel: (id) => say({ cancel: id }),
      close,
    };
  };

/** For what can carry no header. Empty: none is needed; undefined: this server gives none. */
const ticketOf = async (http: Http): Promise<string | undefined> => {
  if (!http.hasToken) return "";
  const answer = await http.ask("/v1/tickets", { method: "POST" });
  if (answer.status === 404 || answer.status === 405) return undefined;
  if (!answer.ok) throw await http.problem(answer);
  return ((await answer.json()) as { ticket: string }).ticket;
};
