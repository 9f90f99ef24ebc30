// SPDX-License-Identifier: Apache-2.0
// blobs_load.test.mjs: what uploads of one user cost the tokens of another.
//
// It measures the time from a step to its acknowledgement, which is one flush of the log, without
// and with uploads of 32 MiB next to it, in turns, and prints both with their ratio.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { bearer, call, someBytes, upload } from "./lib/blobs.mjs";
import { Server } from "./lib/server.mjs";
import { tokenFile } from "./lib/tokens.mjs";

const steps = Number(process.env.LOCKSTEP_BLOB_STEPS ?? 150);  // of each of four rounds
const mebibyte = 1 << 20;

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

describe("Uploads next to tokens", { timeout: 180_000 }, () => {
  let server;
  let seq = 0;
  const ada = bearer("alice");
  const bob = bearer("robert");
  const json = { ...ada, "content-type": "application/json", accept: "application/json" };

  before(async () => {
    const tokens = tokenFile({ ada: "alice", bob: "robert" });
    server = await Server.start({ name: "blobs-load", config: { tokens, agents: { push: { kind: "push" } } } });
    const start = { type: "start_run", run: "r", agent: "push", input: [{ id: "u", text: "go" }] };
    await server.post("/v1/threads/t/sync", { device: "d", changes: [start] }, { headers: json });
    await write({ type: "message_created", message: { id: "a" } });
  });
  after(() => server?.dispose());

  async function write(step) {
    seq += 1;
    const began = performance.now();
    const answer = await server.post("/v1/threads/t/runs/r/steps?attempt=1", { steps: [{ seq, ...step }] }, { headers: json });
    assert.equal(answer.status, 200, answer.text);
    return performance.now() - began;
  }

  async function round(times) {
    for (let step = 0; step < steps; step += 1) {
      times.push(await write({ type: "content_appended", message: "a", part: 0, text: `word ${seq} ` }));
    }
  }

  // Uploads one file after another until `over` says so; returns how many.
  async function uploads(over) {
    let count = 0;
    for (const bytes = someBytes(32 * mebibyte); !over(); count += 1) {
      bytes.writeUInt32LE(count + Math.floor(Math.random() * 1e9));
      const made = await upload(server, bytes, { headers: bob });
      if (made.status === 403) break;  // its quota is used up
      assert.equal(made.status, 201);
    }
    return count;
  }

  test("A step waits for no upload", async () => {
    const quiet = [];
    const busy = [];
    let count = 0;
    await round([]);  // warms up
    for (let turn = 0; turn < 2; turn += 1) {
      await round(quiet);
      let over = false;
      const beside = uploads(() => over);
      await round(busy);
      over = true;
      count += await beside;
    }
    quiet.sort((one, other) => one - other);
    busy.sort((one, other) => one - other);

    const line = [0.5, 0.99].map((share) => {
      const [without, beside] = [at(quiet, share), at(busy, share)];
      return `p${share * 100} ${without.toFixed(1)} ms without, ${beside.toFixed(1)} ms with uploads (x ${(beside / without).toFixed(1)})`;
    });
    console.log(`a step: ${line.join("; ")}; ${count} uploads of 32 MiB`);

    assert.ok(count > 0, "there were uploads");
    assert.ok(at(busy, 0.99) < 2000, "a step is acknowledged within two seconds");
    assert.equal((await call(server, "/readyz")).status, 200);
  });
});
