// SPDX-License-Identifier: Apache-2.0
// upgrade.test.mjs: stores and backups of each earlier format, and a front of 0.1.0, under the current
// binary.
//
// tests/upgrade/v1, v2 and so on have the store that the last version with this format left when it was
// killed, with its answers about each thread. No entry, timestamp, digest, epoch or remembered op may change. Its published client
// continues with its stored data.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { client, keptStore, said, tokens, unpack } from "../upgrade/kept.mjs";
import { Server, binary } from "./lib/server.mjs";
import { temporaryFolder } from "./lib/tidy.mjs";
import { tokenFile } from "./lib/tokens.mjs";
import { until } from "./lib/wait.mjs";

const run = promisify(execFile);
const lockstep = (...line) => run(binary, line, { maxBuffer: 1 << 28 });
const failing = (...line) => lockstep(...line).then(() => assert.fail(`${line[0]} should fail`), (error) => error);
const config = { tokens: tokenFile(tokens), agents: { default: { kind: "demo" }, push: { kind: "push" } } };
const as = (user, more = {}) => ({ headers: { authorization: `Bearer ${tokens[user]}`, ...more } });
const path = (of, below = "") => `/v1/threads/${of.thread}${below}`;
const at = (state) => state.cursor.split("@")[0];
const memory = 64;  // ops that are remembered of a device

const formats = [1, 2];
const latest = 3;
const kept = (format) => join(unpack(`v${format}/store.tar.gz`), "data");
const serveKept = (name, format) =>
  Server.start({ name, config, prepare: (data) => renameSync(kept(format), data) });

async function assertAsSaid(server, of) {
  const state = await server.get(path(of, of.status === 200 ? `?at=${at(of.state)}` : ""), as(of.user));
  assert.equal(state.status, of.status);
  if (of.status !== 200) return;
  assert.deepEqual(state.json, of.state);
  const lines = as(of.user, { accept: "application/x-ndjson" });
  const entries = await server.get(path(of, `/events?until=${at(of.state)}`), lines);
  assert.deepEqual(entries.text.split("\n").filter((line) => line.includes('"frame":"entry"')), of.entries);
  for (const [name, context] of Object.entries(of.contexts)) {
    const now = await server.get(path(of, `/runs/${name}/context`), as(of.user));
    assert.deepEqual({ status: now.status, text: now.text }, context);
  }
}

for (const format of formats) describe(`A store of format ${format}`, { timeout: 60_000 }, () => {
  const former = said(`v${format}`);
  let server;

  before(async () => {
    server = await serveKept("upgrade", format);
  });
  after(() => server.dispose());

  test("is upgraded at the first start, which logs it", () => {
    assert.match(server.log(), new RegExp(`upgrading .*from format ${format} to ${format + 1}`));
    for (let step = format; step < latest; step += 1) {
      assert.match(server.log(), new RegExp(`upgraded .*from format ${step} to ${step + 1}`));
    }
  });

  for (const of of former.threads) {
    test(`answers the same about ${of.user}'s ${of.thread}`, () => assertAsSaid(server, of));
  }

  test("has each thread in its owner's list, and only there", async () => {
    for (const [user, { list }] of Object.entries(former.users)) {
      const now = (await server.get("/v1/threads?limit=100", as(user))).json;
      const ids = (page) => page.threads.map((it) => [it.id, it.title, it.created]).sort();
      assert.deepEqual(ids(now), ids(list));
      const cursor = await server.get(`/v1/threads?before=${list.cursor}`, as(user));
      assert.equal(cursor.status, 200, "a cursor of the list is good");
    }
  });

  test("remembers every op that it remembered, and nothing is applied twice", async () => {
    const newest = new Map();
    const key = (it) => `${it.user}/${it.body.device}/${it.thread}`;
    for (const it of former.ops) newest.set(key(it), (newest.get(key(it)) ?? []).concat(it.body.changes.map((c) => c.op)));
    for (const it of former.ops) {
      const json = as(it.user, { accept: "application/json" });
      const before = (await server.get(path(it), as(it.user))).json?.cursor;
      const answer = await server.post(path(it, "/sync"), it.body, json);
      if (before === undefined) {
        assert.equal(answer.json.code, "deleted");
        continue;
      }
      const kept = newest.get(key(it)).sort((a, b) => a - b).slice(-memory);
      const old = it.body.changes.some((change) => !kept.includes(change.op));
      const expected = it.outcomes.map((outcome) => ({ ...outcome, duplicate: true }));
      if (old) assert.ok(answer.json.outcomes.every(({ code }) => code === "op_too_old"));
      if (!old) assert.deepEqual(answer.json.outcomes, expected);
      if (!old) assert.equal((await server.get(path(it), as(it.user))).json.cursor, before);
    }
  });

  test("still has the former epoch, and the end of its valid cursors", async () => {
    const json = as("ada", { accept: "application/json" });
    const lost = await server.post("/v1/threads/tea/sync", { cursor: former.rewound }, json);
    assert.equal(lost.json.reset.reason, "rewound");
  });

  test("lets every user have every id", async () => {
    const changes = [{ type: "put_message", message: { id: "mine", text: "carl's" } }];
    for (const thread of ["tea", "gone", "open-too"]) {
      const made = await server.post(`/v1/threads/${thread}/sync`, { changes }, as("carl", { accept: "application/json" }));
      assert.equal(made.json.outcomes[0].outcome, "applied");
    }
    assert.equal((await server.get("/v1/threads/gone", as("bob"))).status, 410);
  });

  test("is whole, and has the history that was exported of it", async () => {
    await server.terminate();
    await lockstep("verify", "--data", server.data);
    const now = (await lockstep("export", "--all", "--data", server.data)).stdout.trim().split("\n").map((line) => JSON.parse(line));
    const owners = new Map(former.threads.map((it) => [it.thread, it.user]));
    const of = (lines, user, thread) => lines.filter((it) => it.thread === thread && (it.user ?? owners.get(thread)) === user);
    for (const { user, thread } of former.threads) {
      const was = of(former.history.map((line) => JSON.parse(line)), user, thread);
      // An export of format 1 names no users.
      const is = of(now, user, thread).map(({ user: _, ...rest }) => (was[0]?.user ? { user: _, ...rest } : rest));
      assert.deepEqual(is.slice(0, was.length), was);
    }
    await server.launch();
  });
});

describe("An export", () => {
  for (const format of formats) test(`of format ${format} is imported with its owners`, async () => {
    const folder = temporaryFolder("import");
    const file = join(folder, "history.jsonl");
    writeFileSync(file, said(`v${format}`).history.join("\n") + "\n");

    await lockstep("import", file, "--data", join(folder, "data"));

    const list = (await lockstep("show", "--data", join(folder, "data"), "--json")).stdout.trim().split("\n");
    const owners = Object.fromEntries(list.map((line) => JSON.parse(line)).map((it) => [it.thread.id, it.owner]));
    assert.deepEqual([owners.tea, owners.plans, owners.open], ["ada", "bob", "carl"]);
  });
});

describe("A front of 0.1.0", { timeout: 60_000 }, () => {
  let server;
  const front = said("v1").front;

  before(async () => {
    server = await serveKept("old-front", 1);
  });
  after(() => server.dispose());

  test("goes on with its cursor, its copies and its unsent changes, as without an upgrade", async () => {
    const unsent = front.pending.map((it) => it.change);
    const held = front.threads.kept.messages;
    const { connect } = await client("0.1.0");
    const page = connect({ url: server.url, token: tokens.ada, store: keptStore(front), tabs: false });
    const thread = page.thread("kept");
    thread.subscribe(() => {});
    await until(() => front.pending.length === 0, "what was not sent is answered");
    await until(() => thread.view.title === "Kept" || front.threads.kept.thread.title === "Kept", "the title has come");

    const now = (await server.get("/v1/threads/kept", as("ada"))).json;
    assert.deepEqual(now.messages.slice(0, held.length), held);
    assert.equal(now.messages.filter((it) => it.parts[0]?.text === "Said while you were away").length, 1);
    assert.equal(now.runs.at(-1).id, unsent[0].run);
    assert.deepEqual([thread.view.refused, thread.view.lost], [[], []]);
    page.close();
  });

  test("starts, stops, follows its list and deletes as before", async () => {
    const { connect, textOf, memoryStore } = await client("0.1.0");
    const page = connect({ url: server.url, token: tokens.bob, store: memoryStore(), tabs: false });
    const list = page.threads();
    list.subscribe(() => {});
    const thread = page.thread("tea");  // ada has one too
    thread.subscribe(() => {});
    const sent = await thread.sendMessage("Green or black?", { agent: "push" });
    const steps = [
      { seq: 1, type: "message_created", message: { id: "a" } },
      { seq: 2, type: "content_appended", message: "a", text: "Green, and then" },
    ];
    const wrote = await server.post(`/v1/threads/tea/runs/${sent.run}/steps?attempt=1`, { steps }, as("bob"));
    assert.equal(wrote.status, 200);
    await until(() => thread.view.messages.map(textOf).includes("Green, and then"), "the answer is shown");
    assert.ok((await thread.stop()).ok);
    await until(() => list.view.threads.some((it) => it.id === "tea"), "the list has it");
    assert.ok((await thread.delete()).ok);
    await until(() => !list.view.threads.some((it) => it.id === "tea"), "the list has it no more");
    assert.equal((await server.get("/v1/threads/tea", as("ada"))).status, 200);
    page.close();
  });
});

describe("A backup", { timeout: 60_000 }, () => {
  for (const format of formats) test(`of format ${format} is restored with its old content`, async () => {
    const backups = join(unpack(`v${format}/backup.tar.gz`), "backup");
    const prepare = (data) => lockstep("restore", "--from", backups, "--data", data);
    const server = await Server.start({ name: "old-backup", config, prepare });
    for (const of of said(`v${format}`).threads) {
      const state = await server.get(path(of, of.status === 200 ? `?at=${at(of.state)}` : ""), as(of.user));
      assert.equal(state.status, of.status);
      if (of.status !== 200) continue;
      const { cursor: was, ...expected } = of.state;
      const { cursor: is, ...got } = state.json;
      assert.deepEqual(got, expected);
      assert.equal(is.split("@")[0], was.split("@")[0]);
    }
    await server.terminate();
    await lockstep("verify", "--data", server.data);
    // Its folder takes further backups.
    await lockstep("backup", "--data", server.data, "--to", backups);
    await lockstep("backup", "--verify", "--to", backups);
    await server.dispose();
  });
});

describe("Before the upgrade", { timeout: 60_000 }, () => {
  test("a verb that only reads names the next step, and leaves the store as it is", async () => {
    const data = kept(1);
    for (const verb of [["show"], ["export", "--all"], ["verify"]]) {
      const { code, stderr } = await failing(...verb, "--data", data);
      assert.equal(code, 3);
      assert.match(stderr, /older format/);
      assert.match(stderr, /lockstep serve --data/);
    }
  });

  test("a verb that writes upgrades it, and reports that", async () => {
    const data = kept(1);
    const { stderr } = await lockstep("rebuild", "--data", data);
    assert.match(stderr, /upgraded the store from format 2 to 3/);
    await lockstep("verify", "--data", data);
  });

  const library = process.env.LOCKSTEP_FAULTY_DISK ?? join(dirname(binary), "libfaulty_disk.so");
  const skip = existsSync(library) ? false : `there is no ${library}: build the target faulty_disk`;
  test("a disk that is full stops it, and with room it goes on", { skip }, async () => {
    const data = kept(1);
    const control = `${data}.control`;
    const faulty = { LD_PRELOAD: library, LOCKSTEP_FAULTY_FOLDER: data, LOCKSTEP_FAULTY_CONTROL: control };
    const env = { ...process.env, ...faulty };
    let stopped = 0;
    // Room for more and more: each attempt gets further than the one before, and the last to the end.
    for (let bytes = 512; ; bytes += 512) {
      assert.ok(bytes < 16 << 20);
      writeFileSync(control, `space ${bytes}\n`);
      const done = await run(binary, ["rebuild", "--data", data], { env }).then(() => ({ code: 0 }), (error) => error);
      if (done.code === 0) break;
      assert.equal(done.code, 3, done.stderr);
      stopped += 1;
      bytes *= 2;
    }
    assert.ok(stopped > 3);
    writeFileSync(control, "\n");
    await lockstep("verify", "--data", data);
  });
});
