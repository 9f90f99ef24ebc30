// SPDX-License-Identifier: Apache-2.0
// people.test.mjs: tool calls that a person approves or answers, on two devices and through a crash,
// and the model that is asked again when all of them have their results.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { Server } from "./lib/server.mjs";
import { until } from "./lib/wait.mjs";

const listen = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));

describe("People and calls", { timeout: 120_000 }, () => {
  // A model that calls two tools at first, and says what it was told once their results are there.
  const bodies = [];
  const call = (index, id, name) => ({ index, id, type: "function", function: { name, arguments: `{"n":${index}}` } });
  const http = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text) => (body += text));
    request.on("end", () => {
      const { messages } = JSON.parse(body);
      bodies.push(messages);
      const results = messages.filter((message) => message.role === "tool").map((message) => message.content);
      const last = messages.at(-1).role === "tool";
      const delta = last
        ? { content: `told: ${results.join("; ")}` }
        : { tool_calls: [call(0, `c${bodies.length}a`, "delete_file"), call(1, `c${bodies.length}b`, "look")] };
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`data: ${JSON.stringify({ choices: [{ delta, finish_reason: last ? "stop" : "tool_calls" }] })}\n\ndata: [DONE]\n\n`);
    });
  });
  let server;
  before(async () => {
    const port = await listen(http);
    const agent = { kind: "openai", base_url: `http://127.0.0.1:${port}/v1`, model: "m", ask_before: ["delete_file"] };
    const push = { kind: "push", ask_before: ["delete_file"] };
    const agents = { default: agent, hasty: { ...agent, answer_timeout_seconds: 1 }, push };
    server = await Server.start({ name: "people", config: { agents } });
  });
  after(async () => {
    await server?.dispose();
    http.close();
    http.closeAllConnections();
  });

  const accept = { headers: { accept: "application/json" } };
  const ops = new Map();
  const send = async (thread, change, device) => {
    const op = (ops.get(device) ?? 0) + 1;
    if (device) ops.set(device, op);
    const body = { changes: [device ? { op, ...change } : change], follow: "none", ...(device ? { device } : {}) };
    const answer = await server.post(`/v1/threads/${thread}/sync`, body, accept);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.outcomes[0];
  };
  const runOf = async (thread, run) => (await server.get(`/v1/threads/${thread}/runs/${run}`)).json;
  const ended = (thread, run) =>
    until(async () => ((await runOf(thread, run)).ended ? runOf(thread, run) : null), `${run} has ended`);
  const messages = async (thread) => (await server.read(thread)).messages;
  // Asks, and gives the message with the two calls when its run has ended.
  const ask = async (thread, more = {}) => {
    const start = { type: "start_run", run: "r1", input: [{ id: "u1", text: "tidy up" }], resume: "when_answered", ...more };
    assert.equal((await send(thread, start)).outcome, "applied");
    const run = await ended(thread, "r1");
    assert.equal(run.status, "completed");
    const message = (await messages(thread)).at(-1);
    const [asks, looks] = message.parts.filter((part) => part.type === "tool_call").map((part) => part.id);
    return { message, id: message.id, asks, looks, run };
  };

  test("a call that needs approval says so, takes no result, and its run waits, ended", async () => {
    const { message, id, asks, run } = await ask("waits");
    assert.deepEqual(message.calls, [{ part: 0, status: "needs_approval" }]);
    assert.equal(run.resume.status, "waiting");
    assert.ok(run.resume.until > run.ended);
    const early = await send("waits", { type: "answer_call", message: id, call: asks, content: "gone" });
    assert.equal(early.code, "needs_approval");
    assert.equal((await server.get("/v1/threads/waits")).json.thread.running, false);
  });

  test("two devices decide: the first counts, the second is told, and a retry gets its first answer", async () => {
    const { id, asks } = await ask("two");
    const yes = { type: "decide_call", message: id, call: asks, decision: "approved" };
    const no = { type: "decide_call", message: id, call: asks, decision: "denied", reason: "no" };
    const [phone, tab] = await Promise.all([send("two", yes, "phone"), send("two", no, "tab")]);
    assert.deepEqual([phone, tab].map((it) => it.outcome).sort(), ["applied", "refused"]);
    const second = [phone, tab].find((it) => it.outcome === "refused");
    assert.equal(second.code, "decided");
    ops.set("phone", ops.get("phone") - 1);
    const again = await send("two", yes, "phone");
    assert.equal(again.duplicate, true);
    assert.equal(again.outcome, phone.outcome);
  });

  test("the last answer asks the model again, with both results right behind their calls", async () => {
    const { id, asks, looks } = await ask("resumes");
    await send("resumes", { type: "answer_call", message: id, call: looks, content: "3 files" }, "tab");
    await send("resumes", { type: "decide_call", message: id, call: asks, decision: "approved" }, "phone");
    assert.equal((await runOf("resumes", "r1")).resume.status, "waiting");
    await send("resumes", { type: "decide_call", message: id, call: asks, decision: "running" }, "phone");
    const other = await send("resumes", { type: "decide_call", message: id, call: asks, decision: "running" }, "tab");
    assert.equal(other.code, "decided");
    await send("resumes", { type: "answer_call", message: id, call: asks, content: "deleted" }, "phone");
    const next = await ended("resumes", "r1.2");
    assert.equal(next.status, "completed");
    assert.deepEqual((await runOf("resumes", "r1")).resume, { status: "resumed", next: "r1.2" });
    assert.equal((await messages("resumes")).at(-1).parts[0].text, "told: deleted; 3 files");
    const sent = bodies.at(-1);
    assert.deepEqual(sent.map((message) => message.role), ["user", "assistant", "tool", "tool"]);
    assert.deepEqual(sent.slice(2).map((message) => message.tool_call_id), [asks, looks]);
  });

  test("a decision is about the call that was seen, whoever has changed it since", async () => {
    const write = (thread, seq, ...steps) =>
      server.post(`/v1/threads/${thread}/runs/r1/steps?attempt=1`, { steps: steps.map((step, at) => ({ seq: seq + at, ...step })) });
    const text = { type: "tool_call", id: "c", name: "delete_file", arguments: '{"path":' };
    await send("seen", { type: "start_run", run: "r1", agent: "push", input: [{ id: "u1", text: "tidy up" }] });
    await write("seen", 1, { type: "message_created", message: { id: "a1" } }, { type: "part_started", message: "a1", value: text });
    const { cursor: seen } = await server.read("seen");
    const made = { type: "tool_result", call: "c", content: "done", made: true };
    const grown = await write("seen", 3, { type: "content_appended", message: "a1", text: '"/"}' });
    assert.equal(grown.status, 200, grown.text);
    assert.equal((await write("seen", 4, { type: "part_started", message: "a1", value: made })).json.code, "needs_approval");
    assert.equal((await write("seen", 4, { type: "run_ended", status: "completed" })).status, 200);
    const yes = { type: "decide_call", message: "a1", call: "c", decision: "approved" };
    assert.equal((await send("seen", { ...yes, seen }, "phone")).code, "changed");
    assert.equal((await send("seen", yes, "phone")).outcome, "applied");

    // An edit and an approval in one request: the person has not seen what the edit left.
    const edit = { type: "put_message", message: { id: "a1", parts: [{ ...text, arguments: '{"path":"/home"}' }] } };
    const both = await server.post("/v1/threads/seen/sync", { changes: [edit, yes], follow: "none" }, accept);
    assert.deepEqual(both.json.outcomes.map((it) => it.code ?? it.outcome), ["applied", "changed"]);
  });

  test("of a person's answer and the writer's the first counts, and the second is told", async () => {
    const write = (seq, ...steps) =>
      server.post("/v1/threads/first/runs/r1/steps?attempt=1", { steps: steps.map((step, at) => ({ seq: seq + at, ...step })) });
    const look = (id) => ({ type: "part_started", message: "a1", value: { type: "tool_call", id, name: "look", arguments: "{}" } });
    const own = (id) => ({ type: "part_started", message: "a1", value: { type: "tool_result", call: id, content: "of the writer" } });
    const answer = (id) => send("first", { type: "answer_call", message: "a1", call: id, content: "of a person" });
    await send("first", { type: "start_run", run: "r1", agent: "push", input: [{ id: "u1", text: "look" }] });
    await write(1, { type: "message_created", message: { id: "a1" } }, look("c1"), look("c2"));

    assert.equal((await answer("c1")).outcome, "applied");
    const late = await write(4, own("c1"));
    assert.deepEqual([late.status, late.json.code], [409, "answered"], late.text);
    assert.equal((await write(4, own("c2"))).status, 200);
    assert.equal((await answer("c2")).code, "answered");
  });

  test("a denial is a result that the model gets, with the reason", async () => {
    const { id, asks, looks } = await ask("denied");
    await send("denied", { type: "decide_call", message: id, call: asks, decision: "denied", reason: "keep it" });
    await send("denied", { type: "answer_call", message: id, call: looks, content: "3 files" });
    await ended("denied", "r1.2");
    assert.equal((await messages("denied")).at(-1).parts[0].text, "told: denied by the user: keep it; 3 files");
  });

  test("always for this tool in this thread: the next call comes approved, until it is taken back", async () => {
    const { id, asks, looks } = await ask("always");
    await send("always", { type: "decide_call", message: id, call: asks, decision: "approved", always: true });
    assert.deepEqual((await server.get("/v1/threads/always")).json.thread.approved_tools, ["delete_file"]);
    await send("always", { type: "answer_call", message: id, call: asks, content: "deleted" });
    await send("always", { type: "answer_call", message: id, call: looks, content: "3 files" });
    await ended("always", "r1.2");
    await send("always", { type: "start_run", run: "r2", input: [{ text: "once more" }] });
    await ended("always", "r2");
    assert.deepEqual((await messages("always")).at(-1).calls, [{ part: 0, status: "approved" }]);
    await send("always", { type: "update_thread", approved_tools: [] });
    assert.equal((await server.get("/v1/threads/always")).json.thread.approved_tools, undefined);
    await send("always", { type: "start_run", run: "r3", input: [{ text: "and again" }] });
    await ended("always", "r3");
    assert.deepEqual((await messages("always")).at(-1).calls, [{ part: 0, status: "needs_approval" }]);
  });

  test("what waits survives kill -9, in the middle of the answers", async () => {
    const { id, asks, looks } = await ask("crash");
    await send("crash", { type: "decide_call", message: id, call: asks, decision: "approved" }, "phone");
    await send("crash", { type: "answer_call", message: id, call: looks, content: "3 files" }, "phone");
    await server.kill();
    await server.restart();
    assert.equal((await runOf("crash", "r1")).resume.status, "waiting");
    const late = await send("crash", { type: "decide_call", message: id, call: asks, decision: "denied" }, "tab");
    assert.equal(late.code, "decided");
    await send("crash", { type: "answer_call", message: id, call: asks, content: "deleted" }, "tab");
    await ended("crash", "r1.2");
    assert.equal((await messages("crash")).at(-1).parts[0].text, "told: deleted; 3 files");
  });

  test("answers that come too late count, and start nothing", async () => {
    const { id, asks, looks } = await ask("late", { agent: "hasty" });
    await send("late", { type: "decide_call", message: id, call: asks, decision: "approved" });
    const { until: end } = (await runOf("late", "r1")).resume;
    await until(() => Date.now() * 1000 > end, "the time is over");
    await send("late", { type: "answer_call", message: id, call: asks, content: "deleted" });
    await send("late", { type: "answer_call", message: id, call: looks, content: "3 files" });
    assert.deepEqual((await runOf("late", "r1")).resume, { status: "given_up", why: "expired" });
    await send("late", { type: "start_run", run: "r2", input: [{ text: "well?" }] });
    await ended("late", "r2");
    assert.deepEqual(bodies.at(-1).map((message) => message.role), ["user", "assistant", "tool", "tool", "user"]);
  });

  test("a front that comes back with the digest of an earlier moment is not reset, and its stop counts", async () => {
    const thread = "/v1/threads/back";
    let seq = 0;
    const step = async (body) => {
      const answer = await server.post(`${thread}/runs/r1/steps?attempt=1`, { steps: [{ seq: ++seq, ...body }] });
      assert.equal(answer.status, 200, answer.text);
    };
    await send("back", { type: "start_run", run: "r1", agent: "push", input: [{ text: "tidy up" }] });
    await step({ type: "message_created", message: { id: "a1" } });
    await step({ type: "content_appended", message: "a1", text: "first words" });
    const { cursor, digest } = await server.read("back");
    const part = { type: "tool_call", id: "c1", name: "delete_file", arguments: "{}" };
    await step({ type: "part_started", message: "a1", value: part });
    const gated = await server.read("back");
    const decided = async (it) => {
      const body = { cursor: it.cursor, digest: it.digest, follow: "none" };
      const { json } = await server.post(`${thread}/sync`, body, accept);
      assert.equal(json.reset, undefined);
    };
    await decided({ cursor, digest });
    await step({ type: "run_ended" });
    await decided({ cursor, digest });
    await send("back", { type: "decide_call", message: "a1", call: "c1", decision: "denied" });
    await decided({ cursor, digest });
    await decided(gated);
    const stop = { changes: [{ type: "stop_run", run: "r1" }], cursor, digest, follow: "none" };
    const { json } = await server.post(`${thread}/sync`, stop, accept);
    assert.equal(json.outcomes[0].outcome, "applied");
    assert.deepEqual((await server.read("back")).messages.at(-1).parts.map((it) => it.type), ["text"]);
  });

  test("a new question gives the waiting up, and the model is told that there is no result", async () => {
    const { id, asks } = await ask("moved");
    await send("moved", { type: "start_run", run: "r2", input: [{ text: "never mind" }] });
    await ended("moved", "r2");
    assert.deepEqual((await runOf("moved", "r1")).resume, { status: "given_up", why: "moved_on" });
    assert.equal(bodies.at(-1).find((message) => message.tool_call_id === asks).content, "not approved by the user");
    assert.equal((await send("moved", { type: "stop_run", run: "r1" })).outcome, "applied");
    await send("moved", { type: "decide_call", message: id, call: asks, decision: "approved" });
    const late = await send("moved", { type: "answer_call", message: id, call: asks, content: "deleted" });
    assert.equal(late.outcome, "applied");
  });
});
