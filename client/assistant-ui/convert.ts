// SPDX-License-Identifier: Apache-2.0
// convert.ts: converts messages to those of assistant-ui, and back.
//
// assistant-ui has no messages of role `tool`, and holds a tool's result in the call. So a result
// joins the call that it answers, wherever on the path it is; a real one replaces the one that the
// server made. Messages that go on with each other are one message, under the id of the first. A
// message is converted again only when it, or a result for one of its calls, has changed:
// assistant-ui memoises by object.

import { fromThreadMessageLike } from "@assistant-ui/react";
import type {
  AppendMessage,
  ExportedMessageRepository,
  MessageStatus,
  ThreadMessage,
  ThreadMessageLike,
} from "@assistant-ui/react";

import { answersOf } from "../src/answers.js";
import { type CallResults, callResults } from "../src/call_results.js";
import type { MessageView } from "../src/types.js";
import type { Part } from "../src/wire.js";

type Call = Extract<Content[number], { type: "tool-call" }>;
type Content = Exclude<ThreadMessageLike["content"], string>;

function statusOf(message: MessageView): MessageStatus {
  switch (message.status) {
    case "open":
      return { type: "running" };
    case "complete":
      return { type: "complete", reason: "stop" };
    case "stopped":
      return { type: "incomplete", reason: "cancelled" };
    default:
      return { type: "incomplete", reason: "error", error: message.status };
  }
}

function convertPart(part: Part, result?: string): Content {
  switch (part.type) {
    case "text":
    case "reasoning":
      return [{ type: part.type, text: part.text }];
    case "tool_call": {
      const call = {
        type: "tool-call" as const,
        toolCallId: part.id,
        toolName: part.name,
        argsText: part.arguments,
      };
      return [result === undefined ? call : { ...call, result }];
    }
    case "file": {
      const mimeType = part.media_type ?? "application/octet-stream";
      const file = { type: "file" as const, data: part.uri, mimeType, sourceType: "url" as const };
      return [part.name === undefined ? file : { ...file, filename: part.name }];
    }
    case "data":
      return [{ type: "data", name: part.name, data: part.value }];
    default:
      return [];
  }
}

/** The results of a message's calls, by the index of the call. */
type Results = readonly (string | undefined)[];

function contentOf(message: MessageView, results: Results): Content {
  if (message.role === "system") {
    const text = message.parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
    return [{ type: "text", text: text.join("\n\n") }];
  }
  const parts = message.parts.flatMap((part, index) => convertPart(part, results[index]));
  if (message.role !== "user") return parts;
  return parts.filter((part) => part.type !== "reasoning" && part.type !== "tool-call");
}

/** One content: a text that goes on with the text that was cut is one text with it. */
function joined(contents: readonly Content[]): Content {
  const all: Content[number][] = [];
  for (const content of contents) {
    const next = [...content];
    const at = next.findIndex((part) => part.type !== "reasoning");
    const [cut, text] = [all.at(-1), next[at]];
    if (cut?.type === "text" && text?.type === "text") {
      all.pop();
      next[at] = { ...text, text: cut.text + text.text };
    }
    all.push(...next);
  }
  return all;
}

/** assistant-ui takes an id once in a message; some model servers give it to several calls. */
function withOwnIds(content: Content): Content {
  const taken = new Set<string | undefined>();
  return content.map((part, index): Content[number] => {
    if (part.type !== "tool-call") return part;
    const call = part as Call;
    const id = call.toolCallId;
    const isTaken = taken.has(id);
    taken.add(id);
    return isTaken ? { ...call, toolCallId: `${id}#${index}` } : call;
  });
}

type Chain = readonly [MessageView, ...MessageView[]];

function convert(chain: Chain, results: readonly Results[]): ThreadMessage {
  const [first] = chain;
  const last = chain.at(-1) ?? first;
  const role = first.role === "tool" ? "assistant" : first.role;
  const { run, pending } = last;
  const contents = chain.map((message, at) => contentOf(message, results[at] ?? []));
  const like: ThreadMessageLike = {
    id: first.id,
    role,
    createdAt: new Date(first.created / 1000),
    content: withOwnIds(joined(contents)),
    metadata: { custom: { author: first.author, run, pending, lockstep: last } },
  };
  const status = statusOf(last);
  return fromThreadMessageLike(role === "assistant" ? { ...like, status } : like, first.id, status);
}

interface Kept {
  readonly chain: Chain;
  readonly results: string;
  readonly message: ThreadMessage;
}

const kept = new WeakMap<MessageView, Kept>();

const isSame = (left: Chain, right: Chain): boolean =>
  left.length === right.length && left.every((message, at) => message === right[at]);

function converted(chain: Chain, found: CallResults): ThreadMessage {
  const results = chain.map(({ id, parts }) =>
    parts.map((_, index) => found.resultOf(id, index)?.part.content),
  );
  const key = results.flat().every((it) => it === undefined) ? "" : JSON.stringify(results);
  const known = kept.get(chain[0]);
  if (known !== undefined && known.results === key && isSame(known.chain, chain))
    return known.message;
  const fresh = convert(chain, results);
  kept.set(chain[0], { chain, results: key, message: fresh });
  return fresh;
}

/** A branch of which only the id is known: an empty message, until the user shows the branch. */
const others = new WeakMap<MessageView, Map<string, ThreadMessage>>();

function branchOf(message: MessageView, id: string): ThreadMessage {
  const known = others.get(message) ?? new Map<string, ThreadMessage>();
  others.set(message, known);
  const found = known.get(id);
  if (found !== undefined) return found;
  const role = message.role === "tool" ? "assistant" : message.role;
  const content = role === "system" ? [{ type: "text" as const, text: "" }] : [];
  const fresh = fromThreadMessageLike({ id, role, content }, id, {
    type: "complete",
    reason: "stop",
  });
  known.set(id, fresh);
  return fresh;
}

const othersOf = (message: MessageView): readonly ThreadMessage[] =>
  message.branches.filter((id) => id !== message.id).map((id) => branchOf(message, id));

/** The path that is shown, with its branches. */
export function toRepository(messages: readonly MessageView[]): ExportedMessageRepository {
  const results = callResults(messages);
  const items: ExportedMessageRepository["messages"] = [];
  let parentId: string | null = null;
  for (const chain of answersOf(messages) as readonly Chain[]) {
    const [first, ...rest] = chain;
    if (first.role === "tool") continue;
    for (const id of first.branches.length === 0 ? [first.id] : first.branches) {
      const item = id === first.id ? converted(chain, results) : branchOf(first, id);
      items.push({ message: item, parentId });
    }
    const aside = rest.flatMap((message) => othersOf(message));
    items.push(...aside.map((message) => ({ message, parentId: first.id })));
    parentId = first.id;
  }
  return { headId: parentId, messages: items };
}

/** The parts of a message from assistant-ui's composer. */
export function toParts(message: Pick<AppendMessage, "content" | "attachments">): readonly Part[] {
  const attached = (message.attachments ?? []).flatMap((attachment) => attachment.content);
  return [...message.content, ...attached].flatMap((part): readonly Part[] => {
    switch (part.type) {
      case "text":
        return [{ type: "text", text: part.text }];
      case "image":
        return [{ type: "file", uri: part.image, name: part.filename }];
      case "file":
        return [{ type: "file", uri: part.data, media_type: part.mimeType, name: part.filename }];
      default:
        return [];
    }
  });
}
