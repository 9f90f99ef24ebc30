// SPDX-License-Identifier: Apache-2.0
// agents.test.mjs: what a run may choose of its agent, and runs that wait for one of its slots.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { Server, toml } from "./lib/server.mjs";
import { until } from "./lib/wait.mjs";

const listen = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));

describe("Agents", { timeout: 60_000 }, () => {
  // A model server: `asked` has the bodies of the requests that wait for `answer`.
  const asked = [];
  const http = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text) => (body += text));
    request.on("end", () => {
      const answer = () => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(`data: {"choices":[{"delta":{"content":"yes"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`);
      };
      const question = { body: JSON.parse(body), answer };
      asked.push(question);
      response.on("close", () => asked.includes(question) && asked.splice(asked.indexOf(question), 1));
    });
  });
  let server;
  let agent;
  before(async () => {
    const port = await listen(http);
    agent = (more = {}) => ({
      kind: "openai",
      base_url: `http://127.0.0.1:${port}/v1`,
      model: "m",
      models: ["big"],
      headers: { "X-Secret": "hidden" },
      params: { temperature: 0.5, max_tokens: 100, stop: ["END"] },
      ...more,
    });
    server = await Server.start({ name: "agents", config: { agents: { default: agent(), one: agent({ runs_at_once: 1 }) } } });
  });
  after(async () => {
    await server?.dispose();
    http.close();
    http.closeAllConnections();
  });

  const accept = { headers: { accept: "application/json" } };
  const sync = async (thread, change, more = {}) => {
    const answer = await server.post(`/v1/threads/${thread}/sync`, { changes: [change], follow: "none", ...more }, accept);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.outcomes[0];
  };
  const start = (thread, run, more = {}, rest = {}) =>
    sync(thread, { type: "start_run", run, input: [{ text: `hello from ${run}` }], ...more }, rest);
  const runOf = async (thread, run) => (await server.get(`/v1/threads/${thread}/runs/${run}`)).json;
  const becomes = (thread, run, status) =>
    until(async () => ((await runOf(thread, run)).status === status ? runOf(thread, run) : null), `${run} is ${status}`);
  const asks = (count) => until(() => asked.length === count, `${count} requests are at the model server`);
  const listed = async (name) => (await server.get("/v1/agents")).json.agents.find((it) => it.name === name);
  const configure = async (agents) => {
    writeFileSync(server.configFile, toml({ agents }));
    const count = () => server.log().split(" agents_read ").length;
    const former = count();
    process.kill(server.pid, "SIGHUP");
    await until(() => count() > former, "the agents are read");
  };

  test("the list has what a front may choose, and nothing of the operator's", async () => {
    const { text, json } = await server.get("/v1/agents");
    assert.doesNotMatch(text, /127\.0\.0\.1|hidden|X-Secret|END/);
    const { params_allowed, ...rest } = json.agents[0];
    assert.ok(params_allowed.includes("temperature") && !params_allowed.includes("store"));
    const model = { kind: "openai", model: "m", models: ["m", "big"], images: true, tokens_max: 100 };
    assert.deepEqual(rest, { name: "default", default: true, ...model, running: 0, waiting: 0 });
    assert.equal(json.agents[1].runs_at_once, 1);
  });

  test("a run overrides and removes defaults, and chooses a model", async () => {
    await start("tea", "r1", { params: { temperature: null, max_tokens: 50, model: "big" } });
    await asks(1);
    const { messages, stream, stream_options, ...rest } = asked[0].body;
    assert.deepEqual(rest, { model: "big", max_tokens: 50, stop: ["END"] });
    asked[0].answer();
    await becomes("tea", "r1", "completed");
  });

  test("another parameter is refused by name, once and for all tries of its op", async () => {
    const more = [{ op: 1, params: { store: true } }, { device: "d" }];
    const refused = await start("tea", "r2", ...more);
    assert.deepEqual([refused.outcome, refused.code], ["refused", "invalid"]);
    assert.match(refused.detail, /^params has `store`, which agent default does not take: .*allowed: temperature, /);
    assert.deepEqual((await start("tea", "r3", { params: { model: "huge" } })).detail, "params.model is `huge`, and agent default takes only these models: m, big");
    const log = await server.logOf("tea");

    await configure({ default: agent({ params_allowed: "*" }), one: agent({ runs_at_once: 1 }) });
    const again = await start("tea", "r2", ...more);

    assert.deepEqual([again.outcome, again.code, again.duplicate], ["refused", "invalid", true]);
    assert.equal(await server.logOf("tea"), log);
    assert.equal((await server.read("tea")).runs.length, 1);
  });

  test("a run that waits fails if its model is gone, and a run that has started does not", async () => {
    await start("tea", "r4", { params: { model: "big" } });
    await asks(1);
    await start("tea", "r5", { params: { model: "big" } });
    await configure({ default: agent({ models: [] }), one: agent({ runs_at_once: 1 }) });

    asked[0].answer();

    await becomes("tea", "r4", "completed");
    const { error, input } = await becomes("tea", "r5", "failed");
    assert.equal(error.code, "invalid");
    assert.equal(input.length, 1);
  });

  test("a run without a slot has started, waits, can be stopped, and gets the slot of another", async () => {
    for (const run of ["s1", "s2", "s3"]) await start(run, run, { agent: "one" });
    await asks(1);
    const { waiting_for, status } = await runOf("s2", "s2");
    assert.deepEqual([status, waiting_for], ["running", "slot"]);
    assert.equal((await server.read("s3")).runs[0].waiting_for, "slot");
    assert.equal((await runOf("s1", "s1")).waiting_for, undefined);
    const { running, waiting } = await listed("one");
    assert.deepEqual([running, waiting], [1, 2]);
    assert.match((await server.get("/metrics")).text, /^lockstep_agent_runs\{agent="one",state="waiting"\} 2$/m);

    await sync("s2", { type: "stop_run", run: "s2" });
    await becomes("s2", "s2", "stopped");
    asked[0].answer();
    await becomes("s1", "s1", "completed");
    await until(() => asked[0]?.body.messages[0].content === "hello from s3", "the third is asked");
    assert.equal((await runOf("s3", "s3")).waiting_for, undefined);
  });

  test("a higher limit lets runs begin, and a lower one stops none", async () => {
    await start("s4", "s4", { agent: "one" });
    assert.equal((await runOf("s4", "s4")).waiting_for, "slot");
    await configure({ one: agent({ runs_at_once: 2 }) });
    await asks(2);
    await configure({ one: agent({ runs_at_once: 1 }) });
    assert.equal((await listed("one")).running, 2);
  });

  test("a kill -9 ends runs that wait like those at work, and their questions stay", async () => {
    await start("s5", "s5", { agent: "one" });
    assert.equal((await runOf("s5", "s5")).waiting_for, "slot");

    await server.restart();

    for (const run of ["s3", "s4", "s5"]) assert.equal((await runOf(run, run)).status, "interrupted");
    assert.equal((await server.read("s5")).messages[0].parts[0].text, "hello from s5");
    await asks(0);
    await start("s5", "s6", { agent: "one" });
    await asks(1);
    assert.equal((await runOf("s5", "s6")).waiting_for, undefined);
    asked[0].answer();
    await becomes("s5", "s6", "completed");
  });
});
