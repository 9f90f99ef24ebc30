// SPDX-License-Identifier: Apache-2.0
// types.ts: the face of the client.
//
//   const client = connect({ url: "https://chat.example" });
//   const thread = client.thread("tea");
//   thread.subscribe(() => render(thread.view));
//   await thread.sendMessage("Why is the sky blue?");
//
// A `view` is a value: it is replaced when something changes and never changed, and what did not
// change in it stays the same object, down to each message. What is asked for resolves to an
// outcome; only misuse throws.

import type {
  ChangeBody,
  Cursor,
  EntryFrame,
  Json,
  Message,
  MessageInput,
  Metadata,
  Outcome,
  Part,
  Problem,
  Run,
  Shown,
  Thread,
  Timestamp,
} from "./wire.js";

// --- What a thread shows -------------------------------------------------------------------------

/** A message on the path that this device looks at. */
export interface MessageView extends Message {
  /** Made, put or to be deleted by a change that is not acknowledged yet; null if there is none. */
  readonly pending: "new" | "edited" | "deleted" | null;
  /** Its siblings in order, itself among them: what the branch arrows go through. */
  readonly branches: readonly string[];
}

/** A turn that waits for the one before it, on the server or still in this browser. */
export interface QueuedTurn {
  readonly run: string;
  readonly input: readonly MessageInput[];
  readonly pending: boolean;
}

/** A change that was refused, until `dismiss` is called. It never blocks those behind it. */
export interface RefusedChange {
  readonly op: number;
  readonly change: ChangeBody;
  readonly code: string;
  readonly detail: string;
  /** Of one that was refused as `changed`: the message as it is now; null if it is gone. */
  readonly now?: Message | null | undefined;
}

/** A deletion that is shown as done and not sent yet: until then it can be undone. */
export interface Undoable {
  readonly id: string;
  readonly thread: string;
  /** With all below it; null: the thread. */
  readonly message: string | null;
  /** By the clock's milliseconds. */
  readonly until: number;
}

/** Is it sent at once, or can it be undone for ten seconds? */
export interface DeleteOptions {
  readonly undo?: boolean | undefined;
}

export type ThreadStatus =
  /** Nothing of it is known yet. */
  | "loading"
  | "ready"
  /** Something was asked, and no word of the answer is there. */
  | "submitted"
  | "streaming"
  /** The last run failed or was interrupted; `error` says why. */
  | "error";

export interface ThreadView {
  readonly id: string;
  readonly status: ThreadStatus;
  /** From the root to the tip of the branch that this device looks at, pending changes applied. */
  readonly messages: readonly MessageView[];
  readonly queued: readonly QueuedTurn[];
  /** Turns that waited when the one before them failed: nothing came of them, say them again. */
  readonly unsent: readonly QueuedTurn[];
  /** The run that is being written, if there is one. */
  readonly run: Run | null;
  /** True from the press of Stop until its outcome: what is shown of the run is frozen. */
  readonly stopping: boolean;
  /** Changes that are not acknowledged: kept, and sent when there is a connection. */
  readonly pending: number;
  readonly refused: readonly RefusedChange[];
  /** What this device held and the server's history does not have (after a restore). */
  readonly lost: readonly Message[];
  /** Null before the thread exists on the server. */
  readonly thread: Thread | null;
  readonly error: { readonly code: string; readonly detail: string } | null;
  /** What is received, to be handed to `markSeen` when it was painted. Null: nothing is. */
  readonly cursor: Cursor | null;
}

/** State(at) of a thread, as it was. */
export interface PastView {
  readonly thread: Thread;
  readonly messages: readonly Message[];
  readonly runs: readonly Run[];
  readonly cursor: Cursor;
  readonly digest: string;
}

/** What a model was given. */
export interface RunContext {
  readonly path: readonly Message[];
  /** The request's body, as it went to the model. */
  readonly sent: Json;
  readonly repairs: readonly Json[];
}

// --- What is asked for ---------------------------------------------------------------------------

export type Result<Value = object> =
  | ({ readonly ok: true; readonly ts: Timestamp | null } & Value)
  | { readonly ok: false; readonly code: string; readonly detail: string };

export interface SendOptions {
  readonly agent?: string | undefined;
  readonly params?: Json | undefined;
  /** The message below which it goes; by default the tip of the branch that is looked at. */
  readonly parent?: string | null | undefined;
  readonly when_busy?: "queue" | "interrupt" | "rollback" | "reject" | undefined;
  readonly metadata?: Metadata | undefined;
}

/** What is sent: text, or parts. */
export type Said = string | { readonly text: string } | { readonly parts: readonly Part[] };

export interface LiveThread {
  readonly id: string;
  /** The same object until something changes. */
  readonly view: ThreadView;
  /** Follows the thread while there is a subscriber. Called after each change of `view`. */
  subscribe(listener: () => void): () => void;

  /** Shown at once. Resolves when the server has taken or refused it, however late that is. */
  sendMessage(said: Said, options?: SendOptions): Promise<Result<{ run: string; message: string }>>;
  /** Puts a message anew in its place. With `resend`: a user's message, asked anew as a branch. */
  edit(
    message: string,
    said: Said,
    options?: SendOptions & { readonly resend?: boolean | undefined },
  ): Promise<Result>;
  /** Answers once more, as a branch; by default the last answer. */
  regenerate(message?: string, options?: SendOptions): Promise<Result<{ run: string }>>;
  /** Ends the run as seen. Freezes what is shown until the outcome. Without a run: that which runs. */
  stop(run?: string): Promise<Result>;
  /** With all that is below it. Undone it resolves to `undone`. */
  remove(message: string, options?: DeleteOptions): Promise<Result>;
  update(fields: {
    readonly title?: string | undefined;
    readonly archived?: boolean | undefined;
    readonly metadata?: Metadata | undefined;
  }): Promise<Result>;
  /** Any change of the protocol. A message or run that it gives no id is named by the server. */
  change(change: ChangeBody): Promise<Result>;
  /** Deletes the thread, for ever. Undone it resolves to `undone`. */
  delete(options?: DeleteOptions): Promise<Result>;

  /** Looks at the branch that goes through this message; other devices stay where they are. */
  show(message: string): void;
  /** The siblings of a message, in order, itself among them. */
  branches(message: string): readonly string[];
  dismiss(op: number): void;
  /** Offers what was lost again, in its place; then it is no longer `lost`. */
  offerLost(): Promise<Result>;
  /** Gives up what was lost: what the server has is all there is. */
  forgetLost(): void;

  /**
   * The user has seen all up to this cursor, but of these parts only so many units. What is stopped
   * or sent says so. Without any call what is received counts as seen.
   */
  markSeen(cursor: Cursor, shown?: readonly Shown[]): void;

  /** The thread as it was. */
  at(ts: Timestamp): Promise<Result<{ past: PastView }>>;
  context(run: string): Promise<Result<{ context: RunContext }>>;
  /** All entries from the first, in batches, as they come; for inspectors and tools. */
  entries(options?: {
    readonly after?: Cursor | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<readonly EntryFrame[]>;
}

export interface ThreadListView {
  readonly status: "loading" | "ready" | "error";
  /** Latest change first; archived ones too. */
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
  /** No connection; it is tried again at `retry`. */
  | "offline"
  /** The server wants another token: nothing is tried until `reconnect`. */
  | "unauthorized";

export interface ConnectionView {
  readonly state: Connection;
  /** Does this tab hold the connection for all tabs of this browser? */
  readonly leader: boolean;
  readonly transport: "websocket" | "sse" | null;
  /** When it is tried again, by the clock's milliseconds. */
  readonly retry: number | null;
}

export interface Client {
  readonly device: string;
  readonly connection: ConnectionView;
  subscribe(listener: () => void): () => void;
  /** The same object for the same id, for the client's life. */
  thread(id: string): LiveThread;
  threads(): LiveThreads;
  /** Deletions that can be undone, of all threads and tabs; the same until `subscribe` tells of others. */
  readonly undoable: readonly Undoable[];
  /** False: it was sent meanwhile. */
  undo(id: string): Promise<boolean>;
  /** Tries at once. */
  reconnect(): void;
  /** Closes everything. What is pending stays stored. */
  close(): Promise<void>;
}

/** Time, handed in so that tests have their own. */
export interface Clock {
  now(): number;
  after(milliseconds: number, task: () => void): () => void;
}

export interface Options {
  /** The server's address; by default the page's own. */
  readonly url?: string | undefined;
  /** A bearer token, or how to get one. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** Messages of this device carry it. */
  readonly author?: string | undefined;
  /** Where pending changes and threads are kept: IndexedDB where there is one, else memory. */
  readonly store?: Store | Promise<Store> | undefined;
  /** Share connection, device and queue with other tabs. Default: where the browser can. */
  readonly tabs?: boolean | undefined;
  /** By default `websocket`, and `sse` where that can't be had. */
  readonly transport?: "websocket" | "sse" | undefined;
  readonly fetch?: typeof fetch | undefined;
  readonly WebSocket?: typeof WebSocket | undefined;
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. */
  readonly random?: (() => number) | undefined;
}

// --- The store -----------------------------------------------------------------------------------

/** A change that is not acknowledged. */
export interface PendingChange {
  readonly op: number;
  readonly thread: string;
  readonly change: ChangeBody;
  readonly seen: Cursor | null;
  /** Of a stop: the run's messages as they were frozen. */
  readonly frozen?: readonly Message[] | undefined;
  /** Why it was refused: kept until its user has dismissed it. */
  readonly refused?: Pick<RefusedChange, "code" | "detail"> | undefined;
}

/** What came of a change: of an answer, of an entry, or because its user has read why not. */
export interface Settled {
  readonly op?: number | undefined;
  readonly outcome: Outcome["outcome"] | "dismissed";
  readonly ts?: Timestamp | undefined;
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
}

/** A deletion that waits until it can't be undone any more. */
export interface HeldDeletion extends Undoable {
  readonly seen: Cursor | null;
}

/** A thread as this browser last held it. */
export interface StoredThread {
  readonly id: string;
  readonly cursor: Cursor;
  readonly thread: Thread;
  readonly messages: readonly Message[];
  readonly runs: readonly Run[];
  /** What this device held and the server's history does not have. */
  readonly lost?: readonly Message[] | undefined;
}

/** What outlives the page. Every method is one transaction. */
export interface Store {
  /** The name under which other tabs see the same store; null: it is this page's alone. */
  readonly shared: string | null;
  /** This browser's device id, or this page's. */
  readonly device: string;
  /** Numbers the change (`op`: one above all that were ever given) and keeps it. */
  add(change: Omit<PendingChange, "op">): Promise<PendingChange>;
  /** Takes off what was applied or dismissed; what was refused stays, with the reason. */
  settle(thread: string, outcomes: readonly Settled[]): Promise<void>;
  /** Numbers these anew, in their order, as seen at this cursor (without one: as before). */
  renumber(
    thread: string,
    ops: readonly number[],
    seen: Cursor | null | undefined,
  ): Promise<readonly PendingChange[]>;
  /** All that is kept, what was refused too. */
  pending(): Promise<readonly PendingChange[]>;
  thread(id: string): Promise<StoredThread | null>;
  keepThread(thread: StoredThread): Promise<void>;
  dropThread(id: string): Promise<void>;
  /** The deletions that wait, after this change of theirs. */
  held(
    change?: (held: readonly HeldDeletion[]) => readonly HeldDeletion[],
  ): Promise<readonly HeldDeletion[]>;
  threads(): Promise<readonly Thread[]>;
  keepThreads(threads: readonly Thread[]): Promise<void>;
  close(): void;
}
