// SPDX-License-Identifier: Apache-2.0
// wire_events.ts: the events of the protocol: what entries tell.

import type {
  CallNote,
  Json,
  Message,
  MessageInput,
  MessageStatus,
  Metadata,
  Part,
  Repair,
  Resume,
  Role,
  RunError,
  RunStatus,
} from "./wire.js";

export type Event =
  | {
      readonly type: "thread_updated";
      readonly title?: string | undefined;
      readonly archived?: boolean | undefined;
      readonly metadata?: Metadata | undefined;
      readonly approved_tools?: readonly string[] | undefined;
    }
  | { readonly type: "message_put"; readonly message: Message }
  | {
      readonly type: "message_created";
      readonly message: {
        readonly id: string;
        readonly parent: string | null;
        readonly role: Role;
        readonly author?: string | undefined;
        readonly run?: string | undefined;
        readonly continues?: string | undefined;
      };
    }
  | {
      readonly type: "part_started";
      readonly message: string;
      readonly part: number;
      readonly value: Part;
    }
  | {
      readonly type: "content_appended";
      readonly message: string;
      readonly part: number;
      readonly at: number;
      readonly text: string;
    }
  | {
      readonly type: "message_ended";
      readonly message: string;
      readonly status: MessageStatus;
      readonly usage?: Json | undefined;
      readonly finish_reason?: string | undefined;
      readonly model?: string | undefined;
    }
  | {
      readonly type: "message_cut";
      readonly message: string;
      readonly keep: readonly number[];
      readonly status: MessageStatus;
    }
  | { readonly type: "message_deleted"; readonly message: string }
  | { readonly type: "head_moved"; readonly head: string | null }
  | {
      readonly type: "run_queued";
      readonly run: string;
      readonly agent: string;
      readonly input: readonly MessageInput[];
      readonly after?: string | null | undefined;
      readonly parent?: string | null | undefined;
      readonly continues?: string | undefined;
      readonly params?: Json | undefined;
      readonly resume?: "when_answered" | undefined;
    }
  | {
      readonly type: "attempt_started";
      readonly run: string;
      readonly attempt: number;
      readonly agent: string;
      readonly model?: string | undefined;
      readonly settings: string;
      /** Why the former attempt was given up. */
      readonly error?: RunError | undefined;
    }
  | ({ readonly type: "call_noted"; readonly message: string } & CallNote)
  | { readonly type: "resume_noted"; readonly run: string; readonly resume: Resume }
  | {
      readonly type: "repairs_noted";
      readonly run: string;
      readonly repairs: readonly Repair[];
    }
  | {
      readonly type: "run_started";
      readonly run: string;
      readonly attempt: number;
      readonly head: string | null;
      readonly model?: string | undefined;
      readonly settings: string;
    }
  | {
      readonly type: "run_ended";
      readonly run: string;
      readonly status: RunStatus;
      readonly error?: RunError | undefined;
      readonly usage?: Json | undefined;
      readonly finish_reason?: string | undefined;
      readonly model?: string | undefined;
    };
