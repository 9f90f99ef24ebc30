// SPDX-License-Identifier: Apache-2.0
// live.ts: the object with which a page shows and changes a thread.
//
// It turns the user's actions into changes of the protocol. Its view is the session's.

import type { SentFiles } from "./files.js";
import type { Http } from "./net/http.js";
import { newId } from "./id.js";
import { runsOf } from "./runs.js";
import { frozenOf } from "./seen.js";
import type { Session } from "./session_face.js";
import type { ThreadState } from "./state.js";
import type { LiveThread, PendingChange, Result, Said, SendOptions } from "./types.js";
import type { ChangeBody, Message, MessageInput } from "./wire.js";

/** The part of the client that a live thread calls. */
export interface Host {
  readonly http: Http;
  readonly subscribe: LiveThread["subscribe"];
  readonly author: string | undefined;
  files(): Promise<SentFiles>;
  add(change: Omit<PendingChange, "op">): Promise<Result>;
  /** Deletes with time to undo: shows it as done, sends it later. */
  hold(message: string | null): Promise<Result>;
  forgetLost(): void;
  dropped(): void;
}

type StartRun = Extract<ChangeBody, { type: "start_run" }>;

/** What is loaded at the first call. */
export const past = () => import("./past.js");

export const createLive = (session: Session, host: Host): LiveThread => {
  const { id } = session;
  const { http, author } = host;
  const path = `/v1/threads/${id}`;
  const put: Put = (change) => host.add({ thread: id, change, seen: session.seen().cursor });
  return {
    id,
    get view() {
      return session.view;
    },
    subscribe: host.subscribe,

    async sendMessage(said, options = {}) {
      const { metadata, parent, files } = options;
      const made = files && (await (await host.files()).withFiles(said, files, options));
      if (made && !made.ok) return made;
      const message = newId("m");
      const place = parent === undefined ? { after: tipOf(session) } : { parent };
      const input = [{ id: message, ...contentOf(made ? made.said : said), author, metadata }];
      const result = await start(session, put, { input, ...place }, options);
      return result.ok ? { ...result, message } : result;
    },
    async edit(message, said, options = {}) {
      const { metadata, resend } = options;
      const content = { ...contentOf(said), metadata };
      const edited = { id: message, ...content };
      if (!resend) return put({ type: "put_message", message: edited, if_unchanged: true });
      const { parent = heldIn(session, message).parent } = options;
      const input = [{ id: newId("m"), ...content, author }];
      return start(session, put, { input, parent }, options);
    },
    async regenerate(message = tipOf(session), options = {}) {
      const { parent = message ? askedBy(session, message) : null } = options;
      return start(session, put, { parent }, options);
    },
    continueMessage: async (message = tipOf(session), options = {}) =>
      start(session, put, { continue: message }, options),
    ...toolVerbs(put),
    stop: async (run) => stop(session, host, run),
    remove: (message, { undo } = {}) =>
      undo ? host.hold(message) : put({ type: "delete_message", message, if_unchanged: true }),
    update: (fields) => put({ type: "update_thread", ...fields }),
    change: put,
    offerLost: async () => (await past()).offerLost(session, put),
    delete: async ({ undo } = {}) =>
      undo ? host.hold(null) : (await past()).deleteThread(host, path),

    show: (message) => session.show(message),
    branches: (message) => session.branches(message),
    dismiss: (op) => session.dismiss(op),
    forgetLost: host.forgetLost,
    markSeen: (cursor, shown) => session.markSeen(cursor, shown),
    at: async (ts) => (await past()).pastOf(http, path, ts),
    context: async (run) => (await past()).contextOf(http, path, run),
    async *entries({ after, signal } = {}) {
      const query = after ? `?after=${encodeURIComponent(after)}` : "";
      yield* (await past()).entriesOf(http, `${path}/events${query}`, signal);
    },
  };
};

/** Sends a change with the cursor that the user had seen. */
export type Put = (change: ChangeBody) => Promise<Result>;

const toolVerbs = (put: Put): Pick<LiveThread, "answerTool" | "decideTool"> => ({
  answerTool: (message, call, content, more) =>
    put({ type: "answer_call", message, call, content, ...more, id: newId("m") }),
  decideTool: (message, call, decision, more) =>
    put({ type: "decide_call", message, call, decision, ...more }),
});

const start = async (
  session: Session,
  put: Put,
  asked: Pick<StartRun, "input" | "after" | "parent" | "continue">,
  { agent, params, when_busy, resume }: SendOptions,
): Promise<Result<{ run: string }>> => {
  const run = newId("r");
  // Show the branch of the new question. A turn that waits is not in the tree yet, so it moves
  // nothing.
  if (session.view.run === null || asked.parent !== undefined) session.show(null);
  const result = await put({ type: "start_run", run, ...asked, agent, params, when_busy, resume });
  return result.ok ? { ...result, run } : result;
};

const stop = (
  session: Session,
  { add }: Host,
  named: string | undefined,
): Result | Promise<Result> => {
  const { state, cursor: seen, shown: painted } = session.seen();
  const run = named ?? runningIn(state) ?? runningIn(session.state) ?? startingIn(session);
  if (!run) return { ok: false, code: "unknown_run", detail: "No run to stop." };
  const { messages: frozen, shown } = frozenOf(state, run, painted);
  const change: ChangeBody = { type: "stop_run", run, ...(shown.length > 0 && { shown }) };
  return add({ thread: session.id, change, seen, frozen });
};

// The last message shown that the server knows. An unsent message can't be the anchor: its turn may
// have to wait, and enters the tree only when it starts.
const tipOf = ({ view, state }: Session) =>
  view.messages.findLast((it) => state.messages.has(it.id))?.id;

const heldIn = ({ view, state }: Session, message: string): Message => {
  const found = state.messages.get(message) ?? view.messages.find((it) => it.id === message);
  if (!found) throw new Error(`There is no message ${message}.`);
  return found;
};

// The message that an answer answers: the first one above the messages of its run, and of the runs
// that it continues.
const askedBy = (session: Session, message: string): string | null => {
  let at = heldIn(session, message);
  if (!isAnswer(at)) return at.id;
  while (at.parent !== null) {
    const above = heldIn(session, at.parent);
    if ((above.run !== at.run && at.continues !== above.id) || !isAnswer(above)) break;
    at = above;
  }
  return at.parent;
};

const isAnswer = ({ role }: Message) => role === "assistant" || role === "tool";

/** The last run with a pending start, which the server does not know yet. */
const startingIn = ({ pending, state }: Session): string | undefined => {
  const unknown = ({ change }: PendingChange) =>
    change.type === "start_run" && !state.runs.has(change.run ?? "");
  return (pending.findLast(unknown)?.change as { run?: string } | undefined)?.run;
};

const runningIn = ({ runs }: ThreadState) => runsOf(runs).running?.id;

const contentOf = (said: Said): MessageInput => (typeof said === "string" ? { text: said } : said);
