// SPDX-License-Identifier: Apache-2.0
// call_states.ts: the state of a tool call, in one word for all devices. Pure.

import { isMade, type PartOf } from "./call_results.js";
import type { Message, Part, Run } from "./wire.js";

export type CallState =
  /** There is no result, and whoever can may answer. */
  | "asked"
  /** A person must decide before anything else. */
  | "needs_approval"
  | "approved"
  | "denied"
  /** Somebody works on it. */
  | "running"
  | "answered"
  /** Answered by the error of the tool. */
  | "failed"
  /** Its run waited for answers, and the time is over. An answer is still taken. */
  | "expired"
  /** The server has made up a result, because the conversation went on. An answer is still taken. */
  | "passed";

type Result = PartOf<Extract<Part, { type: "tool_result" }>>;

const other = { role: "tool" } as Message;

/** `part`: the index of the call; `result`: as `callResults` finds it; `run`: that of the message. */
export const callState = (
  message: Message,
  part: number,
  result: Result | null | undefined,
  run?: Run | undefined,
): CallState => {
  // A result of the server stands in the message of its call.
  const made = result && isMade(result.message === message.id ? message : other, result.part);
  if (result && !made) return result.part.failed ? "failed" : "answered";
  const note = message.calls?.find((it) => it.part === part)?.status;
  if (note === "denied") return note;
  if (run?.resume?.why === "expired") return "expired";
  return result ? "passed" : (note ?? "asked");
};
