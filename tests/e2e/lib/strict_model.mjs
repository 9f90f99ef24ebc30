// SPDX-License-Identifier: Apache-2.0
// strict_model.mjs: a model server that refuses what real ones refuse, and plays a script.
//
// The rules are those that providers and chat templates publish in their errors. A script is a list
// of answers, one a request; an answer is a list of chunks' deltas, "hang" for a server that goes
// silent, and at its end perhaps `cut`, for a limit of length.

import { createServer } from "node:http";

const objectOf = (text) => {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

// Each returns the refusal's sentence, or nothing.
export const rules = {
  // Chat templates such as Gemma's and Mistral's.
  alternation({ messages }) {
    const roles = messages.map((it) => it.role).filter((role) => role !== "tool");
    if (roles.indexOf("system") > 0 || roles.lastIndexOf("system") > 0) return "the system message must be the only one, and first";
    const said = messages.filter((it) => it.role !== "system");
    const twice = said.findIndex((it, at) => at > 0 && it.role !== "tool" && it.role === said[at - 1].role);
    if (twice > 0) return `roles must alternate: message ${twice}`;
  },
  // Every provider: a call has its result right behind it, and nothing else has one.
  results({ messages }) {
    for (let at = 0; at < messages.length; at++) {
      const { role, content, tool_calls: calls = [] } = messages[at];
      if (role === "tool") return `message ${at}: a result without a call`;
      if (role !== "assistant" && calls.length > 0) return `message ${at}: a call of role ${role}`;
      if (calls.length === 0 && (content === null || content === "")) return `message ${at} is empty`;
      for (const call of calls) {
        const result = messages[++at];
        if (result?.role !== "tool" || result.tool_call_id !== call.id) return `call ${call.id} has no result`;
        if (!objectOf(call.function.arguments)) return `call ${call.id}: arguments are no object`;
      }
    }
  },
  // DeepSeek and Kimi in their thinking modes.
  reasoning({ messages }) {
    const at = messages.findIndex((it) => it.tool_calls && typeof it.reasoning_content !== "string");
    if (at >= 0) return `reasoning_content is missing in assistant tool call message at index ${at}`;
  },
  // Mistral and others that check every member.
  members({ messages }) {
    const known = new Set(["role", "content", "tool_calls", "tool_call_id"]);
    for (const message of messages) {
      const extra = Object.keys(message).find((key) => !known.has(key));
      if (extra) return `extra inputs are not permitted: ${extra}`;
    }
  },
};

// The tokens of a request, by a tokenizer that has 3 bytes a token.
export const tokensOf = ({ messages }) =>
  Math.ceil(messages.reduce((bytes, it) => bytes + Buffer.byteLength(JSON.stringify(it)), 0) / 3);

// A server with a context of so many tokens.
export const contextOf = (tokens) => (body) =>
  tokensOf(body) > tokens && `This model's maximum context length is ${tokens} tokens, but you sent ${tokensOf(body)}`;

const chunk = (delta, finish = null) =>
  `data: ${JSON.stringify({ id: "c", model: "m-2026", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

export const cut = "length";
export const text = (content) => ({ content });
export const thought = (content) => ({ reasoning_content: content });
export const call = (id, args, index = 0) => ({
  tool_calls: [{ index, id, type: "function", function: { name: "look", arguments: args } }],
});

export class StrictModel {
  // `script(number, body)`: the answer to the request of this number.
  static async start(script, refuses = []) {
    const model = new StrictModel();
    Object.assign(model, { script, refuses, bodies: [], refused: [] });
    model.server = createServer((request, answer) => model.#take(request, answer));
    await new Promise((listening) => model.server.listen(0, "127.0.0.1", listening));
    model.url = `http://127.0.0.1:${model.server.address().port}/v1`;
    return model;
  }

  async #take(request, answer) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    const refusal = this.refuses.map((rule) => rule(body)).find(Boolean);
    this.bodies.push(body);
    if (refusal) {
      this.refused.push(refusal);
      answer.writeHead(400, { "content-type": "application/json" });
      return answer.end(JSON.stringify({ error: { message: refusal } }));
    }
    answer.writeHead(200, { "content-type": "text/event-stream" });
    answer.write(": hello\n\n");
    const deltas = this.script(this.bodies.length - 1, body);
    for (const delta of deltas) {
      if (delta === "hang") return;
      if (delta !== cut) answer.write(chunk(delta));
    }
    const usage = { prompt_tokens: tokensOf(body), completion_tokens: 1 };
    answer.write(`data: ${JSON.stringify({ id: "c", choices: [], usage })}\n\n`);
    const called = deltas.some((delta) => delta.tool_calls);
    const reason = deltas.at(-1) === cut ? "length" : called ? "tool_calls" : "stop";
    answer.end(chunk({}, reason) + "data: [DONE]\n\n");
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
