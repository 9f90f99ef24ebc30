// SPDX-License-Identifier: Apache-2.0
// workers.test.mjs: programs elsewhere claim runs, lose their leases, and go on for each other.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { ends, finishes, opens, says } from "./lib/producer.mjs";
import { Server, binary } from "./lib/server.mjs";
import { keepAnEyeOn, temporaryFolder } from "./lib/tidy.mjs";
import { pause, until } from "./lib/wait.mjs";
import { Worker } from "./lib/worker.mjs";

const folder = temporaryFolder("worker-tokens");
const file = join(folder, "tokens");
const token = (name, ...options) =>
  JSON.parse(execFileSync(binary, ["token", "create", name, ...options, "--file", file, "--json"])).token;
const lockstep = (...line) => execFileSync(binary, line);
const refused = (code) => (error) => (assert.equal(error.code, code), true);
const work = { kind: "worker", system: "Be brief." };
const agents = {
  default: { kind: "push" },
  work,
  other: { kind: "worker" },
  careful: { kind: "worker", on_worker_lost: "interrupt" },
  twice: { kind: "worker", max_attempts: 2 },
  hasty: { kind: "worker", claim_seconds: 1 },
};

describe("Workers", { timeout: 120_000 }, () => {
  const ada = token("ada", "--user", "ada");
  const bob = token("bob", "--user", "bob");
  const produces = token("w1", "--produce", ...Object.keys(agents).slice(1));
  const only = token("w2", "--produce", "work");
  const of = (user) => ({ headers: { authorization: `Bearer ${user}`, accept: "application/json" } });
  let server;
  before(async () => {
    server = await Server.start({ name: "workers", config: { tokens: file, agents } });
  });
  after(async () => {
    await server?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const worker = (more = {}, which = produces, names = ["work"]) => new Worker(server, which, names, more);
  const start = async (thread, run, { agent = "work", user = ada, ...more } = {}) => {
    const change = { type: "start_run", run, agent, input: [{ id: `${run}-asked`, text: `hello from ${run}` }], ...more };
    const answer = await server.post(`/v1/threads/${thread}/sync`, { changes: [change], follow: "none" }, of(user));
    assert.equal(answer.json?.outcomes[0].outcome, "applied", answer.text);
  };
  const read = async (thread, user = ada) => (await server.get(`/v1/threads/${thread}`, of(user))).json;
  const runOf = async (thread, run) => (await server.get(`/v1/threads/${thread}/runs/${run}`, of(ada))).json;
  const becomes = (thread, run, status) =>
    until(async () => {
      const now = await runOf(thread, run);
      return now.status === status && now;
    }, `${run} is ${status}`);
  const answerOf = async (thread) => (await read(thread)).messages.at(-1);

  test("a worker claims a run, gets its context, and writes it to the end", async () => {
    await start("plain", "r-plain");
    assert.equal((await runOf("plain", "r-plain")).waiting_for, "worker");

    const job = await worker().claim();

    assert.deepEqual([job.user, job.thread, job.run, job.agent, job.attempt], ["ada", "plain", "r-plain", "work", 2]);
    assert.equal(job.context.path[0].parts[0].text, "hello from r-plain");
    assert.deepEqual(job.context.sent.messages.map((it) => it.role), ["system", "user"]);
    assert.deepEqual(job.written, []);
    assert.ok(job.lease_until > Date.now() * 1000);
    assert.equal((await runOf("plain", "r-plain")).waiting_for, undefined);
    const { seq, ts, lease_until } = await job.write(opens("m-plain"), says("m-plain", "Hello."));
    assert.equal(seq, 2);
    assert.ok(ts > 0 && lease_until > job.lease_until);
    await job.write(ends("m-plain"), finishes());
    assert.equal((await answerOf("plain")).parts[0].text, "Hello.");
    assert.equal((await runOf("plain", "r-plain")).status, "completed");
    await assert.rejects(job.write(), refused("ended"));
  });

  test("a worker that waits gets the next run, and none after its time", async () => {
    assert.equal(await worker({ wait: 0 }).claim(), null);
    const waiting = worker().claim();
    await start("late", "r-late");

    const job = await waiting;

    assert.equal(job.run, "r-late");
    await job.write(finishes());
  });

  test("a run whose worker was killed goes on with another one, behind what is shown", async () => {
    await start("lost", "r-lost");
    const program = `
      import { Worker } from ${JSON.stringify(new URL("./lib/worker.mjs", import.meta.url).href)};
      import { request } from ${JSON.stringify(new URL("./lib/http.mjs", import.meta.url).href)};
      const url = ${JSON.stringify(server.url)};
      const server = { url, post: (path, body, options) => request(url + path, { method: "POST", body, ...options }) };
      const job = await new Worker(server, ${JSON.stringify(produces)}, ["work"]).claim();
      await job.write({ type: "message_created", message: { id: "m-lost" } },
        { type: "content_appended", message: "m-lost", text: "One, " });
      console.log(JSON.stringify(job.claim));
      setInterval(() => job.write(), 200);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    keepAnEyeOn(child);
    const claim = JSON.parse(await new Promise((said) => child.stdout.once("data", said)));
    const second = worker({ wait: 20 });
    const waiting = second.claim();
    await pause(1500);  // longer than the lease: the renewals keep it
    assert.equal((await runOf("lost", "r-lost")).attempt, 2);
    child.kill("SIGKILL");

    const job = await waiting;

    assert.equal(job.attempt, 3);
    assert.equal(job.written[0].parts[0].text, "One, ");
    assert.equal(job.written[0].status, "open");
    await job.write(says("m-lost", "two."), ends("m-lost"), finishes());
    assert.equal((await answerOf("lost")).parts[0].text, "One, two.");
    const former = await second.post(`/v1/claims/${claim}/steps`, { steps: [] });
    assert.equal(former.json.code, "fenced", former.text);
  });

  test("a new worker may take back what the former one wrote", async () => {
    await start("cut", "r-cut");
    const first = await worker().claim();
    await first.write(opens("m-cut"), says("m-cut", "Wrong"));
    const job = await worker({ wait: 20 }).claim();

    await job.write({ type: "message_cut", message: "m-cut", keep: [] }, says("m-cut", "Right"), finishes());

    assert.equal((await answerOf("cut")).parts[0].text, "Right");
    await assert.rejects(first.write(says("m-cut", "!")), refused("fenced"));
  });

  test("a claim and its lease outlive a crash of the server", async () => {
    await start("crash", "r-crash");
    await start("wait", "r-wait");
    const job = await worker({ lease: 3 }).claim();
    await job.write(opens("m-crash"), says("m-crash", "before "));

    await server.restart();

    await job.write(says("m-crash", "after"));
    const next = await worker().claim();
    assert.equal(next.run, "r-wait", "what was not claimed can be claimed");
    await next.write(finishes());
    const third = await worker({ wait: 20 }).claim();
    assert.equal(third.run, "r-crash", "the lease ran from the restart on, and ran out");
    assert.equal(third.written[0].parts[0].text, "before after");
    await third.write(finishes());
  });

  test("a worker learns of a stop by its empty batch", async () => {
    await start("stop", "r-stop");
    const job = await worker({ lease: 30 }).claim();
    await job.write(opens("m-stop"), says("m-stop", "shown"));
    await job.write();

    await server.post("/v1/threads/stop/sync", { changes: [{ type: "stop_run", run: "r-stop" }] }, of(ada));

    await assert.rejects(job.write(), (error) => {
      assert.equal(error.code, "ended");
      assert.equal(error.problem.run_status, "stopped");
      assert.deepEqual(error.problem.cut_calls, []);
      return true;
    });
  });

  test("a run that is stopped while it waits is passed over", async () => {
    await start("gone", "r-gone");
    await server.post("/v1/threads/gone/sync", { changes: [{ type: "stop_run", run: "r-gone" }] }, of(ada));

    assert.equal(await worker({ wait: 0 }).claim(), null);
  });

  test("on_worker_lost and max_attempts decide when a lost run ends", async () => {
    await start("careful", "r-careful", { agent: "careful" });
    const careful = await worker({}, produces, ["careful"]).claim();
    await careful.write(opens("m-careful"), says("m-careful", "half"));
    await start("twice", "r-twice", { agent: "twice" });
    await worker({}, produces, ["twice"]).claim();

    const ended = await becomes("careful", "r-careful", "interrupted");
    assert.equal(ended.error.code, "worker_lost");
    assert.equal((await answerOf("careful")).status, "interrupted");
    const second = await worker({ wait: 20 }, produces, ["twice"]).claim();
    assert.equal(second.attempt, 3);
    const failed = await becomes("twice", "r-twice", "failed");
    assert.equal(failed.error.code, "worker_lost");
    await assert.rejects(second.write(finishes()), refused("ended"));
  });

  test("a run that no worker claims in time ends", async () => {
    await start("hasty", "r-hasty", { agent: "hasty" });

    assert.equal((await becomes("hasty", "r-hasty", "failed")).error.code, "no_worker");
  });

  test("users take turns", async () => {
    for (const run of ["a1", "a2"]) await start(`fair-${run}`, run, { agent: "other" });
    await start("fair-b1", "b1", { agent: "other", user: bob });
    const jobs = [];
    for (let claims = 0; claims < 3; claims += 1) jobs.push(await worker({ lease: 30 }, produces, ["other"]).claim());

    assert.deepEqual(jobs.map((job) => `${job.user} ${job.run}`), ["ada a1", "bob b1", "ada a2"]);
    for (const job of jobs) await job.write(finishes());
  });

  test("only a worker's token claims, only runs of its agents, and it does nothing else", async () => {
    const claim = { agents: ["work"], wait_seconds: 0 };
    const asked = await server.post("/v1/claims", claim, of(ada));
    assert.deepEqual([asked.status, asked.json.code], [403, "forbidden"]);
    const other = await server.post("/v1/claims", { agents: ["work", "other"] }, of(only));
    assert.deepEqual([other.status, other.json.code], [403, "forbidden"]);
    assert.match(other.json.detail, /other/);
    const paths = ["/v1/threads", "/v1/threads/plain", "/v1/agents", "/v1/usage", "/v1/feed", "/metrics",
      "/v1/users/ada/threads/plain", "/v1/threads/plain/events", "/v1/threads/plain/runs/r-plain/context"];
    for (const path of paths) {
      const answer = await server.get(path, of(only));
      assert.deepEqual([answer.status, answer.json.code], [403, "forbidden"], path);
      assert.match(answer.json.detail, /w2/);
    }
    const steps = await server.post("/v1/threads/plain/runs/r-plain/steps?attempt=2", { steps: [{ seq: 1, ...finishes() }] }, of(only));
    assert.equal(steps.json.code, "forbidden");
    assert.equal((await server.post("/v1/tickets", undefined, { headers: of(only).headers })).json.code, "forbidden");
    assert.equal((await server.post("/v1/claims", claim)).status, 401);
  });

  test("users do not write the runs of workers, and no claim says what others have", async () => {
    await start("mine", "r-mine");
    for (const attempt of [1, 2]) {
      const path = `/v1/threads/mine/runs/r-mine/steps?attempt=${attempt}`;
      const answer = await server.post(path, { steps: [{ seq: 1, ...opens("fake") }] }, of(ada));
      assert.equal(answer.json.code, "written_here");
    }
    const job = await worker({ lease: 30 }).claim();
    const bytes = Buffer.from(job.claim, "base64url");
    const forged = (change) => {
      const copy = Buffer.from(bytes);
      change(copy);
      return copy.toString("base64url");
    };
    const claims = {
      secret: forged((it) => (it[13] ^= 1)),
      attempt: forged((it) => (it[12] = 9)),
      epoch: forged((it) => (it[1] ^= 1)),
      thread: Buffer.concat([bytes.subarray(0, 29), Buffer.from("\x03ada\x05never"), Buffer.from("r-mine")]).toString("base64url"),
      user: Buffer.concat([bytes.subarray(0, 29), Buffer.from("\x03bob\x04mine"), Buffer.from("r-mine")]).toString("base64url"),
    };
    const details = new Set();
    for (const [what, claim] of Object.entries(claims)) {
      const answer = await worker().post(`/v1/claims/${claim}/steps`, { steps: [] });
      assert.deepEqual([answer.status, answer.json.code], [409, "fenced"], what);
      details.add(answer.json.detail);
    }
    assert.equal(details.size, 1, "they are told the same");
    const broken = await worker().post("/v1/claims/nonsense/steps", { steps: [] });
    assert.equal(broken.json.code, "invalid");
    await job.write(finishes());
  });

  test("a socket claims, writes and is told of stops, too", async () => {
    const web = new WebSocket(`${server.url.replace("http", "ws")}/v1/socket`, {
      headers: { authorization: `Bearer ${produces}` },
      protocols: ["lockstep.v1.json"],
    });
    await new Promise((opened, failed) => Object.assign(web, { onopen: opened, onerror: failed }));
    const frames = [];
    web.onmessage = (event) => frames.push(JSON.parse(event.data));
    const say = async (kind, body) => {
      const id = `q${frames.length}-${kind}`;
      web.send(JSON.stringify({ [kind]: { id, ...body } }));
      return until(() => frames.find((it) => it.id === id), `an answer to ${kind}`);
    };

    assert.equal((await say("claim", { agents: ["work"], wait_seconds: 0 })).claim, null);
    assert.equal((await say("sync", { thread: "plain" })).code, "forbidden");
    await start("wire", "r-wire");
    const job = await say("claim", { agents: ["work"], lease_seconds: 30 });
    assert.equal(job.run, "r-wire");
    assert.equal(job.context.path.length, 1);
    const ack = await say("steps", { claim: job.claim, steps: [{ seq: 1, ...opens("m-wire") }] });
    assert.deepEqual([ack.frame, ack.seq], ["steps", 1]);
    assert.equal((await say("steps", { claim: job.claim, steps: [] })).seq, 1);
    await server.post("/v1/threads/wire/sync", { changes: [{ type: "stop_run", run: "r-wire" }] }, of(ada));
    assert.equal((await say("steps", { claim: job.claim, steps: [] })).code, "ended");
    web.close();
  });

  test("agents and metrics show what can be claimed, and what is", async () => {
    await start("seen", "r-seen");
    const listed = async () => (await server.get("/v1/agents", of(ada))).json.agents.find((it) => it.name === "work");
    const measured = async () => (await server.get("/metrics", of(ada))).text;
    assert.deepEqual([(await listed()).kind, (await listed()).waiting], ["worker", 1]);
    assert.match(await measured(), /^lockstep_runs_claimable 1$/m);
    const job = await worker({ lease: 30 }).claim();
    assert.deepEqual([(await listed()).running, (await listed()).waiting], [1, 0]);
    await job.write(finishes());
    await until(() => / run_claimed .*run=r-seen/.test(server.log()), "the log says so");
  });

  test("a claim that waits ends at once when its token is revoked", async () => {
    const lost = token("w3", "--produce", "other");
    await until(async () => (await new Worker(server, lost, ["other"], { wait: 0 }).claim().catch(() => 0)) === null, "the token is read");
    const begun = Date.now();
    const waiting = assert.rejects(worker({ wait: 20 }, lost, ["other"]).claim(), refused("unauthorized"));
    await pause(300);
    lockstep("token", "revoke", "w3", "--file", file);
    await waiting;
    assert.ok(Date.now() - begun < 10_000);
  });

  test("a claim of an unknown agent is told so at once, also without a token file", async () => {
    const open = await Server.start({ name: "workers-open", config: { agents: { default: { kind: "worker" } } } });
    try {
      const asks = (...names) => new Worker(open, "", names, { wait: 20 }).claim();
      await assert.rejects(asks("default", "nobody"), refused("unknown_agent"));
      await assert.rejects(asks("nobody"), (error) => /nobody/.test(error.message ?? error.detail ?? JSON.stringify(error)));
    } finally {
      await open.dispose();
    }
  });

  test("a worker claims a long thread whole", async () => {
    const text = 'He said "why?"\n'.repeat(70_000);
    const change = { type: "put_message", message: { id: "long-0", text } };
    await server.post("/v1/threads/long/sync", { changes: [change], follow: "none" }, of(ada));
    await start("long", "r-long");
    const job = await worker({ lease: 30 }).claim();
    assert.equal(job.context.path[0].parts[0].text, text);
    assert.equal(job.context.sent.messages[1].content.startsWith(text), true);
    await job.write(finishes());
  });

  test("a restored history ends claims", async () => {
    await start("old", "r-old");
    const job = await worker({ lease: 30 }).claim();
    await job.write(opens("m-old"), says("m-old", "kept"));
    const backups = join(server.folder, "backups");
    lockstep("backup", "--data", server.data, "--to", backups);
    await server.kill();
    rmSync(server.data, { recursive: true });
    lockstep("restore", "--from", backups, "--data", server.data);
    await server.launch();

    await assert.rejects(job.write(says("m-old", "!")), refused("fenced"));

    const ended = await becomes("old", "r-old", "interrupted");
    assert.match(ended.error.detail, /restored/);
    assert.equal((await answerOf("old")).parts[0].text, "kept");
  });
});
