// SPDX-License-Identifier: Apache-2.0
// fallback.test.mjs: another agent takes a run over whose own has failed before it showed anything.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { Server } from "./lib/server.mjs";
import { until } from "./lib/wait.mjs";

const listen = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));

describe("A fallback", { timeout: 60_000 }, () => {
  // Model servers by path: each has a function of a request's answer, and keeps the bodies that came.
  const models = new Map();
  const bodies = [];
  const http = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text) => (body += text));
    request.on("end", () => {
      const name = request.url.split("/")[1];
      bodies.push({ name, ...JSON.parse(body) });
      models.get(name)(response);
    });
  });
  const says = (text) => (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(
      `data: {"model":"really-${text}","choices":[{"delta":{"content":"${text}"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`,
    );
  };
  const refuses = (status, code) => (response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { message: `no: ${code}`, code, type: code } }));
  };
  const breaksOff = (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: {"choices":[{"delta":{"content":"half a"}}]}\n\n`, () => setTimeout(() => response.destroy(), 50));
  };
  let server;
  before(async () => {
    const port = await listen(http);
    const agent = (name, more = {}) => ({
      kind: "openai",
      base_url: `http://127.0.0.1:${port}/${name}/v1`,
      model: `${name}-model`,
      params_allowed: ["default", "top_k"],
      ...more,
    });
    server = await Server.start({
      name: "fallback",
      config: {
        agents: {
          default: agent("first", { fallback: "second" }),
          second: agent("second", { fallback: "third" }),
          third: agent("third", { params_allowed: ["temperature"] }),
        },
      },
    });
  });
  after(async () => {
    await server?.dispose();
    http.close();
    http.closeAllConnections();
  });

  let threads = 0;
  // Runs a question, and gives the run as it ended and its thread's path.
  const ask = async (answers, change = {}) => {
    for (const [name, answer] of Object.entries(answers)) models.set(name, answer);
    bodies.length = 0;
    const thread = `t${++threads}`;
    const begun = { type: "start_run", run: "r1", input: [{ id: "u1", text: "hello" }], ...change };
    const accept = { headers: { accept: "application/json" } };
    const answer = await server.post(`/v1/threads/${thread}/sync`, { changes: [begun], follow: "none" }, accept);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.outcomes[0].outcome, "applied", answer.text);
    const run = await until(async () => {
      const { json } = await server.get(`/v1/threads/${thread}/runs/r1`);
      return json.ended ? json : null;
    }, "the run has ended");
    const { messages } = await server.read(thread);
    return { thread, run, messages };
  };

  test("answers the same run, as its next attempt, under its own name and model", async () => {
    const { run, messages } = await ask({ first: refuses(401, "invalid_api_key"), second: says("yes") });
    assert.equal(run.status, "completed");
    assert.equal(run.attempt, 2);
    assert.equal(run.agent, "second");
    assert.equal(run.model, "really-yes");
    assert.deepEqual(bodies.map((body) => [body.name, body.model]), [["first", "first-model"], ["second", "second-model"]]);
    assert.deepEqual(bodies[0].messages, bodies[1].messages);
    assert.equal(messages.at(-1).parts[0].text, "yes");
    assert.deepEqual(run.former.map(({ agent, error }) => [agent, error.code]), [["default", "bad_key"]]);
    assert.match(run.former[0].error.detail, /no: invalid_api_key/);
    await until(() => / run_falls_back .*agent=default .*fallback=second/.test(server.log()), "the log says so");
  });

  test("is an event with the first agent's error, before the second answers", async () => {
    const { thread } = await ask({ first: refuses(404, "model_not_found"), second: says("yes") });
    const lines = (await server.logOf(thread)).trim().split("\n");
    const events = lines.flatMap((line) => JSON.parse(line).events ?? []);
    const types = events.map((event) => event.type);
    const raised = events.find((event) => event.type === "attempt_started");
    assert.ok(raised, types.join());
    assert.equal(raised.agent, "second");
    assert.equal(raised.error.code, "wrong_model");
    assert.ok(types.indexOf("attempt_started") < types.indexOf("message_created"));
    assert.equal(raised.claim, undefined);
  });

  test("may have a fallback of its own; at the end of the line the last error counts", async () => {
    const all = { first: refuses(401, "a"), second: refuses(402, "insufficient_quota"), third: refuses(401, "c") };
    const { run } = await ask(all);
    assert.equal(run.status, "failed");
    assert.equal(run.attempt, 3);
    assert.equal(run.agent, "third");
    assert.deepEqual(bodies.map((body) => body.name), ["first", "second", "third"]);
  });

  test("is asked when the first agent's server dies before its first word", async () => {
    const dies = (response) => response.destroy();
    const closes = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n`);
    };
    for (const first of [dies, closes]) {
      const { run } = await ask({ first, second: says("yes") });
      assert.equal(run.status, "completed");
      assert.equal(run.agent, "second");
    }
  });

  test("is not asked once the run has shown something", async () => {
    const { run, messages } = await ask({ first: breaksOff, second: says("yes") });
    assert.notEqual(run.status, "completed");
    assert.equal(run.attempt, 1);
    assert.deepEqual(bodies.map((body) => body.name), ["first"]);
    assert.equal(messages.at(-1).parts[0].text, "half a");
  });

  test("is not asked if it does not take what the run asked for", async () => {
    const { run } = await ask(
      { first: refuses(401, "a"), second: refuses(401, "b"), third: says("no") },
      { params: { top_k: 5 } },
    );
    assert.equal(run.status, "failed");
    assert.equal(run.agent, "second");
    assert.deepEqual(bodies.map((body) => body.name), ["first", "second"]);
    await until(() => / fallback_refused .*code=invalid/.test(server.log()), "the log says so");
  });

  test("a stop between the two ends the run, and nobody is asked again", async () => {
    let answerFirst;
    models.set("first", (response) => (answerFirst = () => refuses(401, "a")(response)));
    models.set("second", says("too late"));
    bodies.length = 0;
    const accept = { headers: { accept: "application/json" } };
    const change = (body) => server.post("/v1/threads/stopped/sync", { changes: [body], follow: "none" }, accept);
    await change({ type: "start_run", run: "r1", input: [{ text: "hello" }] });
    await until(() => answerFirst, "the first is asked");
    await change({ type: "stop_run", run: "r1" });
    answerFirst();
    await until(async () => (await server.get("/v1/threads/stopped/runs/r1")).json.status === "stopped", "it is stopped");
    assert.deepEqual(bodies.map((body) => body.name), ["first"]);
  });

  test("the context of such a run is what the second was sent", async () => {
    const { thread } = await ask({ first: refuses(401, "a"), second: says("yes") });
    const { json } = await server.get(`/v1/threads/${thread}/runs/r1/context`);
    const { name: _, ...sent } = bodies[1];
    assert.deepEqual(typeof json.sent === "string" ? JSON.parse(json.sent) : json.sent, sent);
  });
});
