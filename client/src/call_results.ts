// SPDX-License-Identifier: Apache-2.0
// call_results.ts: which result on a path belongs to which call.
//
// The server's rule (engine/rules/call_results.h). Calls and results name each other by an id that
// the model server made up, and some give one id to several calls. So a result belongs to the first
// open call with its id, in the last message before it that has one.
//
// The server makes a result itself for a call that gets no real one. If a real one comes later on
// the path, it counts in place of the made one. A call that a person has denied has its result: a
// real one belongs to another call of its id, and the one that tells the denial to this call.

import type { Message, Part } from "./wire.js";

type Call = Extract<Part, { type: "tool_call" }>;
type Answer = Extract<Part, { type: "tool_result" }>;

/** A part on a path: its message, and its index within it. */
export interface PartOf<Value extends Part = Part> {
  readonly message: string;
  readonly index: number;
  readonly part: Value;
}

export interface CallResults {
  /** The result that counts for a call; undefined: it has none. */
  resultOf(message: string, index: number): PartOf<Answer> | undefined;
  /** The call to which a result belongs, made ones included; undefined: no open call before it. */
  callOf(message: string, index: number): PartOf<Call> | undefined;
}

/** Did the server make this result? Logs of earlier releases do not mark it. */
export const isMade = ({ role, run }: Message, { made, content }: Answer): boolean =>
  made === true || (role === "assistant" && run !== undefined && madeContents.includes(content));

const madeContents = ["stopped by the user", "interrupted", "no result"];

/** Linear in the parts of the path. */
export const callResults = (path: readonly Message[]): CallResults => {
  const results = new Map<string, PartOf<Answer>>();
  const calls = new Map<string, PartOf<Call>>();
  const open = new OpenCalls();
  const denied = new OpenCalls();
  const takeReal = (result: PartOf<Answer>): void => {
    const call = open.take(result.part.call) ?? denied.take(result.part.call);
    if (!call) return;
    results.set(keyOf(call), result);
    calls.set(keyOf(result), call);
  };
  const made: { result: PartOf<Answer>; before: Asked[] }[] = [];
  for (const message of path) {
    const asked: Asked[] = [];
    for (const [index, part] of message.parts.entries()) {
      const place = { message: message.id, index };
      if (part.type === "tool_call" && message.role === "assistant") {
        const it = { ...place, part, denied: isDenied(message, index) };
        (it.denied ? denied : open).add(it);
        asked.push(it);
      } else if (part.type === "tool_result" && isMade(message, part)) {
        made.push({ result: { ...place, part }, before: [...asked] });
      } else if (part.type === "tool_result") {
        takeReal({ ...place, part });
      }
    }
  }
  // A made result stands in the message of its call, behind it: of one without a real result first.
  const given = new Set<string>();
  for (const { result, before } of made) {
    const free = before.filter((it) => it.part.id === result.part.call && !given.has(keyOf(it)));
    const denial = result.part.content.startsWith("denied by the user");
    const rank = (it: Asked) => (it.denied === denial ? 2 : 0) + (results.has(keyOf(it)) ? 0 : 1);
    const best = Math.max(...free.map(rank));
    const call = free.find((it) => rank(it) === best);
    if (!call) continue;
    given.add(keyOf(call));
    calls.set(keyOf(result), call);
    if (!results.has(keyOf(call))) results.set(keyOf(call), result);
  }
  return {
    resultOf: (message, index) => results.get(keyOf({ message, index })),
    callOf: (message, index) => calls.get(keyOf({ message, index })),
  };
};

type Asked = PartOf<Call> & { readonly denied: boolean };

const isDenied = ({ calls }: Message, index: number): boolean =>
  calls?.some(({ part, status }) => part === index && status === "denied") === true;

const keyOf = ({ message, index }: Omit<PartOf, "part">) => `${message} ${index}`;

/** By id the calls of each message that has open ones, the earliest call first. */
class OpenCalls {
  readonly #open = new Map<string, PartOf<Call>[][]>();

  add(call: PartOf<Call>): void {
    const messages = this.#open.get(call.part.id) ?? [];
    this.#open.set(call.part.id, messages);
    const last = messages.at(-1);
    if (last?.[0]?.message === call.message) last.push(call);
    else messages.push([call]);
  }

  take(id: string): PartOf<Call> | undefined {
    const messages = this.#open.get(id);
    const call = messages?.at(-1)?.shift();
    if (messages?.at(-1)?.length === 0) messages.pop();
    return call;
  }
}
