// SPDX-License-Identifier: Apache-2.0
// opaque.test.mjs: what a model server signs or encrypts goes back to it as it came, and to no other.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import { binary, Server } from "./lib/server.mjs";
import { StrictModel, call, rules, text, thought } from "./lib/strict_model.mjs";
import { until } from "./lib/wait.mjs";

const run = promisify(execFile);
const result = (id, content) => ({ role: "tool", parts: [{ type: "tool_result", call: id, content }] });

// The door of Gemini signs each call, and refuses a turn whose signature is not there or is another's.
const signed = (id, args) => {
  const { tool_calls: [first] } = call(id, args);
  return { tool_calls: [{ ...first, extra_content: { google: { thought_signature: `sealed-${id}` } } }] };
};
const signatures = ({ messages }) => {
  for (const { id, extra_content: extra } of messages.flatMap((it) => it.tool_calls ?? [])) {
    if (extra?.google?.thought_signature !== `sealed-${id}`) return `call ${id} is missing a thought_signature`;
  }
};

// OpenRouter's reasoning in pieces: a text with its signature, and an encrypted item.
const details = (turn) => [
  { reasoning: "thinking ", reasoning_details: [{ type: "reasoning.text", text: "thinking ", index: 0, format: "f1" }] },
  { reasoning: `of ${turn}`, reasoning_details: [{ type: "reasoning.text", text: `of ${turn}`, index: 0 }] },
  { reasoning_details: [{ type: "reasoning.text", signature: `sealed-${turn}`, index: 0 }] },
  { reasoning_details: [{ type: "reasoning.encrypted", data: `AA${turn}`, id: `e${turn}`, index: 1 }] },
];
const wholeDetails = (turn) => [
  { type: "reasoning.text", text: `thinking of ${turn}`, index: 0, format: "f1", signature: `sealed-${turn}` },
  { type: "reasoning.encrypted", data: `AA${turn}`, id: `e${turn}`, index: 1 },
];
const givesDetails = ({ messages }) => {
  const turns = messages.filter((it) => it.tool_calls);
  for (const { reasoning_details: given, tool_calls: [{ id }] } of turns) {
    const wanted = JSON.stringify(wholeDetails(Number(id.slice(1))));
    if (JSON.stringify(given) !== wanted) return `reasoning_details of ${id} were changed: ${JSON.stringify(given)}`;
  }
};

// A thread of a server with agents, each of a strict model of its own.
class Chat {
  static async open(agents) {
    const chat = new Chat();
    chat.models = {};
    const config = {};
    for (const [name, { script, refuses, ...settings }] of Object.entries(agents)) {
      chat.models[name] = await StrictModel.start(script, [rules.results, ...refuses]);
      config[name] = { kind: "openai", base_url: chat.models[name].url, model: "m", ...settings };
    }
    chat.server = await Server.start({ name: "opaque", config: { agents: config } });
    chat.runs = 0;
    return chat;
  }
  async dispose() {
    await this.server.dispose();
    for (const model of Object.values(this.models)) model.dispose();
  }
  async turn(agent, ...input) {
    const id = `r${++this.runs}`;
    const body = { changes: [{ type: "start_run", run: id, agent, input }] };
    const answer = await this.server.post("/v1/threads/t/sync", body, { headers: { accept: "application/json" } });
    assert.equal(answer.status, 200, answer.text);
    let now;
    await until(async () => {
      now = (await this.server.get(`/v1/threads/t/runs/${id}`)).json;
      return !["queued", "running"].includes(now.status);
    }, `${id} ends`);
    assert.equal(now.status, "completed", JSON.stringify(now.error));
    return id;
  }
}

const gemini = {
  script: (at) => (at % 2 === 0 ? [signed(`c${at / 2}`, `{"turn":${at / 2}}`)] : [text(`answer ${at}`)]),
  refuses: [signatures],
};
const router = {
  script: (at) => (at % 2 === 0 ? [...details(at / 2), call(`c${at / 2}`, "{}")] : [text(`answer ${at}`)]),
  refuses: [givesDetails],
  reasoning: "with_calls",
  reasoning_field: "reasoning",
};

describe("200 turns of thinking with tools, and a crash in their middle", { timeout: 240_000 }, () => {
  for (const [name, agent] of [["Gemini's door", gemini], ["OpenRouter", router]]) {
    test(`are never refused by ${name}`, async () => {
      const chat = await Chat.open({ strict: agent });
      try {
        for (let turn = 0; turn < 200; turn++) {
          await chat.turn("strict", { text: `question ${turn}` });
          await chat.turn("strict", result(`c${turn}`, `result ${turn}`));
          if (turn === 100) await chat.server.restart();
        }
        assert.deepEqual(chat.models.strict.refused, []);
        assert.equal(chat.models.strict.bodies.length, 400);
      } finally {
        await chat.dispose();
      }
    });
  }
});

describe("Opaque data", { timeout: 120_000 }, () => {
  const plain = { script: () => [text("Yes.")], refuses: [], reasoning: "always" };

  test("goes to nobody but the server that wrote it", async () => {
    const chat = await Chat.open({ router, plain });
    try {
      await chat.turn("router", { text: "Look." });
      await chat.turn("plain", result("c0", "it is"));
      await chat.turn("router", { text: "And now?" });

      const [, called] = chat.models.plain.sent();
      assert.equal(called.reasoning_details, undefined);
      assert.equal(called.reasoning_content, "thinking of 0", "its text is for every model that takes it");
      assert.deepEqual(chat.models.router.refused, []);
      assert.deepEqual(chat.models.router.sent().find((it) => it.tool_calls).reasoning_details, wholeDetails(0));
    } finally {
      await chat.dispose();
    }
  });

  test("is on no screen and in no stream, but where a reader asks for it", async () => {
    const chat = await Chat.open({ strict: gemini });
    try {
      const first = await chat.turn("strict", { text: "Look." });
      await chat.turn("strict", result("c0", "it is"));

      for (const path of ["?", "/events?follow=none", `/runs/${first}`, "/messages?before=r2.a1"]) {
        const { text: shown, status } = await chat.server.get(`/v1/threads/t${path}`.replace(/\?$/, ""));
        assert.equal(status, 200, shown);
        assert.ok(!shown.includes("sealed-c0"), `${path}: ${shown}`);
      }
      const { json } = await chat.server.get("/v1/threads/t/messages?before=r2.a1&opaque=true");
      const answer = json.messages.find((it) => it.run === first);
      assert.equal(answer.opaque[0].part, 0);
      assert.match(answer.opaque[0].origin, /^openai [0-9a-f]{16} m$/);
      assert.deepEqual(answer.opaque[0].value, { extra_content: { google: { thought_signature: "sealed-c0" } } });
      assert.equal((await chat.server.get("/v1/threads/t/messages?before=r2.a1&opaque=1")).status, 422);
    } finally {
      await chat.dispose();
    }
  });

  test("goes when a user edits what it was for, and the rest stays", async () => {
    const chat = await Chat.open({ router });
    try {
      await chat.turn("router", { text: "Look." });
      await chat.turn("router", result("c0", "it is"));
      const parts = [
        { type: "reasoning", text: "another thought" },
        { type: "tool_call", id: "c0", name: "look", arguments: "{}" },
      ];
      const edit = { type: "put_message", message: { id: "r1.a1", parts } };
      await chat.server.post("/v1/threads/t/sync", { changes: [edit] }, { headers: { accept: "application/json" } });
      chat.models.router.refuses.pop();

      await chat.turn("router", { text: "And now?" });

      const called = chat.models.router.sent().find((it) => it.tool_calls);
      assert.equal(called.reasoning_details, undefined);
      assert.equal(called.reasoning, "another thought");
    } finally {
      await chat.dispose();
    }
  });

  test("is kept by an export and its import", async () => {
    const chat = await Chat.open({ strict: gemini });
    try {
      await chat.turn("strict", { text: "Look." });
      const at = (file) => join(chat.server.folder, file);
      await chat.server.terminate();
      await run(binary, ["export", "--all", "--data", chat.server.data, "--out", at("one.jsonl")]);
      await run(binary, ["import", at("one.jsonl"), "--data", at("other")]);
      await run(binary, ["export", "--all", "--data", at("other"), "--out", at("two.jsonl")]);

      const { stdout: same } = await run("cmp", [at("one.jsonl"), at("two.jsonl")]);
      assert.equal(same, "");
      const { stdout } = await run("grep", ["-c", "sealed-c0", at("two.jsonl")]);
      assert.equal(Number(stdout), 1);
    } finally {
      await chat.dispose();
    }
  });
});
