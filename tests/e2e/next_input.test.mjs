// SPDX-License-Identifier: Apache-2.0
// next_input.test.mjs: a model's next input is what the screen shows.
//
// The model servers here refuse what real ones refuse, and a refused request fails a run for ever.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Server } from "./lib/server.mjs";
import { StrictModel, call, contextOf, rules, text, thought } from "./lib/strict_model.mjs";
import { until } from "./lib/wait.mjs";

const result = (id, content) => ({ role: "tool", parts: [{ type: "tool_result", call: id, content }] });

// One thread of a server whose agent is the strict model.
class Chat {
  static async open(script, { refuses = [], agent = {} } = {}) {
    const chat = new Chat();
    chat.model = await StrictModel.start(script, refuses);
    const strict = { kind: "openai", base_url: chat.model.url, model: "m", ...agent };
    chat.server = await Server.start({ name: "next-input", config: { agents: { strict } } });
    chat.ops = 0;
    chat.runs = 0;
    return chat;
  }
  async dispose() {
    await this.server.dispose();
    this.model.dispose();
  }

  async change(...changes) {
    const body = { device: "a", changes: changes.map((it) => ({ op: ++this.ops, ...it })) };
    const answer = await this.server.post("/v1/threads/t/sync", body, { headers: { accept: "application/json" } });
    assert.equal(answer.status, 200, answer.text);
    for (const outcome of answer.json.outcomes) assert.equal(outcome.outcome, "applied", JSON.stringify(outcome));
    return answer.json;
  }
  // Starts a run with this input; its id.
  async start(...input) {
    const run = `r${++this.runs}`;
    await this.change({ type: "start_run", run, agent: "strict", input });
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
  async turn(...input) {
    const run = await this.start(...input);
    const { status, error } = await this.ended(run);
    assert.equal(status, "completed", JSON.stringify(error));
    return run;
  }
  async repairs(run) {
    const context = await this.server.get(`/v1/threads/t/runs/${run}/context`);
    assert.deepEqual(context.json.sent, this.model.bodies.at(-1), "the context shows the request as it went out");
    return Object.fromEntries(context.json.repairs.map((it) => [it.kind, it.ids]));
  }
}

const strict = [rules.results, rules.alternation];

describe("The next input", { timeout: 120_000 }, () => {
  test("has a tool's late result in place of the one that the server made", async () => {
    const answers = [[call("c1", '{"to":"ada"}')], [text("All right.")], [text("Yes.")]];
    const chat = await Chat.open((at) => answers[at], { refuses: strict });
    try {
      await chat.turn({ text: "send it" });
      await chat.turn({ text: "and what else?" });
      await chat.change({ type: "put_message", message: result("c1", "SENT, id 77") });
      const run = await chat.turn({ text: "was it sent?" });

      const results = chat.model.sent().filter((it) => it.role === "tool");
      assert.deepEqual(results, [{ role: "tool", tool_call_id: "c1", content: "SENT, id 77" }]);
      assert.deepEqual((await chat.repairs(run)).made_result_left_out, ["c1"]);
    } finally {
      await chat.dispose();
    }
  });

  test("has a turn for an answer that was empty, or was stopped before its first word", async () => {
    const answers = [[], ["hang"], [text("Here.")]];
    const chat = await Chat.open((at) => answers[at], { refuses: strict });
    try {
      await chat.turn({ id: "u1", text: "one" });
      const second = await chat.start({ id: "u2", text: "two" });
      await until(() => chat.model.bodies.length === 2, "the model was asked");
      await chat.change({ type: "stop_run", run: second });
      const third = await chat.turn({ id: "u3", text: "three" });

      assert.deepEqual(chat.model.sent(), [
        { role: "user", content: "one" },
        { role: "assistant", content: "[The answer was empty.]" },
        { role: "user", content: "two" },
        { role: "assistant", content: "[The answer was stopped before its first word.]" },
        { role: "user", content: "three" },
      ]);
      assert.deepEqual((await chat.repairs(third)).placeholder, ["u1", "u2"]);
    } finally {
      await chat.dispose();
    }
  });

  test("joins the question of a run that failed to the next one", async () => {
    const refusing = { on: true };
    const refuses = [() => refusing.on && "no", ...strict];
    const chat = await Chat.open(() => [text("Here.")], { refuses });
    try {
      const failed = await chat.ended(await chat.start({ id: "u1", text: "one" }));
      assert.equal(failed.status, "failed");
      refusing.on = false;
      const run = await chat.turn({ id: "u2", text: "two" });

      assert.deepEqual(chat.model.sent(), [{ role: "user", content: "one\n\ntwo" }]);
      assert.deepEqual((await chat.repairs(run)).joined, ["u2"]);
    } finally {
      await chat.dispose();
    }
  });

  test("has a call whose arguments are not JSON, with its error", async () => {
    const answers = [[call("c1", '{"command": "ls')], [text("I try again.")]];
    const chat = await Chat.open((at) => answers[at], { refuses: strict });
    try {
      await chat.turn({ text: "list" });
      await chat.turn(result("c1", "error: the arguments are not JSON"));

      const [asked] = chat.model.sent()[1].tool_calls;
      assert.deepEqual(JSON.parse(asked.function.arguments), { invalid_json: '{"command": "ls' });
      assert.equal(chat.model.sent()[2].content, "error: the arguments are not JSON");
    } finally {
      await chat.dispose();
    }
  });

  test("gives two calls of one id their own results", async () => {
    const answers = [[call("c1", '{"n":1}'), call("c1", '{"n":2}', 1)], [text("Done.")]];
    const chat = await Chat.open((at) => answers[at]);
    try {
      await chat.turn({ text: "both" });
      const [called] = (await chat.server.get("/v1/threads/t")).json.messages.filter((it) => it.role === "assistant");
      const ids = called.parts.map((part) => part.id);
      await chat.turn(result(ids[0], "of 1"), result(ids[1], "of 2"));

      const calls = chat.model.sent().flatMap((it) => it.tool_calls ?? []);
      const results = chat.model.sent().filter((it) => it.role === "tool");
      assert.deepEqual(calls.map((it) => it.function.arguments), ['{"n":1}', '{"n":2}']);
      assert.deepEqual(results.map((it) => it.content), ["of 1", "of 2"]);
    } finally {
      await chat.dispose();
    }
  });
});

// A thread of thinking with tools: in each turn the user asks, the model thinks and calls, gets the
// result, and answers.
describe("200 turns of thinking with tools", { timeout: 240_000 }, () => {
  const providers = [
    ["DeepSeek and Kimi", [...strict, rules.reasoning], { reasoning: "with_calls" }],
    ["Mistral", [...strict, rules.members], { send_names: false }],
  ];
  for (const [name, refuses, agent] of providers) {
    test(`are never refused by the rules of ${name}`, async () => {
      const script = (at) => {
        const turn = Math.floor(at / 2);
        return at % 2 === 0
          ? [thought(`thinking of ${turn}`), call(`c${turn}`, `{"turn":${turn}}`)]
          : [thought("so"), text(`answer ${turn}`)];
      };
      const chat = await Chat.open(script, { refuses, agent });
      try {
        for (let turn = 0; turn < 200; turn++) {
          await chat.turn({ author: "ada", text: `question ${turn}` });
          await chat.turn(result(`c${turn}`, `result ${turn}`));
        }
        assert.deepEqual(chat.model.refused, []);
        assert.equal(chat.model.bodies.length, 400);
        const calls = chat.model.sent().filter((it) => it.tool_calls);
        assert.equal(calls.length, 200);
        if (agent.reasoning) assert.equal(calls[7].reasoning_content, "thinking of 7");
      } finally {
        await chat.dispose();
      }
    });
  }
});

// Each turn has some 1,500 bytes: a question, a call, its result and an answer.
describe("A thread that outgrows its model", { timeout: 240_000 }, () => {
  const words = (what, turn) => `${what} ${turn} ${"word ".repeat(70)}`;
  const script = (at) => (at % 2 === 0 ? [call(`c${at / 2}`, `{"turn":${at / 2}}`)] : [text(words("answer", (at - 1) / 2))]);
  const idOf = (turn) => ({ id: `u${turn}`, text: words("question", turn) });

  test("goes on without its oldest turns, and is never refused", async () => {
    const agent = { context_tokens: 4096, when_too_long: "drop_oldest", params: '{"max_tokens":200}' };
    const chat = await Chat.open(script, { refuses: [...strict, contextOf(4096 - 200)], agent });
    try {
      let run;
      for (let turn = 0; turn < 60; turn++) {
        await chat.turn(idOf(turn));
        run = await chat.turn(result(`c${turn}`, words("result", turn)));
      }
      assert.deepEqual(chat.model.refused, []);

      const asked = chat.model.sent().filter((it) => it.role === "user").map((it) => it.content.split(" ")[1]);
      const { dropped } = await chat.repairs(run);
      assert.ok(asked.length >= 3, `${asked.length} questions are left`);
      assert.deepEqual(asked, Array.from(asked, (_, at) => `${60 - asked.length + at}`));
      assert.equal(dropped[0], "u0");
      assert.ok(!dropped.includes(`u${asked[0]}`));
      assert.equal(chat.model.sent()[0].role, "user");
    } finally {
      await chat.dispose();
    }
  });

  test("is refused with both numbers before a byte is sent, where the settings say so", async () => {
    const chat = await Chat.open(() => [text("Yes.")], { refuses: strict, agent: { context_tokens: 1000 } });
    try {
      await chat.turn({ text: "short" });
      const run = await chat.start({ id: "long", text: "x".repeat(8000) });
      const { status, error } = await chat.ended(run);

      assert.equal(status, "failed");
      assert.equal(error.code, "context_too_long");
      assert.match(error.detail, /about 20\d\d tokens, and 875 fit: the agent's `context_tokens` is 1000/);
      assert.equal(chat.model.bodies.length, 1);
      const context = await chat.server.get(`/v1/threads/t/runs/${run}/context`);
      assert.ok(context.json.sent.messages.at(-1).content.endsWith("x".repeat(8000)), "the body shows what was too long");
      assert.deepEqual(context.json.repairs, []);
    } finally {
      await chat.dispose();
    }
  });
});

describe("Think tags", { timeout: 60_000 }, () => {
  test("become reasoning, which goes back as the settings say", async () => {
    const answers = [[text("<thi"), text("nk>\nhm</think>"), text("\n\nSo")], [text("Yes.")]];
    const agent = { think_tags: "on", reasoning: "always" };
    const chat = await Chat.open((at) => answers[at], { refuses: strict, agent });
    try {
      await chat.turn({ text: "why?" });
      await chat.turn({ text: "sure?" });

      const { messages } = (await chat.server.get("/v1/threads/t")).json;
      assert.deepEqual(messages[1].parts, [{ type: "reasoning", text: "hm" }, { type: "text", text: "So" }]);
      assert.deepEqual(chat.model.sent()[1], { role: "assistant", content: "So", reasoning_content: "hm" });
    } finally {
      await chat.dispose();
    }
  });
});
