// SPDX-License-Identifier: Apache-2.0
// text.ts: messages as plain text, and text as messages.

import type { FilePart, Message, MessageInput, Part, Thread } from "lockstep-client";

type Parts = { readonly parts?: readonly Part[] | undefined; readonly text?: string | undefined };

/** The text to copy: its text parts. */
export function textOf(message: Parts): string {
  if (message.parts === undefined) return message.text ?? "";
  return message.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
}

const filesOf = ({ parts = [] }: Parts): readonly FilePart[] =>
  parts.flatMap((part) => (part.type === "file" ? [part] : []));

/** The files of a turn that is uploaded already. */
export const inputFiles = (input: readonly MessageInput[] | undefined): readonly FilePart[] =>
  (input ?? []).flatMap(filesOf);

/** What a reader sees of a turn: its text, and the names of its files. */
export const shownText = (input: readonly MessageInput[] | undefined): string =>
  [...inputFiles(input).map(({ name }) => `[${name ?? "a file"}]`), inputText(input)]
    .filter((line) => line !== "")
    .join("\n");

const UNITS = ["B", "KiB", "MiB", "GiB"] as const;

/** A number of bytes: `340 B`, `1.2 MiB`. */
export function sizeText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < UNITS.length - 1; unit += 1) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`;
}

export const inputText = (input: readonly MessageInput[] | undefined): string =>
  (input ?? []).map(textOf).join("\n\n");

/** The message with other text: the first text part has it, other text parts go, the rest stays. */
export function withText(message: Message, text: string): readonly Part[] {
  const first = message.parts.findIndex((part) => part.type === "text");
  if (first === -1) return [...message.parts, { type: "text", text }];
  return message.parts.flatMap((part, index): readonly Part[] => {
    if (index === first) return [{ type: "text", text }];
    return part.type === "text" ? [] : [part];
  });
}

/** Control characters, and marks that change the direction of the text around them. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g;

/** A title as one clean line: titles come from messages, with their control characters. Pure. */
export function cleanTitle(title: string): string {
  return title
    .replace(UNSEEN, " ")
    .replace(/(?:^|\s)(?:```|~~~)\w*/g, " ")
    .replace(/^\s*(?:#{1,6}|>)\s+/, "")
    .replace(/!?\[([^\]]+)\]\([^)\s]*\)/g, "$1")
    .replace(/(\*\*|__|`)(\S(?:.*?\S)?)\1/g, "$2")
    .replace(/\s+/g, " ")
    .trim();
}

export const titleOf = (thread: Thread | null): string =>
  cleanTitle(thread?.title ?? "") || "New thread";

const SAID: Readonly<Record<string, string>> = {
  answered: "The call has its result already.",
  decided: "Somebody has decided this call already.",
  needs_approval: "The call must be approved before it is answered.",
  busy: "An answer is being written. Wait for it, or stop it.",
  changed: "Another device has changed the message since you saw it.",
  deleted: "The message is deleted.",
  built_upon: "A later answer builds on the text that Stop would cut, so it stays.",
  head_moved: "Another device has changed the branch meanwhile. Look at it and try again.",
  too_large: "It is too large. Shorten it.",
  too_many: "Too many turns wait. Send it again when some have been answered.",
  unknown_agent: "The server has no such agent. Ask its operator.",
  unknown_call: "The conversation no longer has this call.",
  unknown_history:
    "The server was restored and does not have the state that you saw. Look at the thread and try again.",
  unknown_message: "The server does not have the message.",
  unknown_run: "The server does not have this run.",
};

/** The reason of a refusal, in words for the user. */
export function reasonOf(code: string, detail: string): string {
  const said = SAID[code];
  if (said === undefined) return detail === "" ? code : `${detail} (${code})`;
  return detail === "" ? said : `${said} ${detail}`;
}
