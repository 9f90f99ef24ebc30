// SPDX-License-Identifier: Apache-2.0
// live.ts: a thread, as whoever shows it holds it.
//
// It turns what a user does into changes of the protocol. What it shows is its session's.

import type { Http } from "./net/http.js";
import { newId } from "./id.js";
import { runsOf } from "./runs.js";
import { frozenOf } from "./seen.js";
import type { Session } from "./session.js";
import type { ThreadState } from "./state.js";
import type {
  LiveThread,
  PastView,
  PendingChange,
  Result,
  RunContext,
  Said,
  SendOptions,
} from "./types.js";
import type { ChangeBody, Message, MessageInput } from "./wire.js";

/** What a live thread needs of the client. */
export interface Host {
  readonly http: Http;
  readonly subscribe: LiveThread["subscribe"];
  readonly author: string | undefined;
  add(change: Omit<PendingChange, "op">): Promise<Result>;
  /** Shown as done, and sent later. */
  hold(message: string | null): Promise<Result>;
  forgetLost(): void;
  dropped(): void;
}

type StartRun = Extract<ChangeBody, { type: "start_run" }>;

export const liveOf = (
  session: Session,
  { http, subscribe, author, add, hold, forgetLost, dropped }: Host,
): LiveThread => {
  const { id } = session;
  const path = `/v1/threads/${id}`;

  // --- Saying ------------------------------------------------------------------------------------

  const put = (change: ChangeBody, seen = session.seen().cursor, frozen?: readonly Message[]) =>
    add({ thread: id, change, seen, frozen });

  const start = async (
    asked: Pick<StartRun, "input" | "after" | "parent">,
    { agent, params, when_busy }: SendOptions,
  ): Promise<Result<{ run: string }>> => {
    const run = newId("r");
    // What this device has just asked for is what it looks at; a turn that waits is not there yet.
    if (session.view.run === null || asked.parent !== undefined) session.show(null);
    const result = await put({ type: "start_run", run, ...asked, agent, params, when_busy });
    return result.ok ? { ...result, run } : result;
  };

  // The last message of what is looked at that the server knows: what is not sent yet can't be named
  // as an anchor, for it may have to wait.
  const tip = () => session.view.messages.findLast((it) => session.state.messages.has(it.id))?.id;

  const held = (message: string): Message => {
    const found =
      session.state.messages.get(message) ?? session.view.messages.find((it) => it.id === message);
    if (!found) throw new Error(`There is no message ${message}.`);
    return found;
  };

  // The message that an answer answers: above all that its run has written.
  const asked = (message: string): string | null => {
    let at = held(message);
    if (!isAnswer(at)) return at.id;
    while (at.parent !== null) {
      const above = held(at.parent);
      if (above.run !== at.run || !isAnswer(above)) break;
      at = above;
    }
    return at.parent;
  };

  return {
    id,
    get view() {
      return session.view;
    },
    subscribe,

    async sendMessage(said, options = {}) {
      const message = newId("m");
      const { metadata, parent } = options;
      const place = parent === undefined ? { after: tip() } : { parent };
      const input = [{ id: message, ...contentOf(said), author, metadata }];
      const result = await start({ input, ...place }, options);
      return result.ok ? { ...result, message } : result;
    },

    async edit(message, said, options = {}) {
      const { metadata, resend } = options;
      const content = { ...contentOf(said), metadata };
      if (!resend) {
        const input = { id: message, ...content };
        return put({ type: "put_message", message: input, if_unchanged: true });
      }
      const { parent = held(message).parent } = options;
      return start({ input: [{ id: newId("m"), ...content, author }], parent }, options);
    },

    async regenerate(message = tip(), options = {}) {
      const { parent = message ? asked(message) : null } = options;
      return start({ parent }, options);
    },

    async stop(named) {
      const { state, cursor, shown: painted } = session.seen();
      const run = named ?? runningIn(state) ?? runningIn(session.state) ?? session.starting;
      if (!run) return { ok: false, code: "unknown_run", detail: "Nothing runs." };
      const { messages, shown } = frozenOf(state, run, painted);
      return put({ type: "stop_run", run, ...(shown.length > 0 && { shown }) }, cursor, messages);
    },

    remove: (message, { undo } = {}) =>
      undo ? hold(message) : put({ type: "delete_message", message, if_unchanged: true }),
    update: (fields) => put({ type: "update_thread", ...fields }),
    change: (asked) => put(asked),

    async offerLost() {
      const lost = [...session.view.lost].sort((a, b) => a.created - b.created);
      const asked = lost.map((it) => put(offerOf(it)));
      session.offered();
      const results = await Promise.all(asked);
      return results.find((it) => !it.ok) ?? results.at(-1) ?? { ok: true, ts: null };
    },

    async delete({ undo } = {}) {
      if (undo) return hold(null);
      const result = await http.value(path, { method: "DELETE" });
      if (!result.ok && !["deleted", "unknown_thread"].includes(result.code)) return result;
      dropped();
      return { ok: true, ts: null };
    },

    // --- Looking ---------------------------------------------------------------------------------

    show: session.show,
    branches: session.branches,
    dismiss: session.dismiss,
    forgetLost,
    markSeen: session.markSeen,

    async at(ts) {
      const result = await http.value<PastView>(`${path}?at=${ts}`);
      return result.ok ? { ok: true, ts, past: result.value } : result;
    },

    async context(run) {
      const result = await http.value<RunContext>(
        `${path}/runs/${encodeURIComponent(run)}/context`,
      );
      return result.ok ? { ok: true, ts: null, context: result.value } : result;
    },

    async *entries({ after, signal } = {}) {
      const { entriesOf } = await import("./net/streams.js");
      const query = after ? `?after=${encodeURIComponent(after)}` : "";
      yield* entriesOf(http, `${path}/events${query}`, signal);
    },
  };
};

const isAnswer = ({ role }: Message) => role === "assistant" || role === "tool";

const runningIn = ({ runs }: ThreadState) => runsOf(runs).running?.id;

const contentOf = (said: Said): MessageInput => (typeof said === "string" ? { text: said } : said);

const offerOf = ({ id, role, parts, author, metadata, parent }: Message): ChangeBody => ({
  type: "put_message",
  message: { id, role, parts, author, metadata },
  parent,
  if_absent: true,
});
