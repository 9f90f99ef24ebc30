// SPDX-License-Identifier: Apache-2.0
// wire.ts: the JSON of the protocol, with the names of docs/protocol.md.
//
// Objects of the server may have fields that are not named here; the client ignores them.

import type { Event } from "./wire_events.js";

export type { Event } from "./wire_events.js";

export type Role = "system" | "user" | "assistant" | "tool";
export type MessageStatus = "open" | "complete" | "stopped" | "failed" | "interrupted";
export type RunStatus =
  "queued" | "running" | "completed" | "stopped" | "failed" | "interrupted" | "superseded";

/** Microseconds, strictly increasing within a thread. */
export type Timestamp = number;
/** `TS@EPOCH`. */
export type Cursor = string;
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type Metadata = { readonly [name: string]: Json };

export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "reasoning"; readonly text: string }
  | {
      readonly type: "tool_call";
      readonly id: string;
      readonly name: string;
      /** JSON text, which may still grow. */
      readonly arguments: string;
    }
  | {
      readonly type: "tool_result";
      readonly call: string;
      readonly content: string;
      /** The server made this result itself; a real one that comes later replaces it. */
      readonly made?: true | undefined;
      /** The tool says that it failed: `content` is its error. */
      readonly failed?: true | undefined;
    }
  | {
      readonly type: "file";
      readonly uri: string;
      readonly media_type?: string | undefined;
      readonly name?: string | undefined;
    }
  | { readonly type: "data"; readonly name: string; readonly value: Json };

/** What is noted of a tool call, which is this part of its message. */
export interface CallNote {
  readonly part: number;
  readonly status: "needs_approval" | "approved" | "denied" | "running";
  /** Of the person who decided. */
  readonly reason?: string | undefined;
}

/** How a run waits for the results of its calls. */
export interface Resume {
  readonly status: "asked" | "waiting" | "resumed" | "given_up";
  /** While it waits: later answers start nothing. */
  readonly until?: Timestamp | undefined;
  /** The run that goes on. */
  readonly next?: string | undefined;
  /** Given up: `moved_on`, `head_left`, `expired`, `stopped`, `too_many`, `no_agent`, `taken`. */
  readonly why?: string | undefined;
}

export interface Message {
  readonly id: string;
  readonly parent: string | null;
  readonly role: Role;
  readonly author?: string | undefined;
  readonly run?: string | undefined;
  /** Its parent, an answer that was cut: this message goes on there. Both are one answer. */
  readonly continues?: string | undefined;
  readonly parts: readonly Part[];
  readonly status: MessageStatus;
  /** As the model server ended it: `stop`, `length`, `tool_calls`, or a word of its own. */
  readonly finish_reason?: string | undefined;
  /** The model that answered. */
  readonly model?: string | undefined;
  readonly created: Timestamp;
  readonly updated: Timestamp;
  readonly usage?: Json | undefined;
  readonly metadata?: Metadata | undefined;
  readonly calls?: readonly CallNote[] | undefined;
}

export interface MessageInput {
  readonly id?: string | undefined;
  readonly role?: Role | undefined;
  readonly text?: string | undefined;
  readonly parts?: readonly Part[] | undefined;
  readonly author?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface RunError {
  readonly code: string;
  readonly detail: string;
}

/** A difference between a path and the request that a model was sent. */
export interface Repair {
  readonly kind: string;
  readonly count: number;
  /** The messages, calls or parameters, of many only the first. */
  readonly ids: readonly string[];
  /** A sentence, where the server names one. */
  readonly text?: string | undefined;
}

export interface Run {
  readonly id: string;
  readonly agent: string;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly input?: readonly MessageInput[] | undefined;
  readonly after?: string | null | undefined;
  readonly parent?: string | null | undefined;
  /** The message that it continues. */
  readonly continues?: string | undefined;
  readonly params?: Json | undefined;
  readonly head?: string | null | undefined;
  readonly context_ts?: Timestamp | undefined;
  readonly settings?: string | undefined;
  readonly queued: Timestamp;
  readonly started?: Timestamp | undefined;
  readonly ended?: Timestamp | undefined;
  readonly error?: RunError | undefined;
  readonly usage?: Json | undefined;
  readonly finish_reason?: string | undefined;
  /** The model that was asked, and from the end on the one that answered. */
  readonly model?: string | undefined;
  readonly repairs?: readonly Repair[] | undefined;
  readonly resume?: Resume | undefined;
  /** Only where a run is read by itself, and only for now: its agent has no free slot, or no worker has it. */
  readonly waiting_for?: "slot" | "worker" | undefined;
  /** Only where a run is read by itself: the agents before its fallbacks, the first one first. */
  readonly former?: readonly FormerAgent[] | undefined;
}

/** An agent whose run a fallback took over, and why. */
export interface FormerAgent {
  readonly agent: string;
  readonly error: RunError;
}

/** What a front may know of an agent: to offer a choice. */
export interface Agent {
  readonly name: string;
  readonly kind: string;
  /** A run that names no agent gets this one. */
  readonly default: boolean;
  /** The model of a run that chooses none. */
  readonly model?: string | undefined;
  /** What `params.model` of a run may be; `*`: anything. */
  readonly models: readonly string[] | "*";
  /** The members that `params` of a run may have besides; `*`: any. */
  readonly params_allowed: readonly string[] | "*";
  readonly images: boolean;
  /** Of request and answer together. */
  readonly context_tokens?: number | undefined;
  /** Of an answer: a run may ask for fewer. */
  readonly tokens_max?: number | undefined;
  readonly runs_at_once?: number | undefined;
  readonly running: number;
  /** Runs that have started and wait for a slot. */
  readonly waiting: number;
}

export interface Thread {
  readonly id: string;
  readonly title: string;
  readonly archived: boolean;
  readonly metadata: Metadata;
  readonly head: string | null;
  readonly created: Timestamp;
  readonly updated: Timestamp;
  readonly running: boolean;
  /** Tools whose calls need no approval in this thread. */
  readonly approved_tools?: readonly string[] | undefined;
}

// --- Changes and their outcomes ------------------------------------------------------------------

/** How much of a part was on the screen, in UTF-16 units. */
export interface Shown {
  readonly message: string;
  readonly part: number;
  readonly length: number;
}

export type ChangeBody =
  | {
      readonly type: "start_run";
      readonly run?: string | undefined;
      readonly agent?: string | undefined;
      readonly input?: readonly MessageInput[] | undefined;
      readonly after?: string | null | undefined;
      readonly parent?: string | null | undefined;
      /** Goes on where this message was cut; without `input`, `after` and `parent`. */
      readonly continue?: string | undefined;
      readonly when_busy?: "queue" | "interrupt" | "rollback" | "reject" | undefined;
      readonly needs?: readonly number[] | undefined;
      readonly params?: Json | undefined;
      /** When the calls of this run are answered, another run goes on. */
      readonly resume?: "when_answered" | undefined;
    }
  | {
      readonly type: "put_message";
      readonly message: MessageInput;
      readonly after?: string | null | undefined;
      readonly parent?: string | null | undefined;
      readonly if_absent?: boolean | undefined;
      readonly if_unchanged?: boolean | undefined;
    }
  | {
      readonly type: "delete_message";
      readonly message: string;
      readonly if_unchanged?: boolean | undefined;
    }
  | {
      readonly type: "stop_run";
      readonly run?: string | undefined;
      readonly shown?: readonly Shown[] | undefined;
    }
  | { readonly type: "move_head"; readonly head: string | null }
  | {
      readonly type: "update_thread";
      readonly title?: string | undefined;
      readonly archived?: boolean | undefined;
      readonly metadata?: Metadata | undefined;
      readonly approved_tools?: readonly string[] | undefined;
    }
  | {
      readonly type: "answer_call";
      /** The message of the call. */
      readonly message: string;
      readonly call: string;
      readonly content: string;
      readonly failed?: boolean | undefined;
      /** Of the message with the result. */
      readonly id?: string | undefined;
    }
  | {
      readonly type: "decide_call";
      readonly message: string;
      readonly call: string;
      readonly decision: "approved" | "denied" | "running";
      readonly reason?: string | undefined;
      /** With `approved`: every later call of this tool in this thread, too. */
      readonly always?: boolean | undefined;
    };

/** A change as the client sends it: with its number and the cursor that its user had seen. */
export type Change = ChangeBody & { readonly op: number; readonly seen?: Cursor | undefined };

export interface Outcome {
  readonly op?: number | undefined;
  readonly type: ChangeBody["type"];
  readonly outcome: "applied" | "refused";
  readonly duplicate?: boolean | undefined;
  readonly ts?: Timestamp | undefined;
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
  readonly message?: string | undefined;
  readonly run?: string | undefined;
}

export interface SyncRequest {
  readonly cursor?: Cursor | undefined;
  readonly device?: string | undefined;
  readonly changes?: readonly Change[] | undefined;
  readonly if_head?: string | undefined;
  readonly digest?: string | undefined;
  readonly window?: number | undefined;
  readonly follow?: "none" | "run" | "live" | undefined;
}

// --- Frames --------------------------------------------------------------------------------------

export interface Growth {
  readonly id: string;
  readonly status: MessageStatus;
  readonly updated: Timestamp;
  readonly usage?: Json | undefined;
  readonly finish_reason?: string | undefined;
  readonly model?: string | undefined;
  readonly calls?: readonly CallNote[] | undefined;
  /** The number of its parts; later ones are removed. */
  readonly parts: number;
  readonly grow: readonly (
    | { readonly part: number; readonly at: number; readonly text: string }
    | { readonly part: number; readonly value: Part }
  )[];
}

interface DiffRows {
  readonly frame: "diff";
  readonly cursor: Cursor;
  readonly from: Timestamp;
  /** Of a diff in several frames only the first has `reset` and `thread`. */
  readonly reset?:
    { readonly reason: string; readonly kept_until?: Timestamp | undefined } | undefined;
  readonly thread?: Thread | undefined;
  readonly messages: readonly (Message | Growth)[];
  readonly removed: readonly string[];
  readonly runs: readonly Run[];
}

/** The diff goes on in the next frame. */
export interface EarlierDiffFrame extends DiffRows {
  readonly more: true;
}

/** The last frame of a diff, or its only one: no other frame has these fields. */
export interface LastDiffFrame extends DiffRows {
  readonly more?: undefined;
  readonly outcomes: readonly Outcome[];
  readonly digest?: string | undefined;
  readonly edge_digest?: string | undefined;
  readonly older?: boolean | undefined;
}

export type DiffFrame = EarlierDiffFrame | LastDiffFrame;

export interface Ack {
  readonly user: string;
  readonly device: string;
  readonly op: number;
  readonly outcome: "applied" | "refused";
  readonly code?: string | undefined;
}

export interface EntryFrame {
  readonly frame: "entry";
  readonly ts: Timestamp;
  readonly prev: Timestamp;
  readonly events: readonly Event[];
  readonly acks?: readonly Ack[] | undefined;
}

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title?: string | undefined;
  readonly detail?: string | undefined;
  readonly path?: string | undefined;
}

export type FailureFrame = Problem & { readonly frame: "failure"; readonly retry: boolean };

export type Frame =
  | DiffFrame
  | EntryFrame
  | { readonly frame: "live"; readonly cursor: Cursor }
  | {
      readonly frame: "end";
      readonly cursor: Cursor;
      readonly reason: "done" | "deleted" | "forbidden" | "shutdown";
    }
  | FailureFrame;

export type FeedFrame =
  | { readonly frame: "feed"; readonly cursor: string; readonly thread: Thread }
  | { readonly frame: "feed"; readonly cursor: string; readonly removed: string };
