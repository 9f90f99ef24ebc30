// SPDX-License-Identifier: Apache-2.0
// make.mjs: makes a small store with a little of everything, with one version of Lockstep.
//
//   LOCKSTEP_BINARY=…/lockstep-0.1.0 node tests/upgrade/make.mjs v1 OUT
//
// The last binary that writes a format runs this once, and the result is kept (README.md).
// `said.json` has that binary's answers about every thread. The server is killed, so the store has
// open runs.

import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { request } from "../e2e/lib/http.mjs";
import { Server, binary } from "../e2e/lib/server.mjs";
import { tokenFile } from "../e2e/lib/tokens.mjs";
import { until } from "../e2e/lib/wait.mjs";
import { client, keptStore, tokens } from "./kept.mjs";

const [, , format, folder] = process.argv;
const out = resolve(folder);
mkdirSync(out, { recursive: true });
const agents = { default: { kind: "demo" }, push: { kind: "push" } };
const lockstep = (...line) => execFileSync(binary, line, { encoding: "utf8", maxBuffer: 1 << 28 });

const ops = [];  // every request with ops, and its outcomes: sent again, it must be answered with these
const threads = [];  // { user, thread }
const server = await Server.start({ name: format, config: { tokens: tokenFile(tokens), agents } });

const as = (user, more = {}) => ({ headers: { authorization: `Bearer ${tokens[user]}`, ...more } });

async function ask(user, thread, changes, more = {}) {
  if (!threads.some((it) => it.user === user && it.thread === thread)) threads.push({ user, thread });
  const body = { changes, ...more };
  const json = { accept: "application/json" };
  const answer = await server.post(`/v1/threads/${thread}/sync`, body, as(user, json));
  if (answer.status !== 200) throw new Error(`${thread}: ${answer.status} ${answer.text}`);
  if (more.device) ops.push({ user, thread, body, outcomes: answer.json.outcomes });
  return answer.json;
}

async function steps(user, thread, run, list, first = 1) {
  const body = { steps: list.map((step, at) => ({ seq: first + at, ...step })) };
  const answer = await server.post(`/v1/threads/${thread}/runs/${run}/steps?attempt=1`, body, as(user));
  if (answer.status !== 200) throw new Error(`${thread}/${run}: ${answer.status} ${answer.text}`);
  return answer.json;
}

const put = (op, id, text, more = {}) => ({ type: "put_message", op, message: { id, text }, ...more });
const push = (op, run, text, more = {}) => ({
  type: "start_run", op, run, agent: "push", input: [{ id: `${run}-asked`, text }], ...more,
});
const opened = (id, more = {}) => ({ type: "message_created", message: { id, ...more } });
const part = (message, at, value) => ({ type: "part_started", message, part: at, value });
const text = (message, said, at = 0) => ({ type: "content_appended", message, part: at, text: said });
const ended = (message) => ({ type: "message_ended", message, usage: { output_tokens: 7 } });
const over = (status, error) => ({ type: "run_ended", status, ...(error && { error }) });
const phone = { device: "phone" };
const laptop = { device: "laptop" };

async function runIsOver(user, thread, run) {
  await until(async () => {
    const answer = await server.get(`/v1/threads/${thread}/runs/${run}`, as(user));
    return answer.json.ended !== undefined;
  }, `${run} is over`);
}

// --- First life: turns of the demo agent, edits, branches, a stop -----------------------------------

await ask("ada", "tea", [
  { type: "start_run", op: 1, run: "t1", input: [{ id: "q1", text: "Which tea? 你好 😀" }] },
], phone);
await runIsOver("ada", "tea", "t1");
await ask("ada", "tea", [push(2, "t2", "And with milk?", { after: "q1" })], phone);
const half = await steps("ada", "tea", "t2", [opened("a2"), text("a2", "Milk goes well with "), text("a2", "Assam.")]);
await ask("ada", "tea", [
  { type: "stop_run", op: 3, run: "t2", shown: [{ message: "a2", part: 0, length: 9 }] },
], phone);
await ask("ada", "tea", [put(1, "q1-b", "Which coffee?", { parent: null })], laptop);
await ask("ada", "tea", [put(2, "q1-b", "Which coffee, then?")], laptop);
await ask("ada", "tea", [{ type: "move_head", op: 4, head: "a2" }], phone);
await ask("ada", "tea", [
  { type: "update_thread", op: 5, title: "Tea, and \"milk\"", archived: true, metadata: { colour: "green" } },
  { type: "delete_message", op: 6, message: "never-was" },
], phone);

await ask("ada", "calls", [push(1, "c1", "What is the weather?")], phone);
await steps("ada", "calls", "c1", [
  opened("c1-a"),
  part("c1-a", 0, { type: "reasoning", text: "I should look." }),
  part("c1-a", 1, { type: "tool_call", id: "k1", name: "weather", arguments: "{\"at\":" }),
  text("c1-a", "\"Graz\"}", 1),
  ended("c1-a"),
  opened("c1-r", { parent: "c1-a", role: "tool" }),
  part("c1-r", 0, { type: "tool_result", call: "k1", content: "rain" }),
  ended("c1-r"),
  opened("c1-b", { parent: "c1-r" }),
  text("c1-b", "It rains."),
  over("completed"),
]);
// A result that the server made, and the real one behind it; a question whose answer has no word.
if (format !== "v1") {
  await ask("ada", "late", [push(1, "l1", "Look it up")], phone);
  await steps("ada", "late", "l1", [
    opened("l1-a"), part("l1-a", 0, { type: "tool_call", id: "k3", name: "look", arguments: "{}" }), ended("l1-a"),
  ]);
  await ask("ada", "late", [{ type: "stop_run", op: 2, run: "l1" }], phone);
  await ask("ada", "late", [
    { type: "put_message", op: 3, message: { id: "l1-r", role: "tool", parts: [{ type: "tool_result", call: "k3", content: "found" }] } },
    push(4, "l2", "And now?"),
  ], phone);
  await ask("ada", "late", [{ type: "stop_run", op: 5, run: "l2" }], phone);
  await ask("ada", "late", [push(6, "l3", "Well?")], phone);
  await steps("ada", "late", "l3", [opened("l3-a"), text("l3-a", "Found."), over("completed")]);
}
await ask("ada", "calls", [push(2, "c2", "And tomorrow?")], phone);
await steps("ada", "calls", "c2", [
  opened("c2-a"), text("c2-a", "Let me "), over("failed", { code: "upstream", detail: "it broke" }),
]);
await ask("ada", "calls", [{ type: "delete_message", op: 3, message: "c2-a" }], phone);

// --- Bob, who refuses and is refused; deletions ------------------------------------------------------

await ask("bob", "plans", [put(1, "p1", "one"), put(2, "p2", "two", { after: "p1" })], phone);
await ask("bob", "plans", [{ type: "stop_run", op: 3, run: "none" }, put(4, "p1", "again", { if_absent: true })], phone);
for (let op = 5; op < 80; op += 1) await ask("bob", "plans", [put(op, `p${op}`, `number ${op}`)], phone);
for (const [user, thread] of [["bob", "gone"], ["ada", "gone-too"]]) {
  await ask(user, thread, [put(1, "g1", "soon gone")], phone);
  const answer = await request(`${server.url}/v1/threads/${thread}`, { method: "DELETE", ...as(user) });
  if (answer.status !== 204) throw new Error(`DELETE ${thread}: ${answer.status}`);
}

// --- A second epoch: puts after the backup are lost ----------------------------------------------

const before = join(server.folder, "before");
lockstep("backup", "--data", server.data, "--to", before);
const lost = await ask("ada", "tea", [put(7, "lost", "said after the backup")], phone);
ops.pop();  // it is not there any more
await server.kill();
renameSync(server.data, `${server.data}.former`);
lockstep("restore", "--from", before, "--data", server.data);
await server.launch();

// --- Second life: a graceful stop in the middle of a run, then open runs and a kill -------------------

await ask("carl", "cut", [push(1, "s1", "Go on until you are stopped")], phone);
await steps("carl", "cut", "s1", [opened("s1-a"), text("s1-a", "As you like")]);
await server.terminate();
await server.launch();
await ask("carl", "open", [push(1, "o1", "Say something long")], phone);
await steps("carl", "open", "o1", [opened("o1-a"), text("o1-a", "Once upon a time")]);
await ask("carl", "open", [push(2, "o2", "and then?"), push(3, "o3", "and then?", { needs: [2] })], phone);
await ask("ada", "open-too", [push(1, "w1", "Call something")], laptop);
await steps("ada", "open-too", "w1", [
  opened("w1-a"), part("w1-a", 0, { type: "tool_call", id: "k2", name: "look", arguments: "{\"q\":\"ha" }),
]);

// --- A front, with its copy of a thread and its changes while the server is down -----------------

const front = { device: "the-browser", last: 0, pending: [], threads: {}, list: [] };
const { connect } = await client("0.1.0");
const page = connect({ url: server.url, token: tokens.ada, store: keptStore(front), tabs: false });
const kept = page.thread("kept");
kept.subscribe(() => {});
threads.push({ user: "ada", thread: "kept" });
const first = await kept.sendMessage("What will you remember?", { agent: "push" });
await steps("ada", "kept", first.run, [opened("kept-a"), text("kept-a", "All of it."), over("completed")]);
await until(() => front.threads.kept?.messages.at(-1)?.status === "complete", "the front keeps the answer");

// --- The record of its answers -------------------------------------------------------------------

const said = { half, rewound: lost.cursor, users: {}, threads: [], ops };
for (const user of Object.keys(tokens)) {
  const list = (await server.get("/v1/threads?limit=100", as(user))).json;
  said.users[user] = { list };
}
for (const { user, thread } of threads) {
  const state = await server.get(`/v1/threads/${thread}`, as(user));
  const entries = await server.get(`/v1/threads/${thread}/events`, as(user, { accept: "application/x-ndjson" }));
  const contexts = {};
  for (const run of state.json?.runs ?? []) {
    const context = await server.get(`/v1/threads/${thread}/runs/${run.id}/context`, as(user));
    contexts[run.id] = { status: context.status, text: context.text };
  }
  const gone = state.status !== 200;
  said.threads.push({
    user, thread, status: state.status, state: state.json, contexts,
    entries: gone ? [] : entries.text.trim().split("\n").filter((line) => line.includes('"frame":"entry"')),
  });
}
lockstep("backup", "--data", server.data, "--to", join(out, "backup"));
await server.kill();
void kept.sendMessage("Said while you were away", { agent: "push" });
void kept.update({ title: "Kept" });
await until(() => front.pending.length === 2, "the front keeps what it could not send");
page.close();
said.front = front;
said.history = lockstep("export", "--all", "--format", "jsonl", "--data", server.data).trim().split("\n");
writeFileSync(join(out, "said.json"), `${JSON.stringify(said, null, 1)}\n`);
rmSync(join(server.data, "control"), { force: true });
execFileSync("tar", ["-C", server.folder, "-czf", join(out, "store.tar.gz"), "data"]);
execFileSync("tar", ["-C", out, "-czf", join(out, "backup.tar.gz"), "backup"]);
rmSync(join(out, "backup"), { recursive: true });
await server.dispose();
