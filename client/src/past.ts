// SPDX-License-Identifier: Apache-2.0
// past.ts: plain requests: reads that are not followed, of a thread, the list and the agents; the
// deletion of a thread. And messages of a history that is over. Loaded at the first call.

import type { Host, Put } from "./live.js";
import type { Asked, Http } from "./net/http.js";
import { problemOf } from "./net/problem.js";
import type { Session } from "./session_face.js";
import type { Client, PastView, Result, RunContext } from "./types.js";
import type { Agent, ChangeBody, Message, Thread, Timestamp } from "./wire.js";

export { entriesOf } from "./net/streams.js";

/** The answer's JSON, or a refusal, as a result. Never rejects. */
export const valueOf = async <Value>(
  http: Http,
  path: string,
  asked?: Asked,
): Promise<Result<{ value: Value }>> => {
  try {
    const answer = await http.ask(path, asked);
    if (!answer.ok) {
      const { code, detail = "" } = await problemOf(answer);
      return { ok: false, code, detail };
    }
    const value = answer.status === 204 ? null : await answer.json();
    return { ok: true, ts: null, value: value as Value };
  } catch (error) {
    return { ok: false, code: "offline", detail: `${error}` };
  }
};

/** `path`: the thread's address. */
export const pastOf = async (
  http: Http,
  path: string,
  ts: Timestamp,
): Promise<Result<{ past: PastView }>> => {
  const result = await valueOf<PastView>(http, `${path}?at=${ts}`);
  return result.ok ? { ok: true, ts, past: result.value } : result;
};

export const contextOf = async (
  http: Http,
  path: string,
  run: string,
): Promise<Result<{ context: RunContext }>> => {
  const name = encodeURIComponent(run);
  const result = await valueOf<RunContext>(http, `${path}/runs/${name}/context`);
  return result.ok ? { ok: true, ts: null, context: result.value } : result;
};

/** Puts the lost messages back in their places, parents first. */
export const offerLost = async (session: Session, put: Put): Promise<Result> => {
  const lost = [...session.view.lost].sort((a, b) => a.created - b.created);
  const asked = lost.map((it) => put(offerOf(it)));
  session.offered();
  const results = await Promise.all(asked);
  return results.find((it) => !it.ok) ?? results.at(-1) ?? { ok: true, ts: null };
};

const offerOf = ({ id, role, parts, author, metadata, parent }: Message): ChangeBody => ({
  type: "put_message",
  message: { id, role, parts, author, metadata },
  parent,
  if_absent: true,
});

/** Also one that is gone already. */
export const deleteThread = async ({ http, dropped }: Host, path: string): Promise<Result> => {
  const result = await valueOf(http, path, { method: "DELETE" });
  if (!result.ok && !["deleted", "unknown_thread"].includes(result.code)) return result;
  dropped();
  return { ok: true, ts: null };
};

export const agentsOf = async (http: Http): ReturnType<Client["agents"]> => {
  const result = await valueOf<{ agents: readonly Agent[] }>(http, "/v1/agents");
  return result.ok ? { ok: true, ts: null, agents: result.value.agents } : result;
};

interface Page {
  readonly threads: readonly Thread[];
  readonly next?: string | null | undefined;
  readonly cursor: string;
}

export interface List {
  readonly threads: readonly Thread[];
  readonly cursor: string;
}

const pageSize = 100;

/** All pages of the list, the oldest thread first, and the cursor of the first page. */
export const listOf = async (http: Http): Promise<Result<List>> => {
  const found: Thread[] = [];
  const path = `/v1/threads?limit=${pageSize}`;
  let first: string | undefined;
  let next: Page["next"] = "";
  do {
    const before: string = next && `&before=${encodeURIComponent(next)}`;
    const answer = await valueOf<Page>(http, path + before);
    if (!answer.ok) return answer;
    first ??= answer.value.cursor;
    found.push(...answer.value.threads);
    next = answer.value.next;
  } while (next);
  // Reversed: of a thread that is on two pages the feed takes the one of the first page.
  return { ok: true, ts: null, threads: found.reverse(), cursor: first };
};
