// SPDX-License-Identifier: Apache-2.0
// outlive.test.mjs: the effect of a server's restart on open runs.
//
// A back end that writes a run outlives the server, and goes on where it was. All other open runs
// end, in the background of a start that is ready at once.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Front } from "./lib/front.mjs";
import { Producer, finishes, opens, says } from "./lib/producer.mjs";
import { isRunning, pushes, says as input } from "./lib/scene.mjs";
import { Screen, shownText } from "./lib/screen.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/wait.mjs";

const agents = {
  default: { kind: "demo", rate: 1 },
  push: { kind: "push" },
  hasty: { kind: "push", silence_timeout_seconds: 0.4 },
};
const runs = Number(process.env.LOCKSTEP_E2E_OPEN_RUNS ?? 60);

const stored = async (server, thread) => Screen.of(await server.read(thread));

describe("A restart", { timeout: 120_000 }, () => {
  const restarts = {
    "kill -9": (server) => server.restart(),
    SIGTERM: async (server) => {
      await server.terminate();
      await server.launch();
    },
  };
  for (const [how, restart] of Object.entries(restarts)) {
    test(`by ${how} leaves a run to its writer outside, and those that wait to wait`, async () => {
      const server = await Server.start({ name: "outlive", config: { agents } });
      const front = new Front(server, "t");
      await front.change([pushes("r1", "go"), pushes("r2", "and then")]);
      const [one, two] = ["r1", "r2"].map((run) => new Producer(server, "t", run));
      await one.write(opens("m1"), says("m1", "before "), says("m1", "the restart, "));
      const known = { seq: 3, ...says("m1", "the restart, ") };

      await restart(server);

      assert.ok(isRunning(await stored(server, "t"), "r1"));
      assert.equal((await one.send([known])).seq, 3, "a known step is answered");
      const other = await one.send([{ ...known, text: "something else" }]).catch((error) => error);
      assert.equal(other.code, "seq_reused");
      await one.write(says("m1", "behind it"), finishes());
      await two.write(opens("m2"), says("m2", "second"), finishes());
      const path = (await stored(server, "t")).path().map(shownText);
      assert.deepEqual(path, ["go", "before the restart, behind it", "and then", "second"]);
      await server.dispose();
    });
  }

  test("a writer outside that is silent for too long loses its run", async () => {
    const server = await Server.start({ name: "silent", config: { agents } });
    const front = new Front(server, "t");
    await front.change([pushes("r1", "go", { agent: "hasty" })]);
    await new Producer(server, "t", "r1").write(opens("m1"), says("m1", "so far"));

    await until(async () => !isRunning(await stored(server, "t"), "r1"), "the run has ended");

    const { status, error } = (await stored(server, "t")).runs.get("r1");
    assert.equal(status, "interrupted");
    assert.equal(error.code, "silent");
    await server.dispose();
  });

  test("with many open runs is ready before they are mended, and shows none as running", async () => {
    const server = await Server.start({ name: "mend", config: { agents } });
    for (let at = 0; at < runs; at += 1) {
      const start = { type: "start_run", run: "r1", input: [input("go")] };
      await new Front(server, `t${at}`).change([start]);
    }

    await server.restart();

    const list = (await server.get("/v1/threads?limit=1000")).json.threads;
    assert.equal(list.length, runs);
    assert.equal(list.filter((it) => it.running).length, 0);
    const last = (await stored(server, `t${runs - 1}`)).runs.get("r1");
    assert.equal(last.status, "interrupted", "what is asked for is mended first");
    await until(async () => /threads_to_mend\S* 0\n/.test((await server.get("/metrics")).text), "all are mended");
    for (let at = 0; at < runs; at += 1) {
      assert.equal((await stored(server, `t${at}`)).runs.get("r1").status, "interrupted");
    }
    await server.dispose();
  });
});
