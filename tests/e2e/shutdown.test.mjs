// SPDX-License-Identifier: Apache-2.0
// shutdown.test.mjs: SIGTERM in mid-stream.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { answer } from "./lib/aimock.mjs";
import { Events, backlog, bytesOf } from "./lib/events.mjs";
import { Front } from "./lib/front.mjs";
import { connectionsTo } from "./lib/ports.mjs";
import { Producer, finishes, opens, says } from "./lib/producer.mjs";
import { asks, isRunning, pushes, scene } from "./lib/scene.mjs";
import { Screen } from "./lib/screen.mjs";
import { chance, seed, text } from "./lib/texts.mjs";

const content = text(chance(seed), 1500, 5);

describe("SIGTERM", { timeout: 60_000 }, () => {
  let stage;
  before(async () => (stage = await scene("shutdown", [answer("long", content, { chunkSize: 5, tps: 30 })])));
  after(() => stage.dispose());

  test("fronts get an end, runs end interrupted, and all shown text is kept", async () => {
    const { server } = stage;
    const socket = await stage.socket();
    const fronts = [new Front(server, "one"), new Front(server, "two", { socket })];
    const streams = [];
    for (const front of fronts) {
      const run = `${front.thread}-run`;
      streams.push(front.follow({ changes: front.prepare([asks(run, "long")]), follow: "run" }));
      await streams.at(-1).opened;
      await front.change([asks(`${run}-waiting`, "long")]);
    }
    const idle = new Front(server, "two");
    streams.push(idle.follow({ follow: "live" }));
    const pushed = new Front(server, "three");
    await pushed.change([pushes("three-run", "go")]);
    const producer = new Producer(server, "three", "three-run");
    await producer.write(opens("three-m"), says("three-m", "acknowledged"));
    const reader = await Events.open(server, "one", { follow: "live" });
    for (const front of fronts) {
      await front.when((it) => it.text(`${front.thread}-run`).length > 60, "some text");
    }

    const asked = Date.now();
    const exit = await server.terminate(10_000);
    const took = Date.now() - asked;

    assert.deepEqual(exit, { code: 0, signal: null });
    assert.ok(took < 10_000, `it took ${took} ms`);
    for (const stream of streams) {
      assert.equal(await stream.ended, "end");
      assert.equal(stream.endFrame.reason, "shutdown");
      assert.match(stream.endFrame.cursor, /^\d+@/);
    }
    assert.equal((await socket.closed).code, 1001);
    assert.equal(connectionsTo(stage.aimock.port), 0);
    await reader.done;

    await server.launch();
    for (const front of fronts) {
      const stored = Screen.of(await server.read(front.thread));
      const run = `${front.thread}-run`;
      assert.equal(stored.text(run), front.screen.text(run), "all that was shown, and no more");
      assert.equal(stored.runs.get(run).status, "interrupted");
      assert.equal(stored.runs.get(`${run}-waiting`).status, "interrupted");
      assert.equal(stored.runs.get(`${run}-waiting`).input.length, 1, "a waiting run keeps its input");
      front.socket = undefined;
      await front.sync();
      front.assertWell();
    }
    assert.equal(Screen.of(await server.read("three")).text("three-run"), "acknowledged");
    assert.ok(isRunning(Screen.of(await server.read("three")), "three-run"), "its writer is elsewhere");
    await producer.write(says("three-m", " and on"), finishes());
    assert.equal(Screen.of(await server.read("three")).text("three-run"), "acknowledged and on");
    const log = bytesOf(await backlog(server, "one"));
    assert.ok(log.startsWith(reader.bytes), "the reader's bytes are the log's");
  });

  test("a server without connections exits at once", async () => {
    const asked = Date.now();
    assert.deepEqual(await stage.server.terminate(5000), { code: 0, signal: null });
    assert.ok(Date.now() - asked < 3000);
    await stage.server.launch();
  });
});
