// SPDX-License-Identifier: Apache-2.0
// summarise.test.mjs: a thread that outgrows its model's context goes on behind a summary, which is
// a message like any other.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { Server } from "./lib/server.mjs";
import { until } from "./lib/wait.mjs";

const listen = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
const context = 1000;

describe("Summaries", { timeout: 120_000 }, () => {
  // A strict model: a token for four bytes of content, and no request beyond its context.
  const bodies = [];
  const refused = [];
  const tokensOf = (messages) => messages.reduce((sum, message) => sum + Math.ceil(message.content.length / 4) + 4, 0);
  let answerBytes = 400;
  const http = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text) => (body += text));
    request.on("end", () => {
      const parsed = JSON.parse(body);
      const { messages } = parsed;
      bodies.push(parsed);
      const prompt_tokens = tokensOf(messages);
      if (prompt_tokens + 125 > context) {
        refused.push(prompt_tokens);
        response.writeHead(400, { "content-type": "application/json" });
        return response.end(JSON.stringify({ error: { message: "too long", code: "context_length_exceeded" } }));
      }
      const summary = messages.at(-1).content.endsWith("Write only the summary.]");
      const content = summary ? `gist ${bodies.length}` : `answer ${bodies.length} ${"x".repeat(answerBytes)}`;
      const usage = { prompt_tokens, completion_tokens: Math.ceil(content.length / 4) };
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: "stop" }] })}\n\n`);
      response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
    });
  });
  let server;
  before(async () => {
    const port = await listen(http);
    const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
    const agent = { kind: "openai", base_url: `http://127.0.0.1:${port}/v1`, model: "m", context_tokens: context };
    const agents = {
      default: { ...agent, when_too_long: "summarise", params: JSON.stringify({ tools }) },
      plain: agent,
    };
    server = await Server.start({ name: "summarise", config: { agents } });
  });
  after(async () => {
    await server?.dispose();
    http.close();
    http.closeAllConnections();
  });

  const accept = { headers: { accept: "application/json" } };
  const sync = async (thread, change) => {
    const answer = await server.post(`/v1/threads/${thread}/sync`, { changes: [change], follow: "none" }, accept);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.outcomes[0];
  };
  const rests = (thread) =>
    until(async () => {
      const state = await server.read(thread);
      return state.runs.every((run) => run.ended) ? state : null;
    }, "nothing is open");
  // Asks, and has the thread summarised when its context is half full.
  const ask = async (thread, number) => {
    const start = { type: "start_run", run: `r${number}`, input: [{ id: `u${number}`, text: `question ${number}` }] };
    assert.equal((await sync(thread, start)).outcome, "applied");
    const { runs } = await rests(thread);
    const { prompt_tokens, completion_tokens } = runs.at(-1).usage;
    if (prompt_tokens + completion_tokens < context / 2) return;
    // The front sees that the context fills.
    await sync(thread, { type: "start_run", run: `r${number}.summary`, params: { summarise: true } });
    return rests(thread);
  };
  const isSummary = ({ parts }) => parts[0]?.type === "data" && parts[0].name === "summary";

  test("a thread of many turns is never refused, and each request is what the screen shows below its line", async () => {
    for (let number = 1; number <= 24; ++number) await ask("long", number);
    const { messages, runs } = await server.read("long");
    assert.deepEqual(refused, []);
    assert.ok(runs.every((run) => run.status === "completed"));
    const summaries = messages.filter(isSummary);
    assert.ok(summaries.length >= 2, `${summaries.length} summaries`);
    assert.ok(summaries.every(({ run }) => /^r\d+\.summary$/.test(run)));
    const shortened = runs.filter((run) => run.repairs?.some(({ kind }) => kind === "summarised"));
    assert.ok(shortened.length > 3);
    for (const run of shortened) {
      const { ids } = run.repairs.find(({ kind }) => kind === "summarised");
      const { json } = await server.get(`/v1/threads/long/runs/${run.id}/context`);
      const { path } = json;
      const first = path.find(({ id }) => !ids.includes(id));
      assert.ok(isSummary(first), `${run.id} begins with a summary`);
    }
  });

  test("the run of a summary offers no tools, and asks with one sentence", async () => {
    const asked = bodies.find((body) => body.messages.at(-1).content.endsWith("Write only the summary.]"));
    assert.equal(asked.tools, undefined);
    assert.ok(bodies[0].tools);
  });

  test("a summary that a user edits is what the model reads", async () => {
    const { messages } = await server.read("long");
    const last = messages.filter(isSummary).at(-1);
    const parts = [last.parts[0], { type: "text", text: "The user collects stamps." }];
    await sync("long", { type: "put_message", message: { id: last.id, parts } });
    for (let number = 25; number <= 28; ++number) await ask("long", number);
    assert.ok(bodies.some((body) => body.messages.some(({ content }) => content.includes("The user collects stamps."))));
    assert.deepEqual(refused, []);
  });

  test("a front may ask for one, of an agent that makes them", async () => {
    await ask("short", 1);
    assert.equal((await sync("short", { type: "start_run", run: "s", params: { summarise: true } })).outcome, "applied");
    const { messages } = await rests("short");
    assert.deepEqual(messages.at(-1).parts[0], { type: "data", name: "summary", value: { from: "u1", to: messages.at(-2).id, messages: 2 } });
    const no = await sync("short", { type: "start_run", run: "n", agent: "plain", params: { summarise: true } });
    assert.equal(no.code, "invalid");
    assert.match(no.detail, /when_too_long/);
  });
});
