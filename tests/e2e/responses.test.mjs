// SPDX-License-Identifier: Apache-2.0
// responses.test.mjs: agents of kind `openai-responses`, in front of a server with the API's rules.
//
// A refused request fails a run for ever, so no history may lead to one.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { file, hashOf } from "./lib/blobs.mjs";
import { Server } from "./lib/server.mjs";
import { StrictResponses, calls, cut, runs, says, thinks } from "./lib/strict_responses.mjs";
import { StrictModel, text } from "./lib/strict_model.mjs";
import { until } from "./lib/wait.mjs";

const result = (id, content) => ({ role: "tool", parts: [{ type: "tool_result", call: id, content }] });

// One thread of a server; its agents are named.
class Chat {
  static async open(models, { agent = {} } = {}) {
    const chat = new Chat();
    chat.models = models;
    const agents = {};
    for (const [name, model] of Object.entries(models)) {
      const kind = model instanceof StrictResponses ? "openai-responses" : "openai";
      agents[name] = { kind, base_url: model.url, model: "gpt-5", ...agent };
    }
    chat.server = await Server.start({ name: "responses", config: { agents } });
    chat.ops = 0;
    chat.runs = 0;
    return chat;
  }
  async dispose() {
    await this.server.dispose();
    for (const model of Object.values(this.models)) model.dispose();
  }

  async change(...changes) {
    const body = { device: "a", changes: changes.map((it) => ({ op: ++this.ops, ...it })) };
    const answer = await this.server.post("/v1/threads/t/sync", body, { headers: { accept: "application/json" } });
    assert.equal(answer.status, 200, answer.text);
    for (const outcome of answer.json.outcomes) assert.equal(outcome.outcome, "applied", JSON.stringify(outcome));
    return answer.json;
  }
  async start(agent, input, more = {}) {
    const run = `r${++this.runs}`;
    await this.change({ type: "start_run", run, agent, input, ...more });
    return run;
  }
  async ended(run) {
    let now;
    await until(async () => {
      now = (await this.server.get(`/v1/threads/t/runs/${run}`)).json;
      return !["queued", "running"].includes(now.status);
    }, `${run} ends`);
    return now;
  }
  // A run that must be completed.
  async turn(agent, ...input) {
    const run = await this.start(agent, input);
    const { status, error } = await this.ended(run);
    assert.equal(status, "completed", JSON.stringify(error));
    return run;
  }
  async repairs(run, model) {
    const context = await this.server.get(`/v1/threads/t/runs/${run}/context`);
    assert.deepEqual(context.json.sent, model.bodies.at(-1), "the context shows the request as it went out");
    return Object.fromEntries(context.json.repairs.map((it) => [it.kind, it.ids]));
  }
  async messages() {
    return (await this.server.read("t")).messages;
  }
}

// In each turn the user asks, the model thinks and calls, gets the result, thinks and answers. Some
// thoughts have no summary.
const thinkingAs = (prefix) => (at) => {
  const turn = Math.floor(at / 2);
  const summary = turn % 3 === 0 ? "" : `thinking of ${turn}`;
  return at % 2 === 0
    ? [thinks(summary), calls(`${prefix}${turn}`, `{"turn":${turn}}`)]
    : [thinks(summary), says(`answer ${turn}`)];
};
const thinking = thinkingAs("c");
const types = (items) => items.map((it) => (it.type === "message" ? it.role : it.type));

describe("The Responses API", { timeout: 300_000 }, () => {
  test("refuses none of 200 turns of reasoning with tools", async () => {
    const model = await StrictResponses.start(thinking);
    const chat = await Chat.open({ a: model });
    try {
      for (let turn = 0; turn < 200; turn++) {
        await chat.turn("a", { text: `question ${turn}` });
        await chat.turn("a", result(`c${turn}`, `result ${turn}`));
      }
      assert.deepEqual(model.refused, []);
      assert.equal(model.bodies.length, 400);
      assert.equal(model.paths[0], "/v1/responses");
      assert.deepEqual(model.bodies[0].include, ["reasoning.encrypted_content"]);
      const reasoning = model.sent().filter((it) => it.type === "reasoning");
      assert.equal(reasoning.length, 399, "all reasoning goes back");
      const one = ["user", "reasoning", "function_call", "function_call_output"];
      assert.deepEqual(types(model.sent()).slice(0, 6), [...one, "reasoning", "assistant"]);
      assert.deepEqual(await chat.repairs("r400", model), {});
    } finally {
      await chat.dispose();
    }
  });

  test("gets encrypted reasoning back after kill -9", async () => {
    const model = await StrictResponses.start(thinking);
    const chat = await Chat.open({ a: model });
    try {
      for (let turn = 0; turn < 4; turn++) {
        await chat.turn("a", { text: `question ${turn}` });
        await chat.server.restart();
        await chat.turn("a", result(`c${turn}`, `result ${turn}`));
      }
      assert.deepEqual(model.refused, []);
      assert.equal(model.sent().filter((it) => it.encrypted_content).length, 7);
    } finally {
      await chat.dispose();
    }
  });

  test("takes a thread whose answers were stopped anywhere", async () => {
    const answers = [
      [thinks("a long thought"), "hang"],
      [thinks("a thought"), says("a half text"), "hang"],
      [thinks(""), calls("c1", '{"half":'), "hang"],
      [thinks("a thought"), calls("c2", "{}"), thinks("more"), "hang"],
      [says("Here.")],
    ];
    const model = await StrictResponses.start((at) => answers[at]);
    const chat = await Chat.open({ a: model });
    try {
      for (let at = 0; at < 4; at++) {
        const run = await chat.start("a", [{ id: `u${at}`, text: `question ${at}` }]);
        await until(async () => {
          const { messages } = await chat.server.read("t");
          const parts = messages.at(-1).parts;
          return messages.at(-1).role === "assistant" && parts.length === [1, 2, 2, 3][at];
        }, `the answer ${at} has come`);
        await chat.change({ type: "stop_run", run });
        assert.equal((await chat.ended(run)).status, "stopped");
      }
      const run = await chat.turn("a", { id: "last", text: "and now?" });

      assert.deepEqual(model.refused, []);
      const sent = model.sent();
      assert.deepEqual(types(sent), [
        "user", "assistant",
        "user", "assistant",
        "user", "assistant",
        "user", "reasoning", "function_call", "function_call_output",
        "user",
      ]);
      assert.equal(sent[1].content[0].text, "[The answer was stopped before its first word.]");
      assert.deepEqual(sent[3].content, [{ type: "output_text", text: "a half text" }]);
      assert.ok("reasoning_left_out" in (await chat.repairs(run, model)));
    } finally {
      await chat.dispose();
    }
  });

  test("gets nothing that another server wrote", async () => {
    const models = {
      a: await StrictResponses.start(thinkingAs("a"), { name: "a" }),
      b: await StrictResponses.start(thinkingAs("b"), { name: "b" }),
      chat: await StrictModel.start((at) => [text(`plain ${at}`)]),
    };
    const chat = await Chat.open(models);
    try {
      for (let turn = 0; turn < 6; turn++) {
        for (const agent of ["a", "b"]) {
          await chat.turn(agent, { text: `question ${turn}` });
          await chat.turn(agent, result(`${agent}${turn}`, `result ${turn}`));
        }
        await chat.turn("chat", { text: "in short?" });
      }
      assert.deepEqual([...models.a.refused, ...models.b.refused], []);
      for (const name of ["a", "b"]) {
        const own = models[name].sent().filter((it) => it.encrypted_content);
        assert.equal(own.length, 11);
        assert.ok(own.every((it) => it.id.startsWith(`reasoning_${name}`)));
      }
      assert.ok(!JSON.stringify(models.chat.bodies).includes("secret of"), "another kind gets no opaque data");
    } finally {
      await chat.dispose();
    }
  });

  test("goes on with an answer that was cut by its length", async () => {
    const answers = [[thinks("hm"), says("Once upon"), cut], [thinks("so"), says(" a time.")], [says("Yes.")]];
    const model = await StrictResponses.start((at) => answers[at]);
    const chat = await Chat.open({ a: model });
    try {
      await chat.turn("a", { text: "a story" });
      const { id, finish_reason } = (await chat.messages()).at(-1);
      assert.equal(finish_reason, "length");
      await chat.ended(await chat.start("a", [], { continue: id }));
      await chat.turn("a", { text: "nice" });

      assert.deepEqual(model.refused, []);
      assert.deepEqual(types(model.bodies[1].input), ["user", "reasoning", "assistant", "user"]);
      assert.deepEqual(types(model.sent()), ["user", "reasoning", "assistant", "reasoning", "assistant", "user"]);
    } finally {
      await chat.dispose();
    }
  });

  test("gets its searches and images back, and shows them as data and files", async () => {
    const citation = { type: "url_citation", start_index: 0, end_index: 3, url: "https://a.example", title: "A" };
    const answers = [
      [
        thinks("look it up"),
        runs("web_search_call", { action: { type: "search", query: "x" } }),
        thinks(""),
        says("Yes.", [citation]),
        runs("image_generation_call", { output_format: "png", result: "iVBORw0KGgo=" }),
      ],
      [says("Bye.")],
    ];
    const model = await StrictResponses.start((at) => answers[at]);
    const chat = await Chat.open({ a: model });
    try {
      await chat.turn("a", { text: "is it?" });
      await chat.turn("a", { text: "thanks" });

      assert.deepEqual(model.refused, []);
      const parts = (await chat.messages())[1].parts;
      assert.deepEqual(parts.map((it) => it.type), ["reasoning", "data", "reasoning", "text", "data", "file"]);
      assert.equal(parts[1].name, "openai.web_search_call");
      assert.deepEqual(parts[4], { type: "data", name: "openai.annotations", value: [citation] });
      const image = Buffer.from("iVBORw0KGgo=", "base64");
      assert.deepEqual(parts[5], file(`blob:${hashOf(image)}`, { media_type: "image/png" }));
      const back = types(model.sent());
      assert.deepEqual(back, ["user", "reasoning", "web_search_call", "reasoning", "assistant", "image_generation_call", "user"]);
    } finally {
      await chat.dispose();
    }
  });

  test("takes an edited answer, and a call whose arguments are not JSON", async () => {
    const answers = [[thinks("hm"), says("One.")], [thinks("hm"), calls("c1", '{"a":')], [says("Yes.")]];
    const model = await StrictResponses.start((at) => answers[at]);
    const chat = await Chat.open({ a: model });
    try {
      await chat.turn("a", { id: "u", text: "count" });
      const { id } = (await chat.messages()).at(-1);
      await chat.change({ type: "put_message", message: { id, role: "assistant", parts: [{ type: "text", text: "1." }] } });
      await chat.turn("a", { text: "go on" });
      await chat.turn("a", result("c1", "error: no JSON"));

      const repairs = await chat.repairs("r3", model);
      const asked = model.sent().find((it) => it.type === "function_call");
      assert.deepEqual(JSON.parse(asked.arguments), { invalid_json: '{"a":' });
      assert.deepEqual(repairs.arguments_wrapped, ["c1"]);
      assert.deepEqual(model.sent()[1], { type: "message", role: "assistant", content: [{ type: "output_text", text: "1." }] });
    } finally {
      await chat.dispose();
    }
  });

  test("gets parameters in the form of Chat Completions as its own", async () => {
    const model = await StrictResponses.start(() => [says("Yes.")]);
    const chat = await Chat.open({ a: model }, { agent: { params: '{"max_tokens":50}' } });
    try {
      const look = { name: "look", parameters: { type: "object" } };
      const params = { tools: [{ type: "function", function: look }], reasoning_effort: "low", stop: ["x"] };
      const run = await chat.start("a", [{ text: "hi" }], { params });
      assert.equal((await chat.ended(run)).status, "completed");

      const [body] = model.bodies;
      assert.equal(body.max_output_tokens, 50);
      assert.deepEqual(body.tools, [{ type: "function", ...look, strict: false }]);
      assert.deepEqual(body.reasoning, { effort: "low" });
      assert.deepEqual(await chat.repairs(run, model), { parameter_left_out: ["stop"] });
    } finally {
      await chat.dispose();
    }
  });

  test("tells an error with its own sentence", async () => {
    const model = await StrictResponses.start(() => []);
    const chat = await Chat.open({ a: model }, { agent: { params: '{"nonsense":1}' } });
    try {
      const { status, error } = await chat.ended(await chat.start("a", [{ text: "hi" }]));

      assert.equal(status, "failed");
      assert.equal(error.code, "upstream_rejected");
      assert.match(error.detail, /Unknown parameter: 'nonsense'/);
    } finally {
      await chat.dispose();
    }
  });
});
