// SPDX-License-Identifier: Apache-2.0
// http.ts: plain requests, with the token.
//
// If the server refuses a token, the client asks its source for another, once. If the server
// refuses that one too, the caller gets the 401, and the user has to act.

import type { Options } from "../types.js";

export interface Asked {
  readonly method?: string | undefined;
  readonly body?: string | Blob | undefined;
  /** The media type of the body; by default that of JSON. */
  readonly type?: string | undefined;
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Http {
  readonly url: string;
  readonly hasToken: boolean;
  /** The next request asks the source for the token again. */
  renew(): void;
  /** Rejects only if no answer came. */
  ask(path: string, asked?: Asked): Promise<Response>;
}

export const createHttp = (
  url: string,
  { token: source, fetch = globalThis.fetch }: Pick<Options, "token" | "fetch">,
): Http => {
  let token: Promise<string> | null = null;

  const once = async (
    path: string,
    { accept, type = "application/json", ...asked }: Asked,
  ): Promise<Response> => {
    const headers: Record<string, string> = {};
    if (source !== undefined) {
      token ??= Promise.resolve(typeof source === "function" ? source() : source);
      token.catch(renew);
      headers["authorization"] = `Bearer ${await token}`;
    }
    if (accept) headers["accept"] = accept;
    if (asked.body) headers["content-type"] = type;
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
    url,
    hasToken: source !== undefined,
    renew,
    ask,
  };
};
