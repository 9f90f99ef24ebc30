// SPDX-License-Identifier: Apache-2.0
// backup.test.mjs: a backup next to a working server, a crash, a restore, and the fronts that come
// back.
//
// The restored server has every change that was acknowledged before the backup's request. Fronts
// with older cursors continue. Fronts that hold more get `rewound`, keep their messages, and offer
// them. The server never makes a front forget a thread that the server lost.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { assertSame } from "./lib/compare.mjs";
import { Front } from "./lib/front.mjs";
import { Producer, opens, says } from "./lib/producer.mjs";
import { pushes, scene } from "./lib/scene.mjs";
import { Screen, shownText } from "./lib/screen.mjs";
import { binary } from "./lib/server.mjs";
import { pause, until, within } from "./lib/wait.mjs";

const run = promisify(execFile);  // fails if the exit code is not 0
const lockstep = async (...line) => JSON.parse((await run(binary, [...line, "--json"])).stdout);
const puts = (id, text, more = {}) => ({ type: "put_message", message: { id, text }, ...more });
const died = /socket hang up|ECONNRESET|ECONNREFUSED|EPIPE|lost|aborted/;

// A back end that writes until the server dies under it.
class Writer {
  acked = [];

  constructor(server, thread) {
    Object.assign(this, { server, thread, run: `${thread}-run` });
    this.front = new Front(server, thread);
  }

  async start() {
    await this.front.change([pushes(this.run, "go")]);
    this.producer = new Producer(this.server, this.thread, this.run);
    await this.write(opens(`${this.thread}-m`));
    this.over = this.goOn().catch((error) => assert.match(`${error.code} ${error.message}`, died));
  }

  async goOn() {
    for (let round = 0; ; round += 1) await this.write(says(`${this.thread}-m`, `${round}: 你好 😀 `));
  }

  async write(step) {
    this.acked.push((await this.producer.write(step)).ts);
  }
}

// A front that got `rewound` offers the messages that it has and the server does not.
function offers(held, front) {
  const missing = [...held.messages.values()].filter((it) => !front.screen.messages.has(it.id));
  return missing.map(({ id, role, parts, parent }) => ({
    type: "put_message",
    message: { id, role, parts },
    parent,
    if_absent: true,
  }));
}

describe("Backup and restore", { timeout: 180_000 }, () => {
  let stage;
  let backups;
  let writers;
  let made;
  const acked = new Map();  // by thread: the texts acknowledged before the backup's request
  const fronts = {};  // that come back after the restore
  const held = {};  // their screens when the server died

  before(async () => {
    stage = await scene("backup");
    const { server } = stage;
    backups = join(server.folder, "backups");
    writers = Array.from({ length: 4 }, (_, index) => new Writer(server, `busy-${index}`));

    // Before: a thread that rests, and four that are written to.
    fronts.early = new Front(server, "quiet");
    await fronts.early.change([puts("q1", "one"), puts("q2", "two")]);
    for (const writer of writers) await writer.start();
    await until(() => writers.every((it) => it.acked.length > 20), "everybody writes");
    fronts.earlyBusy = new Front(server, "busy-0");
    await fronts.earlyBusy.sync();
    for (const { thread, acked: times } of writers) acked.set(thread, [...times]);

    made = await lockstep("backup", "--data", server.data, "--to", backups);

    // Behind it: more of everything, and a thread that the backup has never seen.
    const written = writers.map((it) => it.acked.length);
    await until(() => writers.every((it, at) => it.acked.length > written[at] + 20), "it goes on");
    fronts.late = new Front(server, "quiet");
    await fronts.late.change([puts("q3", "three"), puts("q4", "four 😀")]);
    fronts.lateBusy = new Front(server, "busy-1");
    await fronts.lateBusy.sync();
    fronts.born = new Front(server, "born-later");
    await fronts.born.change([puts("b1", "born"), puts("b2", "later")]);
    for (const [name, front] of Object.entries(fronts)) held[name] = front.screen.clone();
    await pause(50);
    await server.kill();
    await within(Promise.all(writers.map((it) => it.over)), "the writers have seen that it died");

    server.data = join(server.folder, "restored");
    fronts.account = await lockstep("restore", "--from", backups, "--data", server.data);
    await server.launch();
  });
  after(() => stage.dispose());

  const stored = async (thread) => Screen.of(await stage.server.read(thread));

  test("the backup is whole, and the restore prints its last commit", async () => {
    const { account, ...others } = fronts;
    const verified = await lockstep("backup", "--verify", "--to", backups);
    assert.deepEqual(verified.backups.map(({ backup, ok }) => [backup, ok]), [[1, true]]);
    assert.equal(account.cut, made.commit);
    assert.ok(account.last_commit >= made.commit);
    assert.equal(account.epoch, others.early.epoch);
  });

  test("a restored backup has every change acknowledged before its request", async (context) => {
    let count = 0;
    for (const [thread, times] of acked) {
      const log = await stage.server.logOf(thread);
      const there = new Set(log.trim().split("\n").map((line) => JSON.parse(line).ts));
      for (const ts of times) assert.ok(there.has(ts), `${thread}: acknowledged at ${ts}`);
      count += times.length;
      assert.equal((await stored(thread)).runs.get(`${thread}-run`).status, "interrupted");
    }
    context.diagnostic(`steps acknowledged before the backup: ${count}`);
  });

  for (const [name, thread] of [["early", "quiet"], ["earlyBusy", "busy-0"]]) {
    test(`a front of ${thread} from before the backup goes on as if nothing had happened`, async () => {
      const front = fronts[name];
      const diff = await front.sync();
      assert.equal(diff.reset, undefined);
      assert.equal(diff.from, held[name].ts);
      assertSame(front.screen, await stored(thread));
    });
  }

  test("a front of a busy thread with a cursor after the backup is rewound to the kept entries", async () => {
    const front = fronts.lateBusy;
    const diff = await front.sync();
    assert.equal(diff.reset.reason, "rewound");
    assert.ok(diff.reset.kept_until >= acked.get("busy-1").at(-1));
    assert.ok(diff.reset.kept_until < held.lateBusy.ts);
    const kept = await stage.server.read("busy-1", diff.reset.kept_until);
    const was = held.lateBusy.messages.get("busy-1-m");
    const is = kept.messages.find((it) => it.id === "busy-1-m");
    assert.ok(shownText(was).startsWith(shownText(is)), "up to there the histories are one");
    assertSame(front.screen, await stored("busy-1"));
  });

  test("a front with a cursor after the backup is rewound, offers its copy, and all show the same", async () => {
    const { late, early } = fronts;
    const unsent = late.prepare([puts("q5", "five")]);
    const diff = await late.sync({ changes: unsent });
    assert.deepEqual(diff.reset, { reason: "rewound", kept_until: early.screen.ts });
    assert.deepEqual(diff.outcomes, [], "nothing was tried");
    assertSame(late.screen, early.screen);

    const offered = offers(held.late, late);
    assert.deepEqual(offered.map((it) => it.message.id), ["q3", "q4"]);
    for (const outcome of await late.change(offered)) assert.equal(outcome.outcome, "applied");
    // The server did not try it, so it may get a new number, after the changes before it.
    const [last] = await late.change([puts("q5", "five")]);
    assert.equal(last.outcome, "applied");
    const again = new Front(stage.server, "quiet");
    await again.sync();
    for (const outcome of await again.change(offers(held.late, { screen: held.early }))) {
      assert.equal(outcome.outcome, "applied", "offered twice is there once");
    }
    await early.sync();
    await late.sync();
    assertSame(early.screen, late.screen);
    assertSame(early.screen, await stored("quiet"));
    assert.deepEqual(early.screen.path().map(shownText), ["one", "two", "three", "four 😀", "five"]);
  });

  test("a thread made after the backup is unknown history: the front keeps it, and offers it again", async () => {
    const { born } = fronts;
    await assert.rejects(born.sync(), (error) => {
      assert.equal(error.problem.status, 409);
      assert.equal(error.code, "unknown_history");
      return true;
    });
    assertSame(born.screen, held.born);

    const fresh = new Front(stage.server, "born-later");
    const [first] = await fresh.change(offers(held.born, fresh));
    assert.equal(first.outcome, "applied");
    assert.deepEqual(fresh.screen.path().map(shownText), ["born", "later"]);
    const other = await born.sync();
    assert.deepEqual(other.reset, { reason: "rewound", kept_until: 0 });
    assertSame(born.screen, fresh.screen);
  });

  test("the restored store is well, and is backed up in its turn", async () => {
    const { server } = stage;
    const second = await lockstep("backup", "--data", server.data, "--to", backups, "--keep", "1");
    assert.equal(second.removed, 1);
    assert.equal(second.epoch, fronts.early.epoch);
    assert.equal((await server.terminate()).code, 0);
    await run(binary, ["verify", "--data", server.data]);
  });
});
