// SPDX-License-Identifier: Apache-2.0
// damage.test.mjs: damage in a store, under the real binary.
//
// One damaged row makes one thread `corrupt`: the answer, a log line and `lockstep verify` name it,
// and the server serves all other threads. The start refuses a log that ends too early. It opens
// one that ends in the middle of a record that was never acknowledged, and the log line says how
// much was cut off.
//
// LOCKSTEP_DAMAGE names the tool that damages a row; the default is next to the binary.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";

import { Front } from "./lib/front.mjs";
import { Server, binary } from "./lib/server.mjs";
import { until, within } from "./lib/wait.mjs";

const tool = process.env.LOCKSTEP_DAMAGE ?? join(dirname(binary), "lockstep-damage");
const skip = existsSync(tool) ? false : `there is no ${tool}: build the target lockstep_damage`;
const run = promisify(execFile);
const corrupt = (answer) => answer.json?.code === "corrupt" && answer.status === 500;

describe("a damaged store", { skip, timeout: 120_000 }, () => {
  const servers = [];
  after(() => Promise.all(servers.map((server) => server.dispose())));

  // Three threads with a message each, made in this order; the server is dead.
  async function storeOf(...threads) {
    const server = await Server.start({ name: "damage" });
    servers.push(server);
    for (const thread of threads) {
      const message = { id: `${thread}-m`, text: `kept in ${thread}` };
      await new Front(server, thread).change([{ type: "put_message", message }]);
    }
    await server.kill();
    return server;
  }

  const newestLog = (server) => {
    const rocks = join(server.data, "rocks");
    const logs = readdirSync(rocks).filter((name) => name.endsWith(".log"));
    return join(rocks, logs.sort().at(-1));
  };

  async function assertServed(server, ...threads) {
    for (const thread of threads) {
      const { messages } = await server.read(thread);
      assert.equal(messages[0].parts[0].text, `kept in ${thread}`);
      const message = { id: `${thread}-more-${server.pid}`, text: "and it goes on" };
      const [outcome] = await new Front(server, thread).change([{ type: "put_message", message }]);
      assert.equal(outcome.outcome, "applied");
    }
  }

  const line = (server, event) =>
    until(() => readFileSync(server.logFile, "utf8").split("\n").findLast((it) => it.includes(event)), event);

  test("a thread with a damaged view is quarantined and named, and the rest is served", async () => {
    const server = await storeOf("good", "bad", "fine");
    await run(tool, ["--spoil", server.data, "--thread", "bad"]);
    await server.launch();

    const answer = await server.get("/v1/threads/bad");
    assert.ok(corrupt(answer), answer.text);
    assert.match(answer.json.detail, /thread bad/);
    assert.match(await line(server, "corrupt"), /thread bad/);
    const change = { changes: [{ type: "put_message", message: { id: "x", text: "x" } }] };
    const refused = await server.post("/v1/threads/bad/sync", { device: "d", ...change });
    assert.ok(corrupt(refused), refused.text);
    await assertServed(server, "good", "fine");
    assert.match((await server.get("/metrics")).text, /threads_quarantined 1/);
    const found = await run(binary, ["verify", "--data", server.data]).catch((error) => error);
    assert.equal(found.code, 1);
    assert.match(found.stdout, /thread bad/);

    await server.terminate();
    await run(binary, ["rebuild", "--data", server.data]);
    await server.launch();
    await assertServed(server, "good", "bad", "fine");
  });

  test("a thread with a damaged entry shows the rest, and answers `corrupt` for the entry", async () => {
    const server = await storeOf("bad", "good");
    await run(tool, ["--spoil", server.data, "--thread", "bad", "--entry"]);
    await server.launch();

    const headers = { accept: "application/x-ndjson" };
    const answer = await server.get("/v1/threads/bad/events", { headers });
    assert.match(answer.text, /corrupt/);
    await assertServed(server, "good");
    const found = await run(binary, ["verify", "--data", server.data]).catch((error) => error);
    assert.equal(found.code, 1);
    assert.match(found.stdout, /thread bad/);
  });

  test("a thread that the process died of while opening it is quarantined by the next start", async () => {
    const server = await storeOf("good", "bad");
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(2n);  // the second thread: so the process before has left the file
    writeFileSync(join(server.data, "opening"), number);
    await server.launch();

    for (let start = 0; start < 2; start += 1) {
      const answer = await server.get("/v1/threads/bad");
      assert.ok(corrupt(answer), answer.text);
      assert.match(answer.json.detail, /thread bad of local are damaged: the operator runs `lockstep verify`/);
      await assertServed(server, "good");
      await server.restart();
    }
    assert.match(await line(server, "corrupt"), /thread bad of local: it is quarantined/);
  });

  test("a damaged block of the feed hides no thread, and a rebuild mends it", async () => {
    const server = await storeOf("one", "two", "three");
    await server.restart();  // the rows of the log become tables
    await server.kill();
    const rocks = join(server.data, "rocks");
    const isFeed = (file) => readFileSync(file, "latin1").includes("namefeed");
    const tables = readdirSync(rocks).filter((name) => name.endsWith(".sst"));
    const feed = tables.map((name) => join(rocks, name)).filter(isFeed);
    assert.ok(feed.length > 0);
    for (const file of feed) {
      const bytes = readFileSync(file);
      bytes[4] ^= 1;
      writeFileSync(file, bytes);
    }
    await server.launch();

    const listed = async () => (await server.get("/v1/threads")).json.threads.map(({ id }) => id);
    assert.deepEqual(await listed(), ["three", "two", "one"]);
    await assertServed(server, "one");
    assert.deepEqual(await listed(), ["one", "three", "two"]);
    assert.match(await line(server, "the feed of local"), /lockstep rebuild/);
    await server.terminate();
    await run(binary, ["rebuild", "--data", server.data]);
    await run(binary, ["verify", "--data", server.data]);
    await server.launch();
    assert.deepEqual(await listed(), ["one", "three", "two"]);
  });

  test("a log that lost acknowledged commits is refused, and they are named", async () => {
    const server = await storeOf("good", "bad");
    const log = newestLog(server);
    truncateSync(log, statSync(log).size - 10);

    const child = spawn(binary, server.arguments(), { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (text) => (said += text));
    const code = await within(new Promise((over) => child.once("close", over)), "it is refused");
    assert.equal(code, 3, said);
    assert.match(said, /commits \d+ to \d+ were acknowledged and are missing/);
  });

  test("a torn tail that was never acknowledged is cut off, and the line has its size", async () => {
    const server = await storeOf("good");
    const log = newestLog(server);
    const bytes = readFileSync(log);
    writeFileSync(log, Buffer.concat([bytes, bytes.subarray(0, 50)]));  // a record without its end
    await server.launch();

    assert.match(await line(server, "store_opened"), /dropped_bytes=50/);
    await assertServed(server, "good");
    await server.restart();
    assert.match(await line(server, "store_opened"), /dropped_bytes=0/);
  });
});
