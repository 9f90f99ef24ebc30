// SPDX-License-Identifier: Apache-2.0
// usage.test.mjs: totals of usage, through crashes, deletions, a rebuild and an import.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Producer, finishes } from "./lib/producer.mjs";
import { Server, binary } from "./lib/server.mjs";

const prices = { input: 1, output: 10, cached_input: 0.5, currency: "USD" };
const agents = { push: { kind: "push", price: prices }, free: { kind: "push" } };
const openai = { prompt_tokens: 1000, completion_tokens: 100, prompt_tokens_details: { cached_tokens: 200 } };

describe("Usage", { timeout: 60_000 }, () => {
  let server;
  before(async () => {
    server = await Server.start({ name: "usage", config: { agents } });
  });
  after(() => server?.dispose());

  const usage = async (query = "") => (await server.get(`/v1/usage${query}`)).json;
  const runs = async (thread, run, used, agent = "push") => {
    const change = { type: "start_run", run, agent, input: [{ text: "hi" }] };
    const headers = { accept: "application/json" };
    await server.post(`/v1/threads/${thread}/sync`, { changes: [change], follow: "none" }, { headers });
    await new Producer(server, thread, run).write({ ...finishes(), usage: used });
  };

  test("a run's usage counts once, for its user, its agent and its thread", async () => {
    assert.deepEqual((await usage()).agents, []);
    await runs("a", "a1", openai);
    await runs("a", "a2", openai);
    await runs("b", "b1", { input_tokens: 5, output_tokens: 7 }, "free");

    const { total, agents } = await usage();

    assert.deepEqual(total, {
      runs: 3, input_tokens: 2005, cached_tokens: 400, output_tokens: 207,
      costs: [{ currency: "USD", amount: 0.0038 }],
    });
    assert.deepEqual(agents, [
      { agent: "free", runs: 1, input_tokens: 5, cached_tokens: 0, output_tokens: 7 },
      { agent: "push", runs: 2, input_tokens: 2000, cached_tokens: 400, output_tokens: 200, cost: 0.0038, currency: "USD" },
    ]);
    assert.equal((await usage("?thread=b")).total.input_tokens, 5);
    const today = new Date().toISOString().slice(0, 10);
    assert.equal((await usage(`?from=${today}`)).total.runs, 3);
    assert.equal((await usage("?until=2001-01-01")).total.runs, 0);
    assert.equal((await server.get("/v1/usage?from=today")).status, 422);
    assert.equal((await server.get("/v1/usage?thread=never")).json.code, "unknown_thread");
  });

  test("totals stay through a crash, a deletion and a rebuild, and an import brings its own", async () => {
    const before = await usage();
    await server.restart();
    assert.deepEqual(await usage(), before);
    const file = join(server.folder, "all.jsonl");
    execFileSync(binary, ["export", "--data", server.data, "--all", "--out", file]);
    await fetch(`${server.url}/v1/threads/a`, { method: "DELETE" });
    assert.deepEqual(await usage(), before);
    await server.kill();
    const verify = (data) => execFileSync(binary, ["verify", "--data", data]);  // it compares the totals, too
    verify(server.data);

    execFileSync(binary, ["rebuild", "--data", server.data]);
    verify(server.data);

    await server.launch();
    assert.deepEqual(await usage(), before);
    await server.kill();
    const copy = join(server.folder, "copy");
    execFileSync(binary, ["import", file, "--data", copy]);
    verify(copy);
    const original = server.data;
    server.data = copy;
    await server.launch();
    assert.deepEqual(await usage(), before);
    await server.kill();
    execFileSync(binary, ["rebuild", "--data", copy]);
    await server.launch();
    assert.deepEqual(await usage(), before);
    server.data = original;
  });
});
