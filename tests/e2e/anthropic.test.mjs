// SPDX-License-Identifier: Apache-2.0
// anthropic.test.mjs: a thread with an agent of kind `anthropic` is never refused.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Server } from "./lib/server.mjs";
import { StrictClaude, redacted, text, thought, use } from "./lib/strict_claude.mjs";
import { until } from "./lib/wait.mjs";

const result = (id, content) => ({ role: "tool", parts: [{ type: "tool_result", call: id, content }] });
const thinking = JSON.stringify({ thinking: { type: "enabled", budget_tokens: 1024 } });

class Chat {
  // `scripts`: by the agent's name.
  static async open(scripts) {
    const chat = new Chat();
    chat.models = {};
    const agents = {};
    for (const [name, script] of Object.entries(scripts)) {
      chat.models[name] = await StrictClaude.start(script);
      const base_url = chat.models[name].url + (name === "other" ? "/v1" : "");
      agents[name] = { kind: "anthropic", base_url, model: "claude-sonnet-4-5", params: thinking, api_key_env: "CLAUDE_KEY", system: "Be kind." };
    }
    chat.server = await Server.start({ name: "anthropic", config: { agents }, env: { CLAUDE_KEY: "sk-ant-a-long-key" } });
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
  }
  async start(agent, ...input) {
    const run = `r${++this.runs}`;
    await this.change({ type: "start_run", run, agent, input });
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
  async turn(agent, ...input) {
    const run = await this.start(agent, ...input);
    const { status, error } = await this.ended(run);
    assert.equal(status, "completed", JSON.stringify(error));
    return run;
  }
  async repairs(run, model) {
    const context = await this.server.get(`/v1/threads/t/runs/${run}/context`);
    assert.deepEqual(context.json.sent, model.bodies.at(-1), "the context shows the request as it went out");
    return context.json.repairs.map((it) => it.kind);
  }
}

// In each turn the user asks, the model thinks and calls, gets the result, and answers.
const script = (at) => {
  const turn = Math.floor(at / 2);
  return at % 2 === 0
    ? [thought(`thinking of ${turn}`), ...(turn % 3 === 0 ? [redacted(`seal ${turn}`)] : []), text("I look. "), use(`toolu_${turn}`, { turn })]
    : [thought("so it is"), text(`answer ${turn}`)];
};

describe("A thread with Anthropic's Messages API", { timeout: 300_000 }, () => {
  test("is never refused in 200 turns of thinking with tools", async () => {
    const chat = await Chat.open({ claude: script });
    const { claude } = chat.models;
    try {
      for (let turn = 0; turn < 200; turn++) {
        await chat.turn("claude", { author: "ada", text: `question ${turn}` });
        await chat.turn("claude", result(`toolu_${turn}`, `result ${turn}`));
      }
      assert.deepEqual(claude.refused, []);
      assert.equal(claude.bodies.length, 400);
      assert.equal(claude.heads[0]["x-api-key"], "sk-ant-a-long-key");
      const thoughts = claude.sent().flatMap((it) => it.content).filter((it) => it.type === "thinking");
      assert.equal(thoughts.length, 399);
      assert.deepEqual(await chat.repairs(`r${chat.runs}`, claude), []);
    } finally {
      await chat.dispose();
    }
  });

  test("goes on behind a stop within thinking", async () => {
    const chat = await Chat.open({ claude: (at) => (at === 0 ? [thought("half a thought"), "hang"] : [thought("hm"), text("Here.")]) });
    const { claude } = chat.models;
    try {
      const first = await chat.start("claude", { id: "u1", text: "one" });
      await until(async () => (await chat.server.read("t")).messages.some((it) => JSON.stringify(it).includes("half")), "it thinks");
      await chat.change({ type: "stop_run", run: first });
      const run = await chat.turn("claude", { id: "u2", text: "two" });

      assert.deepEqual(claude.refused, []);
      assert.deepEqual(claude.sent()[1].content, [text("[The answer was stopped before its first word.]")]);
      assert.deepEqual(await chat.repairs(run, claude), ["reasoning_left_out", "placeholder"]);
    } finally {
      await chat.dispose();
    }
  });

  test("gives a second agent nothing that only the first can read", async () => {
    const chat = await Chat.open({ claude: script, other: () => [thought("mine"), text("Done.")] });
    const { claude, other } = chat.models;
    try {
      await chat.turn("claude", { text: "question" });
      const run = await chat.turn("other", result("toolu_0", "result"));
      assert.deepEqual(other.refused, []);
      assert.equal(other.bodies[0].thinking, undefined);
      assert.ok(!JSON.stringify(other.bodies).includes("signature"));
      assert.deepEqual(await chat.repairs(run, other), ["reasoning_left_out", "thinking_off"]);

      await chat.turn("claude", { text: "and?" });
      assert.deepEqual(claude.refused, []);
      const thoughts = claude.sent().flatMap((it) => it.content).filter((it) => it.type === "thinking");
      assert.deepEqual(thoughts.map((it) => it.thinking), ["thinking of 0"]);
    } finally {
      await chat.dispose();
    }
  });

  test("keeps its signatures over kill -9", async () => {
    const chat = await Chat.open({ claude: script });
    const { claude } = chat.models;
    try {
      for (let turn = 0; turn < 5; turn++) {
        await chat.turn("claude", { text: `question ${turn}` });
        await chat.server.restart();
        await chat.turn("claude", result(`toolu_${turn}`, `result ${turn}`));
        await chat.server.restart();
      }
      assert.deepEqual(claude.refused, []);
      assert.deepEqual(await chat.repairs(`r${chat.runs}`, claude), []);
    } finally {
      await chat.dispose();
    }
  });
});
