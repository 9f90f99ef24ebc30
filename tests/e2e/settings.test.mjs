// SPDX-License-Identifier: Apache-2.0
// settings.test.mjs: tokens and agents that change while the server runs, and its log lines about
// settings.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect } from "node:net";
import { execFile, spawn } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { stream } from "./lib/http.mjs";
import { Server, binary, toml } from "./lib/server.mjs";
import { keepAnEyeOn, temporaryFolder } from "./lib/tidy.mjs";
import { tokenFile } from "./lib/tokens.mjs";
import { until, within } from "./lib/wait.mjs";

const run = promisify(execFile);
const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });
const lines = (server, event) => server.log().split("\n").filter((it) => it.includes(` ${event}`));
const listen = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));

describe("The token file, while the server runs", { timeout: 60_000 }, () => {
  const file = tokenFile({ ada: "ada-token", bob: "bob-token" });
  let server;
  before(async () => {
    const config = { tokens: file, agents: { default: { kind: "demo" } } };
    server = await Server.start({ name: "live-tokens", config });
  });
  after(() => server.dispose());

  const status = async (token) => (await server.get("/v1/threads", bearer(token))).status;
  const becomes = (token, wanted) =>
    until(async () => (await status(token)) === wanted, `${token} gets ${wanted}`, { withinMs: 5000 });
  const token = (...line) => run(binary, ["token", ...line, "--file", file]);
  const hangUp = () => process.kill(server.pid, "SIGHUP");
  const ticket = async (of) => (await server.post("/v1/tickets", undefined, bearer(of))).json.ticket;

  async function socketOf(of) {
    const web = new WebSocket(`${server.url.replace("http", "ws")}/v1/socket?ticket=${await ticket(of)}`);
    const closed = new Promise((over) => (web.onclose = (event) => over(event.code)));
    await within(new Promise((opened) => (web.onopen = opened)), "the socket opens");
    return { web, closed };
  }

  async function streamOf(of) {
    let text = "";
    const onChunk = (chunk) => (text += chunk);
    const headers = { ...bearer(of).headers, accept: "text/event-stream" };
    const opened = await stream(`${server.url}/v1/feed`, { headers, onChunk });
    assert.equal(opened.status, 200);
    return { done: opened.done, drop: opened.drop, text: () => text };
  }

  test("a token that is made works without a restart", async () => {
    const made = (await token("create", "cleo", "--user", "cleo")).stdout.trim();
    await becomes(made, 200);
  });

  test("a revoked one stops at once, with its streams, sockets and tickets; others stay", async () => {
    const unused = await ticket("ada-token");
    const ada = { socket: await socketOf("ada-token"), stream: await streamOf("ada-token") };
    const bob = { socket: await socketOf("bob-token"), stream: await streamOf("bob-token") };

    await token("revoke", "ada");

    assert.equal(await within(ada.socket.closed, "Ada's socket closes"), 4401);
    assert.equal(await within(ada.stream.done, "Ada's stream ends"), "end");
    assert.match(ada.stream.text(), /data: \{"frame":"failure","status":401,"code":"unauthorized"/);
    assert.equal(await status("ada-token"), 401);
    const late = await server.get(`/v1/feed?ticket=${unused}`);
    assert.equal(late.status, 401);
    assert.equal(await status("bob-token"), 200);
    assert.equal(bob.socket.web.readyState, WebSocket.OPEN);
    assert.equal(bob.stream.text(), "");
    bob.socket.web.close();
    bob.stream.drop();
  });

  test("a request is refused if its token is revoked while its body arrives", async () => {
    const dora = (await token("create", "dora", "--user", "dora")).stdout.trim();
    await becomes(dora, 200);
    const socket = connect(server.port, "127.0.0.1");
    let said = "";
    socket.on("data", (bytes) => (said += bytes));
    const body = JSON.stringify({ changes: [{ type: "update_thread", title: "x" }] });
    socket.write(
      `POST /v1/threads/dora/sync HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${dora}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
    );
    await until(() => status(dora), "the server has read the half");
    await token("revoke", "dora");
    await until(() => said.includes("401"), "it is refused");
    socket.destroy();
  });

  test("a file that can't be read, or not yet, leaves the former in force, with an error line", async () => {
    const good = readFileSync(file, "utf8");
    for (const broken of ["[tokens.ada", "", "[tokens.x]\nuser = 1\n"]) {
      const before = lines(server, "tokens_not_read").length;
      writeFileSync(file, broken);
      await until(() => lines(server, "tokens_not_read").length > before, "the line");
      assert.equal(await status("bob-token"), 200);
    }
    rmSync(file);
    await until(() => lines(server, "tokens_not_read").length === 4, "the line of a file that is gone");
    assert.match(lines(server, "tokens_not_read")[0], / error tokens_not_read why=.* next=/);
    assert.equal(await status("bob-token"), 200);
    writeFileSync(`${file}.next`, good);
    renameSync(`${file}.next`, file);
    const made = (await token("create", "eve", "--user", "eve")).stdout.trim();
    await becomes(made, 200);
  });

  test("a hang-up reads it at once and never ends the server", async () => {
    for (let round = 0; round < 5; round += 1) hangUp();
    await until(() => lines(server, "reading_settings").length > 0, "the line");
    assert.equal(await status("bob-token"), 200);
    assert.equal(server.child.exitCode, null);
  });

  test("when the last token is revoked every request is refused, and a new token opens again", async () => {
    for (const name of ["cleo", "eve", "bob"]) await token("revoke", name);
    await becomes("bob-token", 401);
    const made = (await token("create", "bob", "--user", "bob")).stdout.trim();
    await becomes(made, 200);
  });
});

describe("A hang-up", { timeout: 30_000 }, () => {
  test("while the server starts or stops does not kill it", async () => {
    const folder = temporaryFolder("hang-up");
    const args = ["serve", "--data", join(folder, "data"), "--listen", "127.0.0.1:0"];
    const child = keepAnEyeOn(spawn(binary, args, { stdio: ["ignore", "pipe", "ignore"] }));
    const exit = new Promise((over) => child.once("exit", (code, signal) => over({ code, signal })));
    let said = "";
    child.stdout.on("data", (text) => (said += text));
    // Before main runs, no code of the server handles the signal.
    await until(() => readFileSync(`/proc/${child.pid}/status`, "utf8").match(/SigBlk:.*1$/m), "it is blocked");
    const hangUps = setInterval(() => child.kill("SIGHUP"), 2);
    await until(() => said.includes("listening"), "it listens");
    child.kill("SIGTERM");
    const how = await within(exit, "it stops");
    clearInterval(hangUps);
    assert.deepEqual(how, { code: 0, signal: null });
  });
});

describe("Agents, while the server runs", { timeout: 60_000 }, () => {
  const upstreams = [];
  let server;
  // A model server that answers with its name when the test lets it.
  async function upstream(name) {
    const waiting = [];
    const http = createServer((request, response) => {
      request.resume();
      waiting.push(() => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(`data: {"choices":[{"delta":{"content":"${name}"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`);
      });
    });
    upstreams.push(http);
    return { port: await listen(http), waiting, answer: () => waiting.splice(0).forEach((it) => it()) };
  }
  const agent = (port) => ({ kind: "openai", base_url: `http://127.0.0.1:${port}/v1`, model: "m" });
  const starts = (id, text, more = {}) => ({ type: "start_run", run: id, input: [{ text }], ...more });
  const sync = (changes) =>
    server.post("/v1/threads/tea/sync", { changes, follow: "none" }, { headers: { accept: "application/json" } });
  const runs = async () => Object.fromEntries((await server.read("tea")).runs.map((it) => [it.id, it]));
  const ended = (id) => until(async () => ((await runs())[id].ended ? (await runs())[id] : null), `${id} ends`);
  const configure = (agents) => writeFileSync(server.configFile, toml({ agents }));
  const hangUp = async (event) => {
    const before = lines(server, event).length;
    process.kill(server.pid, "SIGHUP");
    await until(() => lines(server, event).length > before, `the line ${event}`);
  };

  after(async () => {
    await server?.dispose();
    for (const http of upstreams) http.close();
  });

  test("a run keeps the agent that it began with, the next one has the new one", async () => {
    const [one, two] = [await upstream("one"), await upstream("two")];
    const config = { agents: { default: agent(one.port), late: agent(one.port) } };
    server = await Server.start({ name: "live-agents", config });
    await sync([starts("r1", "hi")]);
    await until(() => one.waiting.length, "the model is asked");
    await sync([starts("r2", "and?", { agent: "late" }), starts("r3", "and now?")]);

    configure({ default: agent(two.port) });
    await hangUp("agents_read");
    one.answer();
    await ended("r1");
    await until(() => two.waiting.length, "the other model is asked");
    two.answer();
    await ended("r3");

    const { r1, r2, r3 } = await runs();
    assert.deepEqual([r1.status, r2.status, r3.status], ["completed", "failed", "completed"]);
    assert.equal(r2.error.code, "unknown_agent");
    const texts = (await server.read("tea")).messages.filter((it) => it.role === "assistant").map((it) => it.parts[0].text);
    assert.deepEqual(texts, ["one", "two"]);
  });

  test("a folder or an emptied file in its place takes no agent away", async () => {
    const was = readFileSync(server.configFile, "utf8");
    writeFileSync(server.configFile, "");
    await hangUp("agents_not_read");
    rmSync(server.configFile);
    mkdirSync(server.configFile);
    await hangUp("agents_not_read");
    rmSync(server.configFile, { recursive: true });
    writeFileSync(server.configFile, was);

    const [refused] = (await sync([starts("r4", "hi", { agent: "late" })])).json.outcomes;
    assert.equal(refused.code, "unknown_agent", "the agents are those of before");
  });

  test("a failed run is one line, and a count by agent and status", async () => {
    const failed = lines(server, "run_failed");
    assert.equal(failed.length, 1);
    assert.match(failed[0], / error run_failed user=local thread=tea run=r2 agent=late code=unknown_agent detail=/);
    const metrics = (await server.get("/metrics")).text;
    assert.match(metrics, /^lockstep_runs_ended_total\{agent="default",status="completed"\} 2$/m);
    assert.match(metrics, /^lockstep_runs_ended_total\{agent="late",status="failed"\} 1$/m);
  });

  test("a configuration that is wrong leaves the former agents in force", async () => {
    writeFileSync(server.configFile, "[agents.default]\nkind = 'nonsense'\n");
    await hangUp("agents_not_read");
    assert.match(lines(server, "agents_not_read").at(-1), / error agents_not_read why=.*default.*next=/);
    const two = await upstream("still");
    configure({ default: agent(two.port) });
    await hangUp("agents_read");
    await sync([starts("r4", "hi")]);
    await until(() => two.waiting.length, "the model is asked");
    two.answer();
    assert.equal((await ended("r4")).status, "completed");
  });

  test("a model server that is down leaves a line, and the key that it quotes does not", async () => {
    const http = createServer((request, response) => {
      request.resume();
      response.writeHead(401).end(`bad: ${request.headers.authorization}`);
    });
    upstreams.push(http);
    const port = await listen(http);
    await server.terminate();
    server.env = { LIVE_KEY: "sk-0123456789-live" };
    const down = { ...agent(9), connect_timeout_seconds: 0.1 };
    configure({ default: down, quotes: { ...agent(port), api_key_env: "LIVE_KEY" } });
    await server.launch();

    await sync([starts("r5", "hi", { agent: "quotes" })]);
    const { error } = await ended("r5");

    assert.match(error.detail, /\[secret\]/);
    assert.match(lines(server, "run_failed").at(-1), /run=r5 agent=quotes code=upstream_unauthorized .*\[secret\]/);
    assert.doesNotMatch(server.log() + (await server.logOf("tea")), /0123456789/);
    await sync([starts("r6", "hi")]);
    assert.equal((await ended("r6")).status, "failed");
    assert.match(lines(server, "run_failed").at(-1), /run=r6 agent=default code=upstream_unreachable/);
  });
});

describe("At its start the server says", { timeout: 60_000 }, () => {
  const folder = temporaryFolder("says");
  const said = async (config, env = {}, before = []) => {
    const file = join(folder, "c.toml");
    writeFileSync(file, config);
    const args = [...before, binary, "serve", "--data", join(folder, "data"), "--listen", "127.0.0.1:0", "--config", file];
    const child = keepAnEyeOn(spawn(args[0], args.slice(1), { env: { ...process.env, ...env } }));
    let [out, err] = ["", ""];
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (err += text));
    const exit = new Promise((over) => child.once("exit", over));
    await until(() => out.includes("listening"), "it listens");
    const limits = readFileSync(`/proc/${child.pid}/limits`, "utf8");
    child.kill("SIGTERM");
    await within(exit, "it stops");
    return { lines: err.trim().split("\n"), limits };
  };

  test("which keys are not set, or too short to be struck out, or where fronts see them", async () => {
    const agent = (name) => `[agents.${name}]\nkind="openai"\nbase_url="http://127.0.0.1:9/v1"\nmodel="m"\n`;
    const config = `${agent("a")}api_key_env="SAYS_NONE"\n${agent("b")}api_key_env="SAYS_SHORT"\nparams='{"api_key":"k"}'\n`;
    const { lines } = await said(config, { SAYS_SHORT: "1234567" });
    assert.ok(lines.some((it) => / error key_unset agent=a variable=SAYS_NONE /.test(it)), lines.join("\n"));
    assert.ok(lines.some((it) => / error key_too_short agent=b variable=SAYS_SHORT /.test(it)), lines.join("\n"));
    assert.ok(lines.some((it) => / error params_are_shown agent=b member=api_key /.test(it)), lines.join("\n"));
  });

  test("which origins no browser sends, and which variables are no settings", async () => {
    const { lines } = await said('origins = ["http://localhost:5173/", "nonsense"]\n', { LOCKSTEP_FOO: "1" });
    assert.deepEqual(lines.filter((it) => it.includes("useless_origin")).map((it) => /origin=(\S+)/.exec(it)[1]), ["nonsense"]);
    assert.ok(lines.some((it) => / error unknown_variable name=LOCKSTEP_FOO /.test(it)), lines.join("\n"));
  });

  test("that it runs as root, if it does", async () => {
    const { lines } = await said("");
    assert.equal(lines.filter((it) => / error runs_as_root /.test(it)).length, process.getuid() === 0 ? 1 : 0);
  });

  test("numbers as numbers in JSON", async () => {
    const { lines } = await said("log_json = true\n");
    const stopped = lines.map((it) => JSON.parse(it)).find((it) => it.event === "stopped");
    assert.equal(typeof stopped.commits, "number");
  });

  test("nothing of files, for it takes as many as it may", async () => {
    const { limits } = await said("", {}, ["prlimit", "--nofile=256:4096"]);
    assert.match(limits, /Max open files\s+4096\s+4096/);
  });
});

describe("Out of files", { timeout: 60_000 }, () => {
  test("the server logs it, once in a while, and serves again when there are some", async () => {
    const server = await Server.start({ name: "files" });
    await run("prlimit", ["--pid", String(server.pid), "--nofile=64:64"]);
    const sockets = Array.from({ length: 100 }, () => connect(server.port, "127.0.0.1"));
    for (const it of sockets) it.on("error", () => {});
    await until(() => lines(server, "not_accepting").length, "the line");
    assert.match(lines(server, "not_accepting")[0], / error not_accepting why="Too many open files" connections=\d+ next=/);
    assert.equal(lines(server, "not_accepting").length, 1);
    for (const it of sockets) it.destroy();
    await until(() => server.get("/healthz", { timeoutMs: 500 }).then((it) => it.status === 200, () => false), "it serves");
    await server.dispose();
  });
});
