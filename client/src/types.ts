// SPDX-License-Identifier: Apache-2.0
// types.ts: the public interface of the client.
//
//   const client = connect({ url: "https://chat.example" });
//   const thread = client.thread("tea");
//   thread.subscribe(() => render(thread.view));
//   await thread.sendMessage("Why is the sky blue?");
//
// A `view` is an immutable value: the client replaces it when something changes, and every part
// that did not change stays the same object, down to each message. A request resolves to a result,
// also if it fails; only misuse throws.

import type {
  Agent,
  ChangeBody,
  Cursor,
  EntryFrame,
  Json,
  Message,
  MessageInput,
  Metadata,
  Part,
  Problem,
  Repair,
  Run,
  Shown,
  Thread,
  Timestamp,
} from "./wire.js";
import type { Store } from "./stored.js";

export type * from "./stored.js";

// --- Views of a thread ---------------------------------------------------------------------------

/** A message on the path that this device shows. */
export interface MessageView extends Message {
  /** The effect of a change without an outcome; null: there is no such change. */
  readonly pending: "new" | "edited" | "deleted" | null;
  /** The ids of its siblings in order, its own included: the branch arrows go through them. */
  readonly branches: readonly string[];
}

/** A turn that waits for an earlier one, on the server or (`pending`) in this browser. */
export interface QueuedTurn {
  readonly run: string;
  readonly input: readonly MessageInput[];
  readonly pending: boolean;
}

/** A refused change, kept until `dismiss` is called. It does not block later changes. */
export interface RefusedChange {
  readonly op: number;
  readonly change: ChangeBody;
  readonly code: string;
  readonly detail: string;
  /** With the code `changed`: the message as it is now; null if it is deleted. */
  readonly now?: Message | null | undefined;
}

/** A deletion that is shown as done and not sent yet. Until it is sent it can be undone. */
export interface Undoable {
  readonly id: string;
  readonly thread: string;
  /** The message, deleted with all below it; null: the whole thread. */
  readonly message: string | null;
  /** The end of the ten seconds, in milliseconds of the clock. */
  readonly until: number;
}

/** `undo`: the deletion waits ten seconds, and can be undone. By default it is sent at once. */
export interface DeleteOptions {
  readonly undo?: boolean | undefined;
}

export type ThreadStatus =
  /** There is no copy yet: the store has none, and the server has not answered. */
  | "loading"
  | "ready"
  /** A turn was sent, and the answer has no word yet. */
  | "submitted"
  | "streaming"
  /** The last run failed or was interrupted; `error` says why. */
  | "error";

export interface ThreadView {
  readonly id: string;
  readonly status: ThreadStatus;
  /** From the root to the tip of the branch that this device shows; pending changes are applied. */
  readonly messages: readonly MessageView[];
  readonly queued: readonly QueuedTurn[];
  /** Turns that ended unanswered when an earlier one failed. The user can send them again. */
  readonly unsent: readonly QueuedTurn[];
  /** The run that is running; null: no run is. */
  readonly run: Run | null;
  /** All runs that the server knows, by id, in the order in which they were asked for. */
  readonly runs: ReadonlyMap<string, Run>;
  /** True from the press of Stop until its outcome: the run's messages do not grow meanwhile. */
  readonly stopping: boolean;
  /** The number of changes without an outcome: stored, and sent when there is a connection. */
  readonly pending: number;
  readonly refused: readonly RefusedChange[];
  /** Messages that only this device has, because the server was restored to an earlier time. */
  readonly lost: readonly Message[];
  /** Null before the thread exists on the server. */
  readonly thread: Thread | null;
  readonly error: { readonly code: string; readonly detail: string } | null;
  /** The state of this view, for `markSeen` after the paint. Null: nothing was received yet. */
  readonly cursor: Cursor | null;
}

/** The state of a thread at an earlier timestamp. */
export interface PastView {
  readonly thread: Thread;
  readonly messages: readonly Message[];
  readonly runs: readonly Run[];
  readonly cursor: Cursor;
  readonly digest: string;
}

/** The input of a model. */
export interface RunContext {
  readonly path: readonly Message[];
  /** The body of the request, as the server sent it to the model. */
  readonly sent: Json;
  /** Of a run that 0.1.0 started: texts. */
  readonly repairs: readonly (Repair | string)[];
}

// --- Requests ------------------------------------------------------------------------------------

export type Result<Value = object> =
  | ({ readonly ok: true; readonly ts: Timestamp | null } & Value)
  | { readonly ok: false; readonly code: string; readonly detail: string };

/** A file to send. Without a name or a type of its own, those of the `Blob` count. */
export type SendFile =
  | Blob
  | {
      readonly data: Blob;
      readonly name?: string | undefined;
      readonly media_type?: string | undefined;
    };

export type FilePart = Extract<Part, { type: "file" }>;

export interface UploadOptions {
  /** Ends the upload: the code `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each file, with the bytes of the files that are there, and of all. */
  readonly onProgress?: ((sent: number, total: number) => void) | undefined;
}

export interface Files {
  /** `part` goes into a message. The server drops a file that no message names after a day. */
  upload(file: SendFile, options?: UploadOptions): Promise<Result<{ part: FilePart }>>;
  /**
   * An address of an uploaded file, for an `<img>` or a download, which needs no token. The same
   * one for most of an hour; `renew`: another one, because the last one no longer works.
   */
  link(uri: string, renew?: boolean): Promise<Result<{ url: string }>>;
}

export interface SendOptions {
  readonly agent?: string | undefined;
  readonly params?: Json | undefined;
  /** The message above the new one; by default the tip of the branch that this device shows. */
  readonly parent?: string | null | undefined;
  readonly when_busy?: "queue" | "interrupt" | "rollback" | "reject" | undefined;
  readonly metadata?: Metadata | undefined;
  /** The model goes on by itself when all calls of its answer have results. */
  readonly resume?: "when_answered" | undefined;
}

/** The content of a message: text, or parts. */
export type Said = string | { readonly text: string } | { readonly parts: readonly Part[] };

export interface LiveThread {
  readonly id: string;
  /** The same object until something changes. */
  readonly view: ThreadView;
  /** Follows the thread while there is a subscriber. Called after each change of `view`. */
  subscribe(listener: () => void): () => void;

  /**
   * Shows it at once. Resolves with the outcome, which may take hours if there is no network. With
   * `files` it is shown and sent when these are uploaded, and the files stand before the text; if
   * one can't be uploaded, nothing is sent, and `detail` names it.
   */
  sendMessage(
    said: Said,
    options?: SendOptions & UploadOptions & { readonly files?: readonly SendFile[] | undefined },
  ): Promise<Result<{ run: string; message: string }>>;
  /** Replaces a message's content. With `resend`: asks the new content, as a sibling branch. */
  edit(
    message: string,
    said: Said,
    options?: SendOptions & { readonly resend?: boolean | undefined },
  ): Promise<Result>;
  /** Asks for another answer, as a branch; by default to the last question. */
  regenerate(message?: string, options?: SendOptions): Promise<Result<{ run: string }>>;
  /**
   * Goes on with an answer that was cut, by default the last message. The new message `continues`
   * it. If a run does so already, on any device, that one counts.
   */
  continueMessage(message?: string, options?: SendOptions): Promise<Result>;
  /**
   * Gives the result of a tool call of this message. The first result counts; a later one, also of
   * another device, resolves to the code `answered`. `failed`: the content is the tool's error.
   */
  answerTool(
    message: string,
    call: string,
    content: string,
    options?: { readonly failed?: boolean | undefined },
  ): Promise<Result>;
  /**
   * Decides whether a call may be made, or tells that it is `running`. The first decision counts; a
   * later one resolves to the code `decided`. A model is given the reason of a denial. `always`:
   * every later call of this tool in this thread is approved too.
   */
  decideTool(
    message: string,
    call: string,
    decision: "approved" | "denied" | "running",
    options?: { readonly reason?: string | undefined; readonly always?: boolean | undefined },
  ): Promise<Result>;
  /** Cuts the run (default: the running one) to the text seen; freezes it until the outcome. */
  stop(run?: string): Promise<Result>;
  /** Deletes a message with all below it. If it is undone: the code `undone`. */
  remove(message: string, options?: DeleteOptions): Promise<Result>;
  update(fields: {
    readonly title?: string | undefined;
    readonly archived?: boolean | undefined;
    readonly metadata?: Metadata | undefined;
  }): Promise<Result>;
  /** Any change of the protocol. The server makes the ids that it leaves out. */
  change(change: ChangeBody): Promise<Result>;
  /** Deletes the thread for ever. If it is undone: the code `undone`. */
  delete(options?: DeleteOptions): Promise<Result>;

  /** Shows the branch that goes through this message, on this device only. */
  show(message: string): void;
  /** The ids of a message's siblings in order, its own included. */
  branches(message: string): readonly string[];
  dismiss(op: number): void;
  /** Puts the lost messages back in their places; then they are no longer `lost`. */
  offerLost(): Promise<Result>;
  /** Gives up the lost messages on this browser. */
  forgetLost(): void;

  /**
   * The user has seen everything up to this cursor, except that of the parts in `shown` only so
   * many UTF-16 units were visible. Later changes name it, so a stop cuts there. Without any call a
   * state counts as seen as soon as a view of it was read.
   */
  markSeen(cursor: Cursor, shown?: readonly Shown[]): void;

  /** The thread at an earlier timestamp. */
  at(ts: Timestamp): Promise<Result<{ past: PastView }>>;
  context(run: string): Promise<Result<{ context: RunContext }>>;
  /** All entries from the first (or after `after`), in batches, as they arrive; for inspectors. */
  entries(options?: {
    readonly after?: Cursor | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<readonly EntryFrame[]>;
}

export interface ThreadListView {
  readonly status: "loading" | "ready" | "error";
  /** Latest change first, archived threads included. */
  readonly threads: readonly Thread[];
  readonly error: Problem | null;
}

export interface LiveThreads {
  readonly view: ThreadListView;
  subscribe(listener: () => void): () => void;
}

// --- The client ----------------------------------------------------------------------------------

export type Connection =
  | "connecting"
  | "online"
  /** No connection; the client tries again at `retry`. */
  | "offline"
  /** The server wants another token: the client tries again only after `reconnect`. */
  | "unauthorized";

export interface ConnectionView {
  readonly state: Connection;
  /** This tab holds the connection for all tabs of the browser. */
  readonly leader: boolean;
  readonly transport: "websocket" | "sse" | null;
  /** The time of the next try, in milliseconds of the clock. */
  readonly retry: number | null;
}

export interface Client {
  readonly device: string;
  readonly connection: ConnectionView;
  subscribe(listener: () => void): () => void;
  /** The same object for the same id, as long as the client lives. */
  thread(id: string): LiveThread;
  threads(): LiveThreads;
  /** The agents as the server has them now. */
  agents(): Promise<Result<{ agents: readonly Agent[] }>>;
  /** Uploads, and addresses of uploaded files. The code for it is loaded at the first call. */
  files(): Promise<Files>;
  /** Deletions that can be undone, of all threads and tabs; the same list until they change. */
  readonly undoable: readonly Undoable[];
  /** False: too late, it is being sent or was sent. */
  undo(id: string): Promise<boolean>;
  /** Tries to connect at once. */
  reconnect(): void;
  /** Closes everything. Pending changes stay in the store. */
  close(): Promise<void>;
}

/** The time; an option, so that tests have their own. */
export interface Clock {
  now(): number;
  after(milliseconds: number, task: () => void): () => void;
}

export interface Options {
  /** The server's address; by default the page's own. */
  readonly url?: string | undefined;
  /** A bearer token, or a function that gets one (and another after a refusal). */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** The `author` of messages that this client sends. */
  readonly author?: string | undefined;
  /** Keeps pending changes and threads. Default: IndexedDB where there is one, else memory. */
  readonly store?: Store | Promise<Store> | undefined;
  /** Share connection, device and queue with other tabs. Default: where the browser can. */
  readonly tabs?: boolean | undefined;
  /** Default: `websocket`, and `sse` where no WebSocket gets through. */
  readonly transport?: "websocket" | "sse" | undefined;
  readonly fetch?: typeof fetch | undefined;
  readonly WebSocket?: typeof WebSocket | undefined;
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. */
  readonly random?: (() => number) | undefined;
}
