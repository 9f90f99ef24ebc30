// SPDX-License-Identifier: Apache-2.0
// past.ts: reads that are not followed, of a thread and of the agents, and messages of a history
// that is over. Loaded at the first call.

import type { Put } from "./live.js";
import type { Http } from "./net/http.js";
import type { Session } from "./session_face.js";
import type { Client, PastView, Result, RunContext } from "./types.js";
import type { Agent, ChangeBody, Message, Timestamp } from "./wire.js";

export { entriesOf } from "./net/streams.js";

/** `path`: the thread's address. */
export const pastOf = async (
  http: Http,
  path: string,
  ts: Timestamp,
): Promise<Result<{ past: PastView }>> => {
  const result = await http.value<PastView>(`${path}?at=${ts}`);
  return result.ok ? { ok: true, ts, past: result.value } : result;
};

export const contextOf = async (
  http: Http,
  path: string,
  run: string,
): Promise<Result<{ context: RunContext }>> => {
  const name = encodeURIComponent(run);
  const result = await http.value<RunContext>(`${path}/runs/${name}/context`);
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

export const agentsOf = async (http: Http): ReturnType<Client["agents"]> => {
  const result = await http.value<{ agents: readonly Agent[] }>("/v1/agents");
  return result.ok ? { ok: true, ts: null, agents: result.value.agents } : result;
};
