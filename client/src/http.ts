// http.ts: plain requests, with the token.
//
// A token that is refused is asked for anew, once; if that is refused too, it is for the user.

import type { Options, Result } from "./types.js";
import type { Problem } from "./wire.js";

export interface Asked {
  readonly method?: string | undefined;
  readonly body?: string | undefined;
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Http {
  readonly #url: string;
  readonly #fetch: typeof fetch;
  readonly #source: Options["token"];
  #token: Promise<string> | null = null;

  constructor(url: string, options: Pick<Options, "token" | "fetch">) {
    this.#url = url;
    this.#source = options.token;
    // Called without a receiver: a browser's own `fetch` accepts no other.
    const given = options.fetch ?? globalThis.fetch;
    this.#fetch = (input, init) => given(input, init);
  }

  get hasToken(): boolean {
    return this.#source !== undefined;
  }

  /** The next request asks for the token anew. */
  renew(): void {
    this.#token = null;
  }

  /** Rejects if no answer came at all. */
  async ask(path: string, asked: Asked = {}): Promise<Response> {
    const answer = await this.#once(path, asked);
    if (answer.status !== 401 || typeof this.#source !== "function") return answer;
    this.renew();
    return this.#once(path, asked);
  }

  /** What came, as a value. */
  async value<Value>(path: string, asked: Asked = {}): Promise<Result<{ value: Value }>> {
    try {
      const answer = await this.ask(path, { accept: "application/json", ...asked });
      if (!answer.ok) {
        const { code, detail } = await problemOf(answer);
        return { ok: false, code, detail: detail ?? "" };
      }
      const value = answer.status === 204 ? null : await answer.json();
      return { ok: true, ts: null, value: value as Value };
    } catch (error) {
      return { ok: false, code: "offline", detail: String(error) };
    }
  }

  /** What a refusal says. */
  problem(answer: Response): Promise<Problem> {
    return problemOf(answer);
  }

  async #once(path: string, { method, body, accept, signal }: Asked): Promise<Response> {
    const headers: Record<string, string> = {};
    const source = this.#source;
    if (source !== undefined) {
      this.#token ??= Promise.resolve(typeof source === "function" ? source() : source);
      this.#token.catch(() => this.renew());
      headers["authorization"] = `Bearer ${await this.#token}`;
    }
    if (accept !== undefined) headers["accept"] = accept;
    if (body !== undefined) headers["content-type"] = "application/json";
    const init: RequestInit = { headers, cache: "no-store", credentials: "same-origin" };
    if (method !== undefined) init.method = method;
    if (body !== undefined) init.body = body;
    if (signal !== undefined) init.signal = signal;
    return this.#fetch(this.#url + path, init);
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  const { status } = answer;
  try {
    const problem = (await answer.json()) as Partial<Problem> | null;
    if (typeof problem?.code === "string") return { ...problem, status, code: problem.code };
  } catch {
    // Not ours: something on the way answered.
  }
  return { status, code: "unexpected_answer", detail: `HTTP ${status}` };
}
