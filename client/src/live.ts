// live.ts: a thread, as whoever shows it holds it.
//
// It turns what a user does into changes of the protocol. What it shows is its session's.

import type { Http } from "./http.js";
import { newId } from "./id.js";
import { Listeners } from "./listeners.js";
import { frozenOf } from "./project.js";
import type { Session } from "./session.js";
import type {
  LiveThread,
  PastView,
  PendingChange,
  Result,
  RunContext,
  Said,
  SendOptions,
  ThreadView,
} from "./types.js";
import type { ChangeBody, EntryFrame, Message, MessageInput, Shown } from "./wire.js";

/** What a live thread needs of the client. */
export interface Host {
  readonly http: Http;
  readonly author: string | undefined;
  add(change: Omit<PendingChange, "op">): Promise<Result>;
  dropped(thread: string): void;
}

type StartRun = Extract<ChangeBody, { type: "start_run" }>;

export class Live implements LiveThread {
  readonly #session: Session;
  readonly #host: Host;
  readonly #listeners = new Listeners();

  constructor(session: Session, host: Host) {
    this.#session = session;
    this.#host = host;
  }

  get id(): string {
    return this.#session.id;
  }

  get view(): ThreadView {
    return this.#session.view;
  }

  subscribe(listener: () => void): () => void {
    const end = this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#session.watch(true);
    return () => {
      const { size } = this.#listeners;
      end();
      if (size === 1 && this.#listeners.size === 0) this.#session.watch(false);
    };
  }

  tell(): void {
    this.#listeners.tell();
  }

  // --- Saying ------------------------------------------------------------------------------------

  async sendMessage(
    said: Said,
    options: SendOptions = {},
  ): Promise<Result<{ run: string; message: string }>> {
    const message = newId("m");
    const { metadata } = options;
    const input = [
      { id: message, ...contentOf(said), ...this.#signed(), ...(metadata && { metadata }) },
    ];
    const tip = this.#tip();
    const place =
      options.parent !== undefined
        ? { parent: options.parent }
        : tip === null
          ? {}
          : { after: tip };
    const result = await this.#start({ input, ...place }, options);
    return result.ok ? { ...result, message } : result;
  }

  async edit(
    message: string,
    said: Said,
    options: SendOptions & { readonly resend?: boolean | undefined } = {},
  ): Promise<Result> {
    const { metadata } = options;
    const named = metadata === undefined ? {} : { metadata };
    if (options.resend !== true) {
      return this.change({
        type: "put_message",
        message: { id: message, ...contentOf(said), ...named },
      });
    }
    const former = this.#held(message);
    const input = [{ id: newId("m"), ...contentOf(said), ...this.#signed(), ...named }];
    return this.#start({ input, parent: options.parent ?? former.parent }, options);
  }

  async regenerate(message?: string, options: SendOptions = {}): Promise<Result<{ run: string }>> {
    const { parent = this.#asked(message ?? this.#tip()) } = options;
    return this.#start({ parent }, options);
  }

  async stop(run?: string): Promise<Result> {
    const seen = this.#session.seen();
    const running = (state: {
      readonly runs: ReadonlyMap<string, { id: string; status: string }>;
    }) => [...state.runs.values()].find((it) => it.status === "running")?.id;
    const named =
      run ?? running(seen.state) ?? running(this.#session.state) ?? this.#session.starting;
    if (named === undefined) {
      return { ok: false, code: "unknown_run", detail: "Nothing runs." };
    }
    const { messages, shown } = frozenOf(seen.state, named, seen.shown);
    const change: ChangeBody = { type: "stop_run", run: named, ...(shown.length > 0 && { shown }) };
    return this.#add(change, seen.cursor, messages);
  }

  remove(message: string): Promise<Result> {
    return this.change({ type: "delete_message", message });
  }

  update(fields: Parameters<LiveThread["update"]>[0]): Promise<Result> {
    return this.change({ type: "update_thread", ...fields });
  }

  change(change: ChangeBody): Promise<Result> {
    const named =
      change.type === "put_message" && change.message.id === undefined
        ? { ...change, message: { ...change.message, id: newId("m") } }
        : change.type === "start_run" && change.run === undefined
          ? { ...change, run: newId("r") }
          : change;
    return this.#add(named, this.#session.seen().cursor);
  }

  async offerLost(): Promise<Result> {
    const { lost } = this.#session;
    this.#session.offered();
    let result: Result = { ok: true, ts: null };
    const asked = [...lost]
      .sort((a, b) => a.created - b.created)
      .map((it) => this.change(offerOf(it)));
    for (const one of await Promise.all(asked)) if (result.ok) result = one;
    return result;
  }

  async delete(): Promise<Result> {
    const path = this.#path();
    const result = await this.#host.http.value(path, { method: "DELETE" });
    if (!result.ok && !["deleted", "unknown_thread"].includes(result.code)) return result;
    this.#host.dropped(this.id);
    return { ok: true, ts: null };
  }

  async #start(
    start: Omit<StartRun, "type">,
    { agent, params, when_busy }: SendOptions,
  ): Promise<Result<{ run: string }>> {
    const run = newId("r");
    const change: StartRun = {
      type: "start_run",
      run,
      ...start,
      ...(agent && { agent }),
      ...(params !== undefined && { params }),
      ...(when_busy && { when_busy }),
    };
    // What this device has just asked for is what it looks at; a turn that waits is not there yet.
    if (this.view.run === null || start.parent !== undefined) this.#session.show(null);
    const result = await this.#add(change, this.#session.seen().cursor);
    return result.ok ? { ...result, run } : result;
  }

  #add(change: ChangeBody, seen: string | null, frozen?: readonly Message[]): Promise<Result> {
    return this.#host.add({ thread: this.id, change, seen, ...(frozen && { frozen }) });
  }

  #signed(): { readonly author?: string } {
    return this.#host.author === undefined ? {} : { author: this.#host.author };
  }

  // The last message of what is looked at that the server knows: what is not sent yet can't be named
  // as an anchor, for it may have to wait.
  #tip(): string | null {
    const { messages } = this.#session.state;
    return lastOf(this.view.messages, (it) => messages.has(it.id))?.id ?? null;
  }

  #held(message: string): Message {
    const found =
      this.#session.state.messages.get(message) ??
      this.view.messages.find((it) => it.id === message);
    if (found === undefined) throw new Error(`There is no message ${message}.`);
    return found;
  }

  // The message that an answer answers: above all that its run has written.
  #asked(message: string | null): string | null {
    if (message === null) return null;
    let at = this.#held(message);
    if (!isAnswer(at)) return at.id;
    while (at.parent !== null) {
      const above = this.#held(at.parent);
      if (above.run !== at.run || !isAnswer(above)) break;
      at = above;
    }
    return at.parent;
  }

  // --- Looking -----------------------------------------------------------------------------------

  show(message: string): void {
    this.#session.show(message);
  }

  branches(message: string): readonly string[] {
    return this.#session.branches(message);
  }

  dismiss(op: number): void {
    this.#session.dismiss(op);
  }

  markSeen(cursor: string, shown: readonly Shown[] = []): void {
    this.#session.markSeen(cursor, shown);
  }

  async at(ts: number): Promise<Result<{ past: PastView }>> {
    const result = await this.#host.http.value<PastView>(`${this.#path()}?at=${ts}`);
    return result.ok ? { ok: true, ts, past: result.value } : result;
  }

  async context(run: string): Promise<Result<{ context: RunContext }>> {
    const path = `${this.#path()}/runs/${encodeURIComponent(run)}/context`;
    const result = await this.#host.http.value<RunContext>(path);
    return result.ok ? { ok: true, ts: null, context: result.value } : result;
  }

  async *entries(
    options: Parameters<LiveThread["entries"]>[0] = {},
  ): AsyncGenerator<readonly EntryFrame[]> {
    const { after, signal } = options;
    const query = after === undefined ? "" : `?after=${encodeURIComponent(after)}`;
    const { entriesOf } = await import("./streams.js");
    yield* entriesOf(this.#host.http, `${this.#path()}/events${query}`, signal);
  }

  #path(): string {
    return `/v1/threads/${encodeURIComponent(this.id)}`;
  }
}

function lastOf<Item>(items: readonly Item[], meant: (item: Item) => boolean): Item | undefined {
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const item = items[at];
    if (item !== undefined && meant(item)) return item;
  }
  return undefined;
}

const isAnswer = ({ role }: Message) => role === "assistant" || role === "tool";

function contentOf(said: Said): MessageInput {
  return typeof said === "string"
    ? { text: said }
    : "text" in said
      ? { text: said.text }
      : { parts: said.parts };
}

function offerOf({ id, role, parts, author, metadata, parent }: Message): ChangeBody {
  const signed = { ...(author !== undefined && { author }), ...(metadata && { metadata }) };
  return { type: "put_message", message: { id, role, parts, ...signed }, parent, if_absent: true };
}
