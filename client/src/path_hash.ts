// SPDX-License-Identifier: Apache-2.0
// path_hash.ts: the digest of a path, as docs/protocol.md defines it.
//
// Only a stored copy needs it, so it is loaded only then.

import type { Message, Part } from "./wire.js";

/** SHA-256. */
export type Hash = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array> | Uint8Array;

export const hashPath = async (path: readonly Message[], hash?: Hash): Promise<string> => {
  const sha256 = hash ?? (await available());
  let digest: Uint8Array = new Uint8Array(32);
  for (const message of path) digest = await sha256(bytesOf(digest, message));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

/** The browser's SHA-256, or else one in a chunk of its own. */
const available = async (): Promise<Hash> => {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle) return async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes));
  return (await import("./sha256.js")).sha256;
};

const encoder = new TextEncoder();

const bytesOf = (parent: Uint8Array, message: Message): Uint8Array<ArrayBuffer> => {
  const fields = [message.id, message.role, `${message.parts.length}`];
  for (const part of message.parts) fields.push(part.type, ...contentOf(part));
  for (const { part, status, reason = "" } of message.calls ?? []) {
    fields.push("call", `${part}`, status, reason);
  }
  if (message.continues !== undefined) fields.push("continues", message.continues);
  const pieces = [parent];
  for (const field of fields) {
    const bytes = encoder.encode(field);
    pieces.push(encoder.encode(`${bytes.length}:`), bytes, encoder.encode(","));
  }
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};

const contentOf = (part: Part): readonly string[] => {
  switch (part.type) {
    case "text":
    case "reasoning":
      return [part.text];
    case "tool_call":
      return [part.name, part.arguments];
    case "tool_result":
      return [part.call, part.content, ...(part.failed ? ["failed"] : [])];
    case "file":
      return [part.uri];
    case "data":
      return [part.name];
    default:
      return []; // a type that a later version of the server made
  }
};
