// SPDX-License-Identifier: Apache-2.0
// convert.ts: converts messages to those of assistant-ui, and back.
//
// assistant-ui has no messages of role `tool`, and holds a tool's result in the call. So a result
// joins the call that it answers, wherever on the path it is. A message is converted again only
// when it, or a result for one of its calls, has changed: assistant-ui memoises by object.

import { fromThreadMessageLike } from "@assistant-ui/react";
import type {
  AppendMessage,
  ExportedMessageRepository,
  MessageStatus,
  ThreadMessage,
  ThreadMessageLike,
} from "@assistant-ui/react";

import type { MessageView } from "../src/types.js";
import type { Part } from "../src/wire.js";

type Content = Exclude<ThreadMessageLike["content"], string>;
type Results = ReadonlyMap<string, string>;

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

function convertPart(part: Part, results: Results): Content {
  switch (part.type) {
    case "text":
    case "reasoning":
      return [{ type: part.type, text: part.text }];
    case "tool_call": {
      const result = results.get(part.id);
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

function contentOf(message: MessageView, results: Results): Content {
  if (message.role === "system") {
    const text = message.parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
    return [{ type: "text", text: text.join("\n\n") }];
  }
  const parts = message.parts.flatMap((part) => convertPart(part, results));
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

function converted(message: MessageView, results: Results): ThreadMessage {
  const calls = message.parts.flatMap((part) => (part.type === "tool_call" ? [part.id] : []));
  const key = calls.length === 0 ? "" : JSON.stringify(calls.map((call) => results.get(call)));
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
  const results = new Map<string, string>();
  for (const { parts } of messages) {
    for (const part of parts) if (part.type === "tool_result") results.set(part.call, part.content);
  }
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
