// SPDX-License-Identifier: Apache-2.0
// digest.mjs: computes the digest of a path, from the text of docs/protocol.md.

import { createHash } from "node:crypto";

const netstring = (text) => {
  const bytes = Buffer.from(String(text));
  return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes, Buffer.from(",")]);
};

const contents = {
  text: (part) => [part.text],
  reasoning: (part) => [part.text],
  tool_call: (part) => [part.name, part.arguments],
  tool_result: (part) => [part.call, part.content, ...(part.failed ? ["failed"] : [])],
  file: (part) => [part.uri],
  data: (part) => [part.name],
};

const ofMessage = (parent, { id, role, parts, calls = [], continues }) => {
  const fields = [id, role, parts.length, ...parts.flatMap((it) => [it.type, ...contents[it.type](it)])];
  for (const { part, status, reason = "" } of calls) fields.push("call", part, status, reason);
  if (continues !== undefined) fields.push("continues", continues);
  return createHash("sha256").update(parent).update(Buffer.concat(fields.map(netstring))).digest();
};

// Of a path's last message, in hex.
export const digestOf = (path) => path.reduce(ofMessage, Buffer.alloc(32)).toString("hex");
