// SPDX-License-Identifier: Apache-2.0
// convert.ts: converts messages to those of assistant-ui, and back.
//
// assistant-ui has no messages of role `tool`, and holds a tool's result in the call. So a result
// joins the call that it answers, wherever on the path it is; a real one replaces the one that the
// server made. A message is converted again only
// when it, or a result for one of its calls, has changed: assistant-ui memoises by object.

import { fromThreadMessageLike } from "@assistant-ui/react";
import type {
  AppendMessage,
  ExportedMessageRepository,
  MessageStatus,
  ThreadMessage,
  ThreadMessageLike,
} from "@assistant-ui/react";

import { type CallResults, callResults } from "../src/call_results.js";
import type { MessageView } from "../src/types.js";
import type { Part } from "../src/wire.js";

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

function convertPart(part: Part, index: number, { parts }: MessageView, result?: string): Content {
  switch (part.type) {
    case "text":
    case "reasoning":
      return [{ type: part.type, text: part.text }];
    case "tool_call": {
      // assistant-ui takes an id once in a message; some model servers give it to several calls.
      const first = parts.findIndex((it) => it.type === "tool_call" && it.id === part.id);
      const call = {
        type: "tool-call" as const,
        toolCallId: first === index ? part.id : `${part.id}#${index}`,
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
  const parts = message.parts.flatMap((part, index) =>
    convertPart(part, index, message, results[index]),
  );
  if (message.role !== "user") return parts;
  return parts.filter((part) => part.type !== "reasoning" && part.type !== "tool-call");
}

function convert(message: MessageView, results: Results): ThreadMessage {
  const role = message.role === "tool" ? "assistant" : message.role;
  const { author, run, pending } = message;
  const like: ThreadMessageLike = {
    id: message.id,
    role,
    createdAt: new Date(message.created / 1000),
    content: contentOf(message, results),
    metadata: { custom: { author, run, pending, lockstep: message } },
  };
  const status = statusOf(message);
  return fromThreadMessageLike(
    role === "assistant" ? { ...like, status } : like,
    message.id,
    status,
  );
}

interface Kept {
  readonly results: string;
  readonly message: ThreadMessage;
}

const kept = new WeakMap<MessageView, Kept>();

function converted(message: MessageView, found: CallResults): ThreadMessage {
  const results = message.parts.map((_, index) => found.resultOf(message.id, index)?.part.content);
  const key = results.every((it) => it === undefined) ? "" : JSON.stringify(results);
  const known = kept.get(message);
  if (known !== undefined && known.results === key) return known.message;
  const fresh = convert(message, results);
  kept.set(message, { results: key, message: fresh });
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

/** The path that is shown, with its branches. */
export function toRepository(messages: readonly MessageView[]): ExportedMessageRepository {
  const results = callResults(messages);
  const items: ExportedMessageRepository["messages"] = [];
  let parentId: string | null = null;
  for (const message of messages) {
    if (message.role === "tool") continue;
    for (const id of message.branches.length === 0 ? [message.id] : message.branches) {
      const item = id === message.id ? converted(message, results) : branchOf(message, id);
      items.push({ message: item, parentId });
    }
    parentId = message.id;
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
