// SPDX-License-Identifier: Apache-2.0
// files.ts: files of messages: uploads, and addresses to show them by. Loaded at the first call.
//
// A file goes to the server before the message that names it: it becomes a blob, which has the hash
// of its bytes as its name, so an upload that is sent again is the same blob. An `<img>` can't send
// a token, so the server gives an address that needs none for an hour: a link.

import { delayAfter } from "./clock.js";
import type { Http } from "./net/http.js";
import { problemOf } from "./net/problem.js";
import { valueOf } from "./past.js";
import type { Clock, FilePart, Files, Result, Said, SendFile, UploadOptions } from "./types.js";
import type { Part, Problem } from "./wire.js";

/** What the server takes in one file: 32 MiB. A larger one is refused here, unsent. */
const fileBytesMax = 32 * 2 ** 20;
const atOnce = 3;
const firstDelay = 500;
// With the delays between them: half a minute at most.
const triesMax = 7;
/** A link is not used for the last minute of its time. */
const linkMargin = 60_000;
/** Nor longer than this, in case that the clocks of server and browser differ. */
const linkTime = 50 * 60_000;

/** The part of files that sends messages. */
export interface SentFiles extends Files {
  /** The same message, with the files in front of its text. */
  withFiles(
    said: Said,
    files: readonly SendFile[],
    options: UploadOptions,
  ): Promise<Result<{ said: Said }>>;
}

const made = new WeakMap<Http, SentFiles>();

/** The same object for the same `http`, with the links that it has. */
export const filesOf = (http: Http, clock: Clock): SentFiles => {
  const files = made.get(http) ?? createFiles(http, clock);
  made.set(http, files);
  return files;
};

export const createFiles = (http: Http, clock: Clock, random = Math.random): SentFiles =>
  new BlobFiles(http, clock, random);

interface Uploaded {
  readonly uri: string;
  readonly media_type: string;
}

interface Link {
  readonly url: string;
  /** In microseconds of the server's clock. */
  readonly expires: number;
}

type Failure = Extract<Result, { ok: false }>;

class BlobFiles implements SentFiles {
  readonly #http: Http;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #links = new Map<string, { until: number; readonly asked: Promise<Result<Link>> }>();

  constructor(http: Http, clock: Clock, random: () => number) {
    this.#http = http;
    this.#clock = clock;
    this.#random = random;
  }

  async upload(file: SendFile, { signal }: UploadOptions = {}): ReturnType<Files["upload"]> {
    const data = bytesOf(file);
    const name = nameOf(file);
    if (data.size > fileBytesMax) {
      const size = Math.ceil(data.size / 2 ** 20);
      return failed(file, "too_large", `it has ${size} MiB, and a file may have 32 MiB.`);
    }
    for (let failures = 0; !signal?.aborted; failures += 1) {
      const answer = await this.#post(data, typeOf(file), signal);
      if (signal?.aborted) break;
      if (answer && "uri" in answer) {
        const part = { type: "file", uri: answer.uri, media_type: answer.media_type } as const;
        return { ok: true, ts: null, part: name === undefined ? part : { ...part, name } };
      }
      if (answer) return failed(file, answer.code, answer.detail ?? "the server refused it.");
      if (failures + 1 === triesMax) {
        return failed(file, "offline", "the server can't be reached: send it again later.");
      }
      await this.#pause(delayAfter(failures, firstDelay, this.#random), signal);
    }
    return failed(file, "aborted", "the upload was cancelled.");
  }

  /** One try. Null: no answer came, or one that says "later". */
  async #post(
    body: Blob,
    type: string,
    signal: AbortSignal | undefined,
  ): Promise<Uploaded | Problem | null> {
    try {
      const answer = await this.#http.ask("/v1/blobs", { method: "POST", body, type, signal });
      if (answer.ok) return (await answer.json()) as Uploaded;
      if (answer.status === 429 || answer.status >= 500) return null;
      return await problemOf(answer);
    } catch {
      return null;
    }
  }

  #pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(milliseconds, resolve);
      signal?.addEventListener("abort", () => (cancel(), resolve()), { once: true });
    });
  }

  async withFiles(
    said: Said,
    files: readonly SendFile[],
    { signal, onProgress }: UploadOptions,
  ): ReturnType<SentFiles["withFiles"]> {
    const total = files.reduce((sum, file) => sum + bytesOf(file).size, 0);
    const parts: FilePart[] = [];
    // The first failure ends the uploads that go on.
    const ending = new AbortController();
    const either = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
    let next = 0;
    let sent = 0;
    let failure: Failure | undefined;
    const work = async (): Promise<void> => {
      for (let at = next++; at < files.length && !failure; at = next++) {
        const file = files[at] as SendFile;
        const result = await this.upload(file, { signal: either });
        if (!result.ok) {
          failure ??= result;
          return ending.abort();
        }
        parts[at] = result.part;
        onProgress?.((sent += bytesOf(file).size), total);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return failure ?? { ok: true, ts: null, said: { parts: [...parts, ...partsOf(said)] } };
  }

  async link(uri: string, renew = false): ReturnType<Files["link"]> {
    const hash = /^blob:(sha256-[0-9a-f]{64})$/.exec(uri)?.[1];
    if (hash === undefined) return { ok: false, code: "invalid", detail: `${uri} is no blob.` };
    const now = this.#clock.now();
    let link = this.#links.get(uri);
    if (!link || renew || link.until <= now) {
      link = { until: now + linkTime, asked: this.#ask(hash) };
      this.#links.set(uri, link);
    }
    const answer = await link.asked;
    if (!answer.ok) {
      if (this.#links.get(uri) === link) this.#links.delete(uri);
      return answer;
    }
    link.until = Math.min(link.until, answer.expires / 1000 - linkMargin);
    return { ok: true, ts: null, url: new URL(answer.url, `${this.#http.url}/`).href };
  }

  async #ask(hash: string): Promise<Result<Link>> {
    const answer = await valueOf<Link>(this.#http, `/v1/blobs/${hash}/link`, { method: "POST" });
    return answer.ok ? { ok: true, ts: null, ...answer.value } : answer;
  }
}

const isBlob = (file: SendFile): file is Blob => file instanceof Blob;
const bytesOf = (file: SendFile): Blob => (isBlob(file) ? file : file.data);

const nameOf = (file: SendFile): string | undefined =>
  isBlob(file) ? (file as Partial<File>).name || undefined : (file.name ?? nameOf(file.data));

const typeOf = (file: SendFile): string =>
  (isBlob(file) ? "" : file.media_type) || bytesOf(file).type || "application/octet-stream";

/** `detail` begins with the name of the file. */
const failed = (file: SendFile, code: string, detail: string): Failure => ({
  ok: false,
  code,
  detail: `${nameOf(file) ?? "A file"}: ${detail}`,
});

const partsOf = (said: Said): readonly Part[] => {
  if (typeof said !== "string" && "parts" in said) return said.parts;
  const text = typeof said === "string" ? said : said.text;
  return text === "" ? [] : [{ type: "text", text }];
};
