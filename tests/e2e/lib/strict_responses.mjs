// SPDX-License-Identifier: Apache-2.0
// strict_responses.mjs: a server of OpenAI's Responses API that refuses what the real one refuses.
//
// No stream of the API was recorded: events and rules are those of its reference and of the
// sentences of its errors. It keeps nothing of a thread, but it knows what it once wrote: an item
// that comes back must be one of its own, unchanged.
//
// A script is a list of answers, one a request; an answer is a list of items (`thinks`, `says`,
// `calls`, `runs`), with "hang" for a server that goes silent within the item before it, and at its
// end perhaps `cut`, for a limit of length.

import { createServer } from "node:http";
import { isDeepStrictEqual } from "node:util";

export const cut = "max_output_tokens";
export const thinks = (summary) => ({ type: "reasoning", text: summary });
export const says = (text, annotations = []) => ({ type: "message", text, annotations });
export const calls = (id, args = "{}") => ({ type: "function_call", call_id: id, text: args });
// What a built-in tool did.
export const runs = (type, members) => ({ type, ...members });

const known = {
  request: ["model", "instructions", "input", "stream", "store", "include", "tools", "tool_choice", "max_output_tokens", "reasoning", "text", "temperature"],
  message: ["type", "role", "content", "id", "status"],
  reasoning: ["type", "id", "summary", "encrypted_content", "status", "content"],
  function_call: ["type", "id", "call_id", "name", "arguments", "status"],
  function_call_output: ["type", "call_id", "output"],
  web_search_call: ["type", "id", "status", "action"],
  image_generation_call: ["type", "id", "status", "result", "output_format"],
  input_text: ["type", "text"],
  input_image: ["type", "image_url"],
  input_file: ["type", "filename", "file_data", "file_url"],
  output_text: ["type", "text", "annotations"],
};

const strange = (object, kind) => Object.keys(object).find((name) => !known[kind]?.includes(name));

// The members of a request and of its items.
function shape({ input, ...body }) {
  const extra = strange(body, "request");
  if (extra) return `Unknown parameter: '${extra}'.`;
  if (!Array.isArray(input) || input.length === 0) return "Missing required parameter: 'input'.";
  if (body.store !== false) return "this test keeps nothing at the server";
  for (const [at, item] of input.entries()) {
    if (!known[item.type]) return `Invalid value: '${item.type}' in 'input[${at}].type'.`;
    const member = strange(item, item.type);
    if (member) return `Unknown parameter: 'input[${at}].${member}'.`;
    if (item.type !== "message") continue;
    const said = item.role === "assistant" ? ["output_text", "refusal"] : ["input_text", "input_image", "input_file"];
    for (const part of item.content) {
      if (!said.includes(part.type)) return `Invalid value: '${part.type}' in a message of role ${item.role}.`;
      const odd = strange(part, part.type);
      if (odd) return `Unknown parameter: 'input[${at}].content.${odd}'.`;
      if (part.text === "") return `Invalid 'input[${at}].content': empty string.`;
    }
  }
}

// Each call has exactly one output, behind it.
function outputs({ input }) {
  const open = new Set();
  const seen = new Set();
  for (const item of input) {
    if (item.type === "function_call") {
      if (seen.has(item.call_id)) return `Duplicate function call ${item.call_id}.`;
      try {
        JSON.parse(item.arguments);
      } catch {
        return `Invalid arguments of ${item.call_id}.`;
      }
      seen.add(item.call_id);
      open.add(item.call_id);
    }
    if (item.type === "function_call_output" && !open.delete(item.call_id)) {
      return `No tool call found for function call output with call_id ${item.call_id}.`;
    }
  }
  for (const id of open) return `No tool output found for function call ${id}.`;
}

export class StrictResponses {
  // `script(number, body)`: the answer to the request of this number.
  static async start(script, { name = "a" } = {}) {
    const model = new StrictResponses();
    Object.assign(model, { script, name, bodies: [], headers: [], paths: [], refused: [], wrote: new Map(), made: 0 });
    model.server = createServer((request, answer) => model.#take(request, answer));
    await new Promise((listening) => model.server.listen(0, "127.0.0.1", listening));
    model.url = `http://127.0.0.1:${model.server.address().port}/v1`;
    return model;
  }

  // What it wrote itself must be whole: by its id, unchanged, and reasoning with its item.
  #own({ input }) {
    for (const [at, item] of input.entries()) {
      if (item.id === undefined) {
        if (item.type === "reasoning") return `Missing required parameter: 'input[${at}].id'.`;
        continue;
      }
      const wrote = this.wrote.get(item.id);
      if (!wrote) return `Item with id '${item.id}' not found. Items are not persisted when \`store\` is set to false.`;
      if (!isDeepStrictEqual(item, wrote.item)) return `The content of '${item.id}' could not be verified.`;
      if (wrote.reasoning && input[at - 1]?.id !== wrote.reasoning) {
        return `Item '${item.id}' of type '${item.type}' was provided without its required 'reasoning' item: '${wrote.reasoning}'.`;
      }
      if (item.type !== "reasoning") continue;
      if (!item.encrypted_content) return `Item '${item.id}' has no encrypted content.`;
      const next = input[at + 1];
      const follows = next && next.type === wrote.next && (next.type !== "message" || next.role === "assistant");
      if (!follows || (next.id !== undefined && this.wrote.get(next.id)?.reasoning !== item.id)) {
        return `Item '${item.id}' of type 'reasoning' was provided without its required following item.`;
      }
    }
  }

  async #take(request, answer) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    const refusal = shape(body) ?? outputs(body) ?? this.#own(body);
    this.bodies.push(body);
    this.headers.push(request.headers);
    this.paths.push(request.url);
    if (refusal) {
      this.refused.push(refusal);
      answer.writeHead(400, { "content-type": "application/json" });
      return answer.end(JSON.stringify({ error: { message: refusal, type: "invalid_request_error", param: "input", code: null } }));
    }
    answer.writeHead(200, { "content-type": "text/event-stream" });
    this.#answer(this.script(this.bodies.length - 1, body), body, answer);
  }

  #answer(items, body, answer) {
    let number = 0;
    const send = (type, members) => {
      const event = { type: `response.${type}`, sequence_number: number++, ...members };
      answer.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    };
    const response = (status, more) => ({ id: "resp_1", object: "response", status, model: `${body.model}-2026`, output: [], ...more });
    send("created", { response: response("in_progress") });
    const output = [];
    let reasoning;
    for (const [at, item] of items.entries()) {
      if (item === "hang") return;
      if (item === cut) continue;
      const made = this.#make(item, reasoning, items[at + 1]?.type);
      const hangs = items[at + 1] === "hang";
      this.#stream(item, made, output.length, send, hangs);
      if (hangs) return;
      output.push(made);
      reasoning = item.type === "reasoning" ? made.id : undefined;
    }
    const usage = { input_tokens: 10, output_tokens: 5, output_tokens_details: { reasoning_tokens: 2 }, total_tokens: 15 };
    if (items.at(-1) === cut) {
      send("incomplete", { response: response("incomplete", { output, usage, incomplete_details: { reason: cut } }) });
    } else {
      send("completed", { response: response("completed", { output, usage }) });
    }
    answer.end();
  }

  // An item as the API writes it, remembered with the reasoning before it and the item behind it.
  #make({ type, text, annotations, call_id, ...members }, reasoning, next) {
    const id = `${type}_${this.name}${++this.made}`;
    const forms = {
      reasoning: () => ({ id, type, encrypted_content: `secret of ${id}`, summary: text ? [{ type: "summary_text", text }] : [] }),
      message: () => ({ id, type, status: "completed", role: "assistant", content: [{ type: "output_text", annotations, text }] }),
      function_call: () => ({ id, type, status: "completed", arguments: text, call_id, name: "look" }),
    };
    const item = forms[type]?.() ?? { id, type, status: "completed", ...members };
    this.wrote.set(id, { item, reasoning, next });
    return item;
  }

  #stream({ type, text = "" }, made, output_index, send, hangs) {
    const item_id = made.id;
    const begun = { reasoning: { summary: [], encrypted_content: "" }, message: { content: [], status: "in_progress" }, function_call: { arguments: "", status: "in_progress" } };
    send("output_item.added", { output_index, item: { ...made, ...begun[type] } });
    const half = Math.ceil(text.length / 2);
    const deltas = hangs ? [text] : [text.slice(0, half), text.slice(half)].filter(Boolean);
    const forms = {
      reasoning: ["reasoning_summary_text", { summary_index: 0 }, "text", "reasoning_summary_part"],
      message: ["output_text", { content_index: 0 }, "text", "content_part"],
      function_call: ["function_call_arguments", {}, "arguments"],
    };
    const [event, place, whole, part] = forms[type] ?? [];
    if (event && text) {
      const where = { item_id, output_index, ...place };
      for (const delta of deltas) send(`${event}.delta`, { ...where, delta });
      if (hangs) return;
      send(`${event}.done`, { ...where, [whole]: text });
      if (part) send(`${part}.done`, { ...where, part: (made.content ?? made.summary)[0] });
    }
    if (!hangs) send("output_item.done", { output_index, item: made });
  }

  // The input of the last request.
  sent() {
    return this.bodies.at(-1).input;
  }

  dispose() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
