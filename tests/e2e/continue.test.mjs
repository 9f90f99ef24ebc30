// SPDX-License-Identifier: Apache-2.0
// continue.test.mjs: how answers end, how they go on, and what the run tells of its request.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Server } from "./lib/server.mjs";
import { StrictModel, call, cut, rules, text } from "./lib/strict_model.mjs";
import { until } from "./lib/wait.mjs";

const strict = [rules.results, rules.alternation];
const json = { headers: { accept: "application/json" } };

class Chat {
  static async open(script, agent = {}) {
    const chat = new Chat();
    chat.model = await StrictModel.start((at) => script[at], strict);
    const served = { kind: "openai", base_url: chat.model.url, model: "m", ...agent };
    chat.server = await Server.start({ name: "continue", config: { agents: { strict: served } } });
    chat.op = 0;
    return chat;
  }
  async dispose() {
    await this.server.dispose();
    this.model.dispose();
  }

  // The outcome of one change.
  async change(change, device = "a") {
    const changes = [{ op: ++this.op, ...change }];
    const answer = await this.server.post("/v1/threads/t/sync", { device, changes }, json);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.outcomes[0];
  }
  async start(run, more) {
    const outcome = await this.change({ type: "start_run", run, agent: "strict", ...more });
    assert.equal(outcome.outcome, "applied", JSON.stringify(outcome));
    return outcome.run;
  }
  async ended(run) {
    let now;
    await until(async () => {
      now = (await this.server.get(`/v1/threads/t/runs/${run}`)).json;
      return now.ended !== undefined;
    }, `${run} ends`);
    return now;
  }
  async turn(run, more) {
    return this.ended(await this.start(run, more));
  }
  async messages() {
    return (await this.server.get("/v1/threads/t")).json.messages;
  }
  async entries() {
    const all = await this.server.get("/v1/threads/t/events", { headers: { accept: "application/x-ndjson" } });
    return all.text.trim().split("\n").map((line) => JSON.parse(line)).filter((it) => it.frame === "entry");
  }
}

describe("An answer that was cut", { timeout: 60_000 }, () => {
  test("tells that a limit of length has cut it, and which model gave it", async () => {
    const chat = await Chat.open([[text("Once upon a ti"), cut]]);
    try {
      const run = await chat.turn("r1", { input: [{ id: "u1", text: "A tale" }] });
      const answer = (await chat.messages()).at(-1);

      assert.deepEqual([run.status, run.finish_reason, run.model], ["completed", "length", "m-2026"]);
      assert.deepEqual([answer.status, answer.finish_reason, answer.model], ["complete", "length", "m-2026"]);
    } finally {
      await chat.dispose();
    }
  });

  test("loses the call that the limit has cut, and a result for that call is refused", async () => {
    const chat = await Chat.open([[text("I look."), call("c1", '{"half":'), cut]]);
    try {
      await chat.turn("r1", { input: [{ id: "u1", text: "Look" }] });
      const answer = (await chat.messages()).at(-1);
      assert.deepEqual(answer.parts.map((it) => it.type), ["text"]);

      const parts = [{ type: "tool_result", call: "c1", content: "found" }];
      const late = await chat.change({ type: "put_message", message: { role: "tool", parts } });
      assert.deepEqual([late.outcome, late.code], ["refused", "unknown_call"]);
    } finally {
      await chat.dispose();
    }
  });

  test("goes on in a message of its own, and the next input has one turn, also after a restart", async () => {
    const chat = await Chat.open([[text("Once upon a ti"), cut], [text("me there was a king.")], [text("Yes.")]]);
    try {
      await chat.turn("r1", { input: [{ id: "u1", text: "A tale" }] });
      const former = (await chat.messages()).at(-1).id;

      const rest = await chat.turn("r2", { continue: former });
      assert.deepEqual(chat.model.sent().map((it) => it.role), ["user", "assistant", "user"]);
      assert.match(chat.model.sent()[2].content, /^\[Continue this answer/);
      assert.deepEqual(rest.repairs, [{ kind: "continue_asked", count: 1, ids: [former] }]);
      assert.equal(rest.continues, former);
      const message = (await chat.messages()).at(-1);
      assert.deepEqual([message.parent, message.continues], [former, former]);

      await chat.server.kill();
      await chat.server.launch();
      await chat.turn("r3", { input: [{ id: "u2", text: "Was there?" }] });
      assert.deepEqual(chat.model.sent(), [
        { role: "user", content: "A tale" },
        { role: "assistant", content: "Once upon a time there was a king." },
        { role: "user", content: "Was there?" },
      ]);
    } finally {
      await chat.dispose();
    }
  });

  test("is the last turn of the request where the server takes a prefill", async () => {
    const chat = await Chat.open([[text("Once"), cut], [text(" upon a time.")]], { prefill: true });
    try {
      await chat.turn("r1", { input: [{ id: "u1", text: "A tale" }] });
      const rest = await chat.turn("r2", { continue: (await chat.messages()).at(-1).id });

      assert.deepEqual(chat.model.sent().at(-1), { role: "assistant", content: "Once" });
      assert.equal(rest.repairs, undefined);
    } finally {
      await chat.dispose();
    }
  });

  test("is continued once, whichever device asks, and a stop cuts only the rest", async () => {
    const chat = await Chat.open([[text("Once"), "hang"], [text(" upon a time"), "hang"]]);
    try {
      await chat.start("r1", { input: [{ id: "u1", text: "A tale" }] });
      await until(async () => (await chat.messages()).at(-1).parts[0]?.text === "Once", "it is shown");
      await chat.change({ type: "stop_run", run: "r1" });
      const former = (await chat.messages()).at(-1).id;

      assert.equal(await chat.start("r2", { continue: former }), "r2");
      const other = await chat.change({ type: "start_run", run: "r3", agent: "strict", continue: former }, "b");
      assert.deepEqual([other.outcome, other.run], ["applied", "r2"]);
      await until(async () => (await chat.messages()).at(-1).parts[0]?.text === " upon a time", "it is shown");
      const shown = [{ message: (await chat.messages()).at(-1).id, part: 0, length: 5 }];
      await chat.change({ type: "stop_run", run: "r2", shown });

      assert.deepEqual((await chat.messages()).map((it) => it.parts[0].text), ["A tale", "Once", " upon"]);
    } finally {
      await chat.dispose();
    }
  });
});

describe("A run", { timeout: 60_000 }, () => {
  test("notes how its request differs before the model gets a byte of it", async () => {
    const chat = await Chat.open([["hang"], ["hang"]]);
    try {
      await chat.start("r1", { input: [{ id: "u1", text: "one" }] });
      await until(() => chat.model.bodies.length === 1, "the model is asked");
      await chat.change({ type: "stop_run", run: "r1" });
      await chat.start("r2", { input: [{ id: "u2", text: "two" }] });
      await until(() => chat.model.bodies.length === 2, "the model is asked");

      const noted = (await chat.entries()).flatMap((it) => it.events).filter((it) => it.type === "repairs_noted");
      assert.deepEqual(noted, [
        { type: "repairs_noted", run: "r2", repairs: [{ kind: "placeholder", count: 1, ids: ["u1"] }] },
      ]);
    } finally {
      await chat.dispose();
    }
  });

  test("marks the results that the server made, and a call takes one real result", async () => {
    const chat = await Chat.open([[call("c1", "{}")], [text("Well.")], [text("Found.")]]);
    const result = (content) => ({ role: "tool", parts: [{ type: "tool_result", call: "c1", content }] });
    try {
      await chat.turn("r1", { input: [{ id: "u1", text: "look" }] });
      await chat.turn("r2", { input: [{ id: "u2", text: "never mind" }] });
      const made = (await chat.messages()).find((it) => it.run === "r1").parts.at(-1);
      assert.deepEqual(made, { type: "tool_result", call: "c1", content: "no result", made: true });

      assert.equal((await chat.change({ type: "put_message", message: { id: "t1", ...result("found") } })).outcome, "applied");
      assert.equal((await chat.change({ type: "put_message", message: result("again") }, "b")).code, "answered");
      assert.equal((await chat.change({ type: "put_message", message: { id: "t1", ...result("found it") } })).outcome, "applied");
      await chat.turn("r3", { input: [{ id: "u3", text: "and?" }] });
      assert.equal(chat.model.sent().find((it) => it.role === "tool").content, "found it");
    } finally {
      await chat.dispose();
    }
  });

  test("takes the notes of a writer outside", async () => {
    const server = await Server.start({ name: "notes", config: { agents: { push: { kind: "push" } } } });
    try {
      const changes = [{ type: "start_run", run: "r1", agent: "push", input: [{ text: "hi" }] }];
      await server.post("/v1/threads/t/sync", { changes }, json);
      const repairs = [{ kind: "my_own", count: 3, ids: ["a"] }];
      const steps = [
        { seq: 1, type: "repairs_noted", repairs },
        { seq: 2, type: "message_created", message: { id: "a1" } },
        { seq: 3, type: "message_ended", message: "a1", finish_reason: "stop", model: "big" },
        { seq: 4, type: "run_ended", finish_reason: "stop", model: "big" },
      ];
      const wrote = await server.post("/v1/threads/t/runs/r1/steps?attempt=1", { steps });
      assert.equal(wrote.status, 200, wrote.text);
      const again = await server.post("/v1/threads/t/runs/r1/steps?attempt=1", { steps });
      assert.deepEqual(again.json, wrote.json);
      const run = (await server.get("/v1/threads/t/runs/r1")).json;
      assert.deepEqual([run.repairs, run.finish_reason, run.model], [repairs, "stop", "big"]);

      const long = [{ seq: 5, type: "run_ended", finish_reason: "x".repeat(129) }];
      assert.equal((await server.post("/v1/threads/t/runs/r1/steps?attempt=1", { steps: long })).json.code, "too_large");
    } finally {
      await server.dispose();
    }
  });
});
