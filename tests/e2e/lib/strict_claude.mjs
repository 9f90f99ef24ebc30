// SPDX-License-Identifier: Apache-2.0
// strict_claude.mjs: a server of Anthropic's Messages API that refuses what the real one refuses.
//
// The rules are those that its documentation and its errors publish. It signs its thinking, and
// knows its signatures again. A script gives each answer as a list of blocks; "hang" leaves the
// block before it open, and goes silent.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { isDeepStrictEqual } from "node:util";

const plain = /^[a-zA-Z0-9_-]{1,128}$/;
const isWhite = (text) => text.trim() === "";
const isThinking = (block) => ["thinking", "redacted_thinking"].includes(block.type);
const isResult = (block) => block.type === "tool_result";
const of = (message, type) => message.content.filter((it) => it.type === type);

export const text = (content) => ({ type: "text", text: content });
export const thought = (content) => ({ type: "thinking", thinking: content });
export const redacted = (data) => ({ type: "redacted_thinking", data });
export const use = (id, input) => ({ type: "tool_use", id, name: "look", input });

function refusalOfBlock(block, at) {
  if (block.type === "text" && isWhite(block.text)) return `messages.${at}: text content blocks must be non-empty`;
  if (block.type !== "tool_use") return;
  if (!plain.test(block.id)) return `messages.${at}: id ${block.id} does not match the pattern`;
  if (!plain.test(block.name)) return `messages.${at}: name ${block.name} does not match the pattern`;
  if (typeof block.input !== "object" || block.input === null) return `messages.${at}: input should be an object`;
}

function refusalOfMessage(messages, at) {
  const { role, content } = messages[at];
  if (role !== (at % 2 === 0 ? "user" : "assistant")) return "messages: roles must alternate, and begin with user";
  if (!Array.isArray(content) || content.length === 0) return `messages.${at}: content is empty`;
  for (const block of content) {
    const refusal = refusalOfBlock(block, at);
    if (refusal) return refusal;
  }
  const asked = role === "assistant" ? of(messages[at], "tool_use").map((it) => it.id) : [];
  const next = messages[at + 1]?.content ?? [];
  if (role === "user") return;
  const first = next.findIndex((it) => !isResult(it));
  const led = (first < 0 ? next : next.slice(0, first)).map((it) => it.tool_use_id);
  if (!isDeepStrictEqual(led, asked)) return `messages.${at}: tool_use ids were found without tool_result blocks immediately after`;
  if (next.filter(isResult).length !== asked.length) return `messages.${at}: unexpected tool_result`;
}

export class StrictClaude {
  // `script(number, body)`: the blocks of the answer to the request of this number.
  static async start(script) {
    const claude = new StrictClaude();
    Object.assign(claude, { script, bodies: [], heads: [], refused: [], given: new Map() });
    claude.secret = String(Math.random());
    claude.server = createServer((request, answer) => claude.#take(request, answer));
    await new Promise((listening) => claude.server.listen(0, "127.0.0.1", listening));
    claude.url = `http://127.0.0.1:${claude.server.address().port}`;
    return claude;
  }

  signed(thinking) {
    return createHash("sha256").update(this.secret + thinking).digest("base64");
  }

  #refusal(body, head) {
    if (head["anthropic-version"] !== "2023-06-01") return "anthropic-version: header is required";
    if (!Number.isInteger(body.max_tokens)) return "max_tokens: Field required";
    const known = ["model", "system", "messages", "max_tokens", "stream", "thinking", "tools"];
    const extra = Object.keys(body).find((key) => !known.includes(key));
    if (extra) return `${extra}: Extra inputs are not permitted`;
    const { messages } = body;
    for (const at of messages.keys()) {
      const refusal = refusalOfMessage(messages, at) ?? this.#refusalOfThinking(messages[at], at);
      if (refusal) return refusal;
    }
    const marks = JSON.stringify(body).split('"cache_control"').length - 1;
    if (marks > 4) return "A maximum of 4 blocks with cache_control may be provided";
    const ids = messages.flatMap((it) => of(it, "tool_use")).map((it) => it.id);
    if (new Set(ids).size !== ids.length) return "`tool_use` ids must be unique";
    if (messages.at(-1).role === "assistant") {
      if (body.thinking) return "This model does not support assistant message prefill while thinking";
      const last = messages.at(-1).content.at(-1);
      if (last.type === "text" && /\s$/.test(last.text)) return "final assistant content cannot end with trailing whitespace";
    }
    return this.#refusalOfLoop(body);
  }

  #refusalOfThinking({ content }, at) {
    const wrong = content.find((it) => it.type === "thinking" && it.signature !== this.signed(it.thinking));
    if (wrong) return `messages.${at}: Invalid \`signature\` in \`thinking\` block`;
    const sealed = content.find((it) => it.type === "redacted_thinking" && !it.data?.startsWith(this.secret));
    if (sealed) return `messages.${at}: Invalid \`data\` in \`redacted_thinking\` block`;
  }

  // Calls and results behind the last question are one turn of the model.
  #refusalOfLoop({ messages, thinking }) {
    if (!thinking || !messages.at(-1).content.some(isResult)) return;
    let first = messages.length - 2;
    while (first >= 2 && messages[first - 1].content.every(isResult)) first -= 2;
    if (!isThinking(messages[first].content[0])) return "a final `assistant` message must start with a thinking block";
    const asked = of(messages.at(-2), "tool_use")[0].id;
    const given = this.given.get(asked);
    if (given && !isDeepStrictEqual(messages.at(-2).content, given)) return "`thinking` blocks in the latest assistant message cannot be modified";
  }

  async #take(request, answer) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    const refusal = request.url === "/v1/messages" ? this.#refusal(body, request.headers) : `no ${request.url}`;
    this.bodies.push(body);
    this.heads.push(request.headers);
    if (refusal) {
      this.refused.push(refusal);
      answer.writeHead(400, { "content-type": "application/json" });
      return answer.end(JSON.stringify({ type: "error", error: { type: "invalid_request_error", message: refusal } }));
    }
    answer.writeHead(200, { "content-type": "text/event-stream" });
    this.#write(answer, this.script(this.bodies.length - 1, body));
  }

  #write(answer, blocks) {
    const send = (type, more) => answer.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`);
    const usage = { input_tokens: 10, output_tokens: 1 };
    send("message_start", { message: { type: "message", role: "assistant", model: "claude-strict", content: [], usage } });
    const content = [];
    for (const [index, block] of blocks.entries()) {
      if (block === "hang") return;
      const hangs = blocks[index + 1] === "hang";
      const delta = (type, more) => send("content_block_delta", { index, delta: { type, ...more } });
      const whole = { ...block };
      if (block.type === "thinking") {
        send("content_block_start", { index, content_block: { type: "thinking", thinking: "", signature: "" } });
        for (const word of block.thinking.split(/(?<= )/)) delta("thinking_delta", { thinking: word });
        whole.signature = this.signed(block.thinking);
        if (!hangs) delta("signature_delta", { signature: whole.signature });
      } else if (block.type === "tool_use") {
        send("content_block_start", { index, content_block: { ...block, input: {} } });
        const json = JSON.stringify(block.input);
        for (const piece of ["", json.slice(0, 4), json.slice(4)]) delta("input_json_delta", { partial_json: piece });
      } else if (block.type === "text") {
        send("content_block_start", { index, content_block: { type: "text", text: "" } });
        for (const word of block.text.split(/(?<= )/)) delta("text_delta", { text: word });
      } else {
        whole.data = this.secret + block.data;
        send("content_block_start", { index, content_block: whole });
      }
      if (!hangs) send("content_block_stop", { index });
      content.push(whole);
    }
    const calls = content.filter((it) => it.type === "tool_use");
    for (const call of calls) this.given.set(call.id, content);
    const stop_reason = calls.length > 0 ? "tool_use" : "end_turn";
    send("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 42 } });
    send("message_stop", {});
    answer.end();
  }

  // The messages of the last request.
  sent() {
    return this.bodies.at(-1).messages;
  }

  dispose() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
