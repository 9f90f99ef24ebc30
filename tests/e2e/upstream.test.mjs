// SPDX-License-Identifier: Apache-2.0
// upstream.test.mjs: faults of a model server in mid-stream, as a front sees them.

import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Aimock, answer, keyed } from "./lib/aimock.mjs";
import { assertSame } from "./lib/compare.mjs";
import { Front } from "./lib/front.mjs";
import { asks, isOver, scene } from "./lib/scene.mjs";
import { Screen } from "./lib/screen.mjs";
import { Server } from "./lib/server.mjs";
import { temporaryFolder } from "./lib/tidy.mjs";
import { until } from "./lib/wait.mjs";

const families = "👩‍👩‍👧👨‍👩‍👦😀🚀🇩🇪".repeat(6);
const fast = { tps: 200 };
const fixtures = [
  ...[1, 3, 5, 7].map((chunkSize) => answer(`split-${chunkSize}`, families, { ...fast, chunkSize })),
  answer("tools", { content: "I will look.", toolCalls: [{ id: "c1", name: "find", arguments: '{"q":"你好"}' }] }, fast),
  answer("thinks", { content: "42", reasoning: "Let me think 😀 about it." }, fast),
  answer("truncated", "this will not be whole", { ...fast, truncateAfterChunks: 4 }),
  answer("refused", { error: { message: "Bad key.", type: "invalid_request_error" }, status: 401 }),
  answer("after", "fine", fast),
];

describe("A model server", { timeout: 120_000 }, () => {
  let stage;
  before(async () => (stage = await scene("upstream", fixtures)));
  after(() => stage.dispose());

  async function ask(thread, key) {
    const front = new Front(stage.server, thread);
    const run = `${thread}-${key}`;
    await front.follow({ changes: front.prepare([asks(run, key)]), follow: "run" }).opened;
    await front.when((it) => isOver(it, run), `${run} ends`, 30_000);
    const stored = Screen.of(await stage.server.read(thread));
    await front.when((it) => it.ts >= stored.ts, "the front is there");
    assertSame(front.screen, stored);
    return { front, stored, run: stored.runs.get(run), written: stored.written(run) };
  }

  for (const chunkSize of [1, 3, 5, 7]) {
    test(`emoji cut between two chunks of ${chunkSize} come out whole`, async () => {
      const { stored, run } = await ask(`split-${chunkSize}`, `split-${chunkSize}`);
      assert.equal(run.status, "completed");
      assert.equal(stored.text(run.id), families);
    });
  }

  test("tool calls come out as they were sent, and are closed before the next turn", async () => {
    const { written, run } = await ask("tools", "tools");
    assert.equal(run.status, "completed");
    const call = written.flatMap((it) => it.parts).find((part) => part.type === "tool_call");
    assert.deepEqual(call, { type: "tool_call", id: "c1", name: "find", arguments: '{"q":"你好"}' });
  });

  test("reasoning is a part of its own, and is not sent as text", async () => {
    const { written } = await ask("thinks", "thinks");
    const parts = written.flatMap((it) => it.parts);
    assert.deepEqual(parts.map((part) => part.type), ["reasoning", "text"]);
    assert.equal(parts[0].text, "Let me think 😀 about it.");
    await ask("thinks", "after");
    const journal = await stage.aimock.journal();
    const [sent] = Aimock.sentFor(journal, "after");
    assert.deepEqual(sent[1], { role: "assistant", text: "42" });
  });

  test("a stream that breaks off keeps the shown text, and does not count as done", async () => {
    const { run, written } = await ask("truncated", "truncated");
    assert.ok(["failed", "interrupted"].includes(run.status), run.status);
    assert.ok(run.error.code);
    assert.notEqual(written.at(-1).status, "complete");
    const text = written.flatMap((it) => it.parts).map((part) => part.text).join("");
    assert.ok("this will not be whole".startsWith(text));
    const journal = await stage.aimock.journal();
    assert.equal(Aimock.sentFor(journal, "truncated").length, text ? 1 : Aimock.sentFor(journal, "truncated").length);
  });

  test("a refusal of the model server fails the run with a reason", async () => {
    const { run, written } = await ask("refused", "refused");
    assert.equal(run.status, "failed");
    assert.ok(run.error.code);
    assert.match(run.error.detail, /Bad key|401/);
    assert.deepEqual(written.flatMap((it) => it.parts), []);
  });

  test("context shows the bytes that the model was sent", async () => {
    const { run } = await ask("context", "after");
    const answer = await stage.server.get(`/v1/threads/context/runs/${run.id}/context`);
    assert.equal(answer.status, 200);
    const { path, sent } = answer.json;
    assert.deepEqual(path.map((it) => it.id), [`${run.id}-asked`]);
    const body = typeof sent === "string" ? JSON.parse(sent) : sent;
    const seen = await until(async () => {
      const journal = await stage.aimock.journal();
      return journal.findLast((it) => JSON.stringify(it.body).includes(keyed("after")));
    }, "aimock's journal has the request");
    const { _endpointType, ...received } = seen.body;
    assert.deepEqual(received, body);
  });
});

describe("A model server that writes in its own way", { timeout: 120_000 }, () => {
  const event = (data) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
  const chunk = (delta, finish_reason = null) => event({ model: "real", choices: [{ index: 0, delta, finish_reason }] });
  const call = (piece) => chunk({ tool_calls: [piece] });
  const done = event("[DONE]");
  const called = chunk({}, "tool_calls") + done;
  const whole = { index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello world" } };
  const named = (id, args) => ({ id, function: { name: "f", arguments: args } });
  const more = (args) => ({ index: 0, function: { arguments: args } });
  // The body for each key, and what its head has besides the usual.
  const bodies = {
    done: [chunk({ content: "A" }) + done],
    twice: [call({ index: 0, ...named("a", "") }) + call(more('{"x":1}')) + call({ index: 0, ...named("a", '{"x":1}') }) + called],
    braces: [call({ index: 0, ...named("a", {}) }) + call(more('{"x":1}')) + called],
    ids: [call({ index: 0, ...named("a1", '{"x":') }) + call({ ...more("12}"), id: "a2" }) + called],
    same: [call({ index: 0, ...named("c", '{"n":1}') }) + call({ index: 1, ...named("c", '{"n":2}') }) + called],
    said: [chunk({ content: "Hello " }) + chunk({ content: "world" }) + event({ choices: [whole] }) + done],
    line: ['error: {"code":400,"message":"the request exceeds the available context size"}\n\n' + done],
    bare: ['{"error":{"message":"exceeds the available context size"}}\n'],
    named: [chunk({ content: "A" }) + "event: error\n" + event({ message: "Boom", code: 500 })],
    json: [chunk({ content: "A" }) + done, { "content-type": "application/json" }],
    capitals: ['{"choices":[{"message":{"content":"A"}}]}', { "content-type": "Application/JSON" }],
    gzip: ["noise", { "content-encoding": "gzip" }],
    responses: [event({ type: "response.output_text.delta", delta: "Hi" })],
  };
  let model;
  let server;
  before(async () => {
    model = createServer((request, response) => {
      let body = "";
      request.on("data", (bytes) => (body += bytes));
      request.on("end", () => {
        const key = JSON.parse(body).messages.at(-1).content.match(/\[(.*)\]/)[1];
        const [answered, head] = bodies[key];
        response.writeHead(200, { "content-type": "text/event-stream", ...head });
        response.end(answered);
      });
    });
    await new Promise((listening) => model.listen(0, "127.0.0.1", listening));
    const base_url = `http://127.0.0.1:${model.address().port}/v1`;
    server = await Server.start({ name: "own-way", config: { agents: { default: { kind: "openai", base_url, model: "asked" } } } });
  });
  after(async () => {
    await server?.dispose();
    model.close();
  });

  async function ask(key) {
    const front = new Front(server, key);
    const run = `run-${key}`;
    await front.follow({ changes: front.prepare([asks(run, key)]), follow: "run" }).opened;
    await front.when((it) => isOver(it, run), `${run} ends`, 30_000);
    const stored = Screen.of(await server.read(key));
    const parts = stored.written(run).flatMap((it) => it.parts);
    return { run: stored.runs.get(run), parts, text: stored.text(run) };
  }

  test("[DONE] alone completes a run, and it names the model that answered", async () => {
    const { run, text } = await ask("done");
    assert.deepEqual([run.status, text, run.model, run.usage], ["completed", "A", "real", undefined]);
  });

  for (const [key, id, args] of [["twice", "a", '{"x":1}'], ["braces", "a", '{"x":1}'], ["ids", "a1", '{"x":12}']]) {
    test(`a call comes out whole and once: ${key}`, async () => {
      const { run, parts } = await ask(key);
      assert.equal(run.status, "completed");
      assert.deepEqual(parts, [{ type: "tool_call", id, name: "f", arguments: args }]);
    });
  }

  test("two calls with one id are two calls with two ids", async () => {
    const { parts } = await ask("same");
    assert.deepEqual(parts.map((it) => it.arguments), ['{"n":1}', '{"n":2}']);
    assert.equal(parts[0].id, "c");
    assert.notEqual(parts[1].id, "c");
  });

  test("a last chunk with the whole message does not double it", async () => {
    assert.equal((await ask("said")).text, "Hello world");
  });

  for (const [key, code, detail] of [
    ["line", "context_too_long", /^the request exceeds/],
    ["bare", "context_too_long", /^exceeds/],
    ["named", "upstream_error", /^Boom$/],
    ["gzip", "upstream_malformed", /Content-Encoding: gzip/],
    ["responses", "upstream_malformed", /OpenAI Responses.*base_url/],
  ]) {
    test(`an error is told with its reason: ${key}`, async () => {
      const { run } = await ask(key);
      assert.deepEqual([run.status, run.error.code], ["failed", code]);
      assert.match(run.error.detail, detail);
    });
  }

  for (const key of ["json", "capitals"]) {
    test(`the body counts more than its type: ${key}`, async () => {
      const { run, text } = await ask(key);
      assert.deepEqual([run.status, text], ["completed", "A"]);
    });
  }
});

describe("The way to a model server", { timeout: 60_000 }, () => {
  const keys = temporaryFolder("keys");
  const keyFile = join(keys, "key");
  const heard = [];
  let proxy;
  let server;
  const answer = 'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';

  before(async () => {
    proxy = createServer((request, response) => {
      request.resume();
      heard.push({ url: request.url, headers: request.headers });
      const refused = request.headers.authorization === "Bearer old-key-123";
      response.writeHead(refused ? 401 : 200, { "content-type": "text/event-stream" });
      response.end(refused ? `not with ${request.headers.authorization} of ${request.headers["x-tenant"]}` : answer);
    });
    await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
    writeFileSync(keyFile, "old-key-123\n");
    const agent = {
      kind: "openai",
      base_url: "http://model.example:8080/v1",
      model: "m",
      api_key_file: keyFile,
      headers: { "X-Title": "Chat" },
      header_env: { "X-Tenant": "WAY_TENANT" },
      query: { "api-version": "1 a" },
    };
    const env = { HTTP_PROXY: `http://me:pass-word-1@127.0.0.1:${proxy.address().port}`, WAY_TENANT: "tenant-77-secret" };
    server = await Server.start({ name: "way", config: { agents: { default: agent } }, env });
  });
  after(async () => {
    await server?.dispose();
    proxy?.close();
  });

  async function run(id) {
    const changes = [{ type: "start_run", run: id, input: [{ text: "hi" }] }];
    await server.post("/v1/threads/way/sync", { changes, follow: "none" }, { headers: { accept: "application/json" } });
    const find = async () => (await server.read("way")).runs.find((it) => it.id === id);
    return until(async () => ((await find())?.ended ? find() : null), `${id} ends`);
  }

  test("leads over the proxy of the environment, with headers, query and the file's present key", async () => {
    const { error } = await run("r1");
    writeFileSync(`${keyFile}.new`, "new-key-456\n");
    renameSync(`${keyFile}.new`, keyFile);
    const second = await run("r2");

    assert.equal(error.code, "bad_key");
    assert.match(error.detail, /not with Bearer \[secret\] of \[secret\]/);
    assert.equal(second.status, "completed");
    assert.equal(heard.length, 2);
    const [{ url, headers }] = heard;
    assert.equal(url, "http://model.example:8080/v1/chat/completions?api-version=1%20a");
    assert.equal(headers["x-title"], "Chat");
    assert.equal(headers["x-tenant"], "tenant-77-secret");
    assert.equal(headers.host, "model.example:8080");
    assert.equal(headers["proxy-authorization"], `Basic ${Buffer.from("me:pass-word-1").toString("base64")}`);
    assert.equal(heard[1].headers.authorization, "Bearer new-key-456");
  });

  test("is in no log line and in no context", async () => {
    const context = await server.get("/v1/threads/way/runs/r2/context");
    const everything = server.log() + (await server.logOf("way")) + JSON.stringify(context.json);
    assert.doesNotMatch(everything, /old-key|new-key|tenant-77|pass-word|model\.example/);
  });
});
