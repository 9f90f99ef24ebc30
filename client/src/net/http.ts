// SPDX-License-Identifier: Apache-2.0
// http.ts: plain requests, with the token.
//
// If the server refuses a token, the client asks its source for another, once. If the server
// refuses that one too, the caller gets the 401, and the user has to act.

import type { Options, Result } from "../types.js";
import type { Problem } from "../wire.js";

export interface Asked {
  readonly method?: string | undefined;
  readonly body?: string | undefined;
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Http {
  readonly hasToken: boolean;
  /** The next request asks the source for the token again. */
  renew(): void;
  /** Rejects only if no answer came. */
  ask(path: string, asked?: Asked): Promise<Response>;
  /** The answer's JSON, or a refusal, as a result. Never rejects. */
  value<Value>(path: string, asked?: Asked): Promise<Result<{ value: Value }>>;
  /** The problem that a refusal names. */
  problem(answer: Response): Promise<Problem>;
}

export const createHttp = (
  url: string,
  { token: source, fetch = globalThis.fetch }: Pick<Options, "token" | "fetch">,
): Http => {
  let token: Promise<string> | null = null;

  const once = async (path: string, { accept, ...asked }: Asked): Promise<Response> => {
    const headers: Record<string, string> = {};
    if (source !== undefined) {
      token ??= Promise.resolve(typeof source === "function" ? source() : source);
      token.catch(renew);
      headers["authorization"] = `Bearer ${await token}`;
    }
    if (accept) headers["accept"] = accept;
    if (asked.body) headers["content-type"] = "application/json";
    const init = { headers, cache: "no-store", ...asked };
    // Called without a receiver: a browser's own `fetch` throws if it has another than the window.
    return fetch(url + path, init as RequestInit);
  };

  const renew = (): void => {
    token = null;
  };

  const ask = async (path: string, asked: Asked = {}): Promise<Response> => {
    const answer = await once(path, asked);
    if (answer.status !== 401 || typeof source !== "function") return answer;
    renew();
    return once(path, asked);
  };

  return {
    hasToken: source !== undefined,
    renew,
    ask,
    problem: problemOf,
    async value<Value>(path: string, asked?: Asked) {
      try {
        const answer = await ask(path, asked);
        if (!answer.ok) {
          const { code, detail = "" } = await problemOf(answer);
          return { ok: false, code, detail };
        }
        const value = answer.status === 204 ? null : await answer.json();
        return { ok: true, ts: null, value: value as Value };
      } catch (error) {
        return { ok: false, code: "offline", detail: `${error}` };
      }
    },
  };
};

const problemOf = async (answer: Response): Promise<Problem> => {
  const { status } = answer;
  try {
    const problem = (await answer.json()) as Partial<Problem> | null;
    if (typeof problem?.code === "string") return { ...problem, status, code: problem.code };
  } catch {
    // Not an answer of the server: a proxy answered in its place.
  }
  return { status, code: "unexpected_answer", detail: `HTTP ${status}` };
};
