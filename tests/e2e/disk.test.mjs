// SPDX-License-Identifier: Apache-2.0
// disk.test.mjs: a disk that is full, writes in part, or can't flush, under the real binary.
//
// A small library is loaded under the server (tests/damage/faulty_disk.cc); a file switches it on
// in mid-stream. The server has to stop by itself with exit code 3 and a line with the reason. Its
// fronts lose the connection or get an error, never a wrong answer. When the disk works again,
// everything that was acknowledged or shown is there.
//
// LOCKSTEP_FAULTY_DISK names the library; the default is next to the binary.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";

import { Witness } from "./lib/crash.mjs";
import { Front } from "./lib/front.mjs";
import { Server, binary } from "./lib/server.mjs";
import { chance, seed } from "./lib/texts.mjs";
import { until, within } from "./lib/wait.mjs";

const library = process.env.LOCKSTEP_FAULTY_DISK ?? join(dirname(binary), "libfaulty_disk.so");
const skip = existsSync(library) ? false : `there is no ${library}: build the target faulty_disk`;
const run = promisify(execFile);
const agents = { default: { kind: "demo" }, demo: { kind: "demo" }, push: { kind: "push" } };

// A front of a dying server may see a lost connection, or a refusal that names the reason.
const untilTheEnd = (work) =>
  work.catch((error) => {
    const lost = ["ECONNRESET", "ECONNREFUSED", "EPIPE"].includes(error.code);
    const named = ["storage_failed", "overloaded", "stopping"].includes(error.code);
    if (!lost && !named && !/socket hang up|lost|aborted|was over/.test(error.message)) throw error;
  });

class FaultyServer {
  static async start(name) {
    const it = new FaultyServer();
    const env = { LD_PRELOAD: library };
    const prepare = (data) => {
      it.control = `${data}.control`;
      Object.assign(env, { LOCKSTEP_FAULTY_FOLDER: data, LOCKSTEP_FAULTY_CONTROL: it.control });
    };
    it.server = await Server.start({ name, config: { agents }, prepare, env });
    return it;
  }

  fault(line) {
    writeFileSync(this.control, `${line}\n`);
  }

  // The server ends by itself, and logs the reason.
  async fails(reason) {
    const { code } = await within(this.server.exited, "the server stops by itself", 30_000);
    assert.equal(code, 3, this.server.log());
    await until(() => /storage_failed/.test(this.server.log()), "the line is written");
    const line = this.server.log().split("\n").find((it) => it.includes("storage_failed"));
    assert.match(line, reason);
    return line;
  }

  async isWell() {
    this.fault("none");
    await this.server.launch();
  }

  async verify() {
    await this.server.kill();
    await run(binary, ["verify", "--data", this.server.data]);
  }
}

const witnessesOf = (server, name) =>
  ["push", "demo", "push"].map(
    (kind, index) =>
      new Witness(server, `${name}-${index}`, { kind, key: "x", random: chance(seed + index) }),
  );

const underWay = (witnesses) =>
  until(
    () => witnesses.every((it) => it.outcomes.length > 3) && witnesses[0].acked.length > 5,
    "all are under way",
  );

describe("a disk that fails", { skip, timeout: 600_000 }, () => {
  const servers = [];
  after(() => Promise.all(servers.map((it) => it.server.dispose())));

  async function started(name) {
    const faulty = await FaultyServer.start(name);
    servers.push(faulty);
    return faulty;
  }

  const faults = [
    ["full", "space 30000", /No space left/],
    ["full at once", "space 0", /No space left/],
    ["unable to flush the log", "sync_fails .log", /Input\/output error/],
    ["unable to write the log", "write_fails .log", /Input\/output error/],
    ["unable to write the side file", "write_fails commits", /side file.*Input\/output error/],
    ["unable to flush the side file", "sync_fails commits", /side file.*Input\/output error/],
    ["writing the side file in part", "short commits", /side file was written in part/],
  ];
  for (const [what, line, reason] of faults) {
    test(`${what}: the server stops with the reason in its log, and every acknowledged change is there`, async () => {
      const faulty = await started("disk");
      const witnesses = witnessesOf(faulty.server, "fault");
      const works = witnesses.map((witness) => untilTheEnd(witness.work()));
      await underWay(witnesses);
      faulty.fault(line);
      await faulty.fails(reason);
      await within(Promise.all(works), "the fronts have seen that the server died");
      await faulty.isWell();
      for (const witness of witnesses) await witness.verify();
      await faulty.verify();
    });
  }

  test("a disk that is full at the start: the start fails with the reason, and the next one is clean", async () => {
    const faulty = await started("disk-start");
    const front = new Front(faulty.server, "kept");
    await front.change([{ type: "put_message", message: { id: "m", text: "kept" } }]);
    await faulty.server.kill();
    faulty.fault("space 0");
    const child = spawn(binary, faulty.server.arguments(), {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...faulty.server.env },
    });
    let said = "";
    child.stderr.on("data", (text) => (said += text));
    const code = await within(new Promise((over) => child.once("close", over)), "the start fails");
    assert.equal(code, 3, said);
    assert.match(said, /No space left/);
    await faulty.isWell();
    const kept = await faulty.server.read("kept");
    assert.equal(kept.messages[0].parts[0].text, "kept");
    await faulty.verify();
  });

  test("short writes are finished, and nothing is lost", async () => {
    const faulty = await started("disk-short");
    faulty.fault("short rocks/");
    const witnesses = witnessesOf(faulty.server, "short");
    const works = witnesses.map((witness) => untilTheEnd(witness.work()));
    await underWay(witnesses);
    await faulty.server.kill();
    await within(Promise.all(works), "the fronts have seen that the server died");
    await faulty.isWell();
    for (const witness of witnesses) await witness.verify();
    await faulty.verify();
  });

  test("a slow flush makes answers late, not wrong", async () => {
    const faulty = await started("disk-slow");
    faulty.fault("sync_slow 150");
    const front = new Front(faulty.server, "slow");
    const before = Date.now();
    for (let index = 0; index < 10; index += 1) {
      const [outcome] = await front.change([
        { type: "put_message", message: { id: `m${index}`, text: `slow ${index}` } },
      ]);
      assert.equal(outcome.outcome, "applied");
    }
    assert.ok(Date.now() - before >= 1500, "an answer came before its flush");
    front.assertWell();
    await faulty.server.kill();
    await faulty.isWell();
    const stored = await faulty.server.read("slow");
    assert.equal(stored.messages.length, 10);
    await faulty.verify();
  });
});

describe("a file system that is full", { timeout: 120_000 }, () => {
  test("the server stops, and goes on when there is room", async (context) => {
    let data;
    const prepare = async (folder) => {
      mkdirSync(folder, { recursive: true });
      data = folder;
      await run("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", folder]);
    };
    const server = await Server.start({ name: "disk-tmpfs", config: { agents }, prepare }).catch((error) => {
      if (!/mount/.test(error.message)) throw error;
      context.skip("nothing can be mounted here");
    });
    if (!server) return;
    try {
      const front = new Front(server, "filling");
      let kept = 0;
      const fill = async () => {
        for (let index = 0; index < 1000; index += 1) {
          const text = `${index} `.repeat(20_000).slice(0, 60_000);
          await front.change([{ type: "put_message", message: { id: `m${index}`, text } }]);
          kept += 1;
        }
      };
      await untilTheEnd(fill());
      const { code } = await within(server.exited, "the server stops by itself");
      assert.equal(code, 3, server.log());
      assert.match(readFileSync(server.logFile, "utf8"), /storage_failed.*No space left/);
      const again = spawn(binary, server.arguments(), { stdio: "ignore" });
      const refused = await within(new Promise((over) => again.once("close", over)), "it can't start");
      assert.equal(refused, 3, "a start without room ends in good order");
      await run("mount", ["-o", "remount,size=64m", data]);
      await server.launch();
      const stored = await server.read("filling");
      assert.ok(kept > 10, `${kept} changes fit`);
      assert.ok(stored.messages.length >= kept && stored.messages.length <= kept + 1);
      context.diagnostic(`${kept} changes were acknowledged before it was full`);
      await server.kill();
      await run(binary, ["verify", "--data", data]);
    } finally {
      await server.kill();
      await run("umount", ["-l", data]);
      await server.dispose();
    }
  });
});
