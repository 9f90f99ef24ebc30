// SPDX-License-Identifier: Apache-2.0
// salvage.test.mjs: `lockstep salvage` of a damaged store, and the fronts that come back to the new
// one.
//
// One damaged block costs one thread its end; one damaged byte of the log costs all later entries.
// Fronts of the other threads go on with a diff, a front of a shortened thread is reset to what was
// kept, and nothing is shown that was not there before. A salvage that is killed at any time
// changes nothing in the store that it reads.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { assertSame } from "./lib/compare.mjs";
import { Front } from "./lib/front.mjs";
import { Screen, shownText } from "./lib/screen.mjs";
import { Server, binary } from "./lib/server.mjs";
import { keepAnEyeOn } from "./lib/tidy.mjs";
import { pause, within } from "./lib/wait.mjs";

const run = promisify(execFile);
const lockstep = (...line) =>
  run(binary, line).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );

// It can't be compressed, so a file has it unchanged; and it fills a block by itself.
const noise = (bytes = 24_000) => randomBytes(bytes).toString("base64");
const puts = (id, text) => ({ type: "put_message", message: { id, text } });

const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile())
    .map((it) => join(it.parentPath, it.name));

// All that a folder holds: names and contents.
const imageOf = (folder) =>
  Object.fromEntries(
    filesOf(folder)
      .sort()
      .map((file) => [file, createHash("sha256").update(readFileSync(file)).digest("hex")]),
  );

// The file that holds a text, and where.
function placeOf(text, folder, end) {
  for (const file of filesOf(folder).filter((it) => it.endsWith(end))) {
    const at = readFileSync(file).indexOf(text);
    if (at >= 0) return { file, at };
  }
  throw new Error(`no ${end} file of ${folder} holds it`);
}

function flipAt({ file, at }) {
  const bytes = readFileSync(file);
  bytes[at] ^= 1;
  writeFileSync(file, bytes);
}

// A store of four threads of eight messages each, and fronts that have seen all of it, or its first half.
class Scene {
  said = new Map();  // by message: its text
  fronts = {};
  early = {};
  held = {};

  static threads = ["first", "second", "third", "last"];

  async start(name) {
    this.server = await Server.start({ name });
    for (const thread of Scene.threads) {
      const front = new Front(this.server, thread);
      this.fronts[thread] = front;
      for (let turn = 0; turn < 8; turn += 1) {
        if (turn === 4) {
          this.early[thread] = new Front(this.server, thread);
          await this.early[thread].sync();
        }
        const [id, text] = [`${thread}-${turn}`, noise()];
        this.said.set(id, text);
        await front.change([puts(id, text)]);
      }
      this.held[thread] = front.screen.clone();
    }
    this.list = (await this.server.get("/v1/threads")).json;
  }

  text(id) {
    return this.said.get(id);
  }

  // Salvaged into a folder next to it; the server uses that from now on.
  async salvage() {
    const { server } = this;
    const [from, to] = [server.data, join(server.folder, "salvaged")];
    this.before = imageOf(from);
    const refusedOrNamed = await lockstep("verify", "--data", from);
    assert.notEqual(refusedOrNamed.code, 0, "verify finds the damage");
    const { code, stdout, stderr } = await lockstep("salvage", "--from", from, "--to", to, "--json");
    assert.equal(code, 1, stderr);
    this.account = JSON.parse(stdout);
    assert.equal(this.account.whole, false);
    assert.deepEqual(imageOf(from), this.before, "the damaged store is as it was");
    const found = await lockstep("verify", "--data", to);
    assert.equal(found.code, 0, found.stdout);
    server.data = to;
    await server.launch();
  }

  async stored(thread) {
    return Screen.of(await this.server.read(thread));
  }

  // A screen may only show texts that were sent, in this order and without a gap.
  assertSaid(screen, thread, count) {
    const shown = [...screen.messages.values()];
    assert.deepEqual(shown.map((it) => it.id), shown.map((_, at) => `${thread}-${at}`));
    for (const message of shown) assert.equal(shownText(message), this.text(message.id));
    assert.equal(shown.length, count, thread);
  }

  async assertUnhurt(thread) {
    for (const [front, from] of [
      [this.fronts[thread], this.held[thread].ts],
      [this.early[thread], this.early[thread].screen.ts],
    ]) {
      const diff = await front.sync();
      assert.equal(diff.reset, undefined, thread);
      assert.equal(diff.from, from);
      assert.equal(front.epoch, this.account.new_epoch);
      this.assertSaid(front.screen, thread, 8);
      assertSame(front.screen, await this.stored(thread));
    }
  }

  // A front that holds more than was kept: its reset has the end of the kept history.
  async assertReset(thread, count) {
    const front = this.fronts[thread];
    const diff = await front.sync();
    assert.equal(diff.reset?.reason, "rewound");
    assert.equal(diff.reset.kept_until, this.held[thread].messages.get(`${thread}-${count - 1}`).updated);
    this.assertSaid(front.screen, thread, count);
    assertSame(front.screen, await this.stored(thread));

    const lost = [...this.held[thread].messages.values()].filter((it) => !front.screen.messages.has(it.id));
    const offers = lost.map(({ id, parts, parent }) => ({
      type: "put_message",
      message: { id, parts },
      parent,
      if_absent: true,
    }));
    const outcomes = await front.change(offers);
    assert.deepEqual(outcomes.map((it) => it.outcome), lost.map(() => "applied"));
    this.assertSaid(front.screen, thread, 8);
  }

  async assertGoesOn() {
    const { threads } = (await this.server.get("/v1/threads")).json;
    assert.deepEqual(threads.map(({ id }) => id).sort(), [...Scene.threads].sort());
    const feed = await this.server.get(`/v1/feed?after=${this.list.cursor}`);
    assert.equal(feed.json.code, "unknown_history", "lists are read anew");
    for (const thread of Scene.threads) {
      const [outcome] = await this.early[thread].change([puts(`${thread}-on`, "and it goes on")]);
      assert.equal(outcome.outcome, "applied");
    }
  }
}

describe("a salvaged store", { timeout: 120_000 }, () => {
  const scenes = [];
  after(() => Promise.all(scenes.map(({ server }) => server.dispose())));

  async function sceneOf(name) {
    const scene = new Scene();
    await scene.start(name);
    scenes.push(scene);
    return scene;
  }

  test("of a damaged table cuts the thread that the block was of, and no other", async () => {
    const scene = await sceneOf("salvage-table");
    const { server } = scene;
    await server.restart();  // the rows of the log become tables
    await server.kill();
    flipAt(placeOf(scene.text("third-5").slice(100, 400), server.data, ".sst"));

    await scene.salvage();

    const { left_out: leftOut } = scene.account;
    assert.deepEqual(leftOut.map(({ user, thread }) => [user, thread]), [["local", "third"]]);
    assert.equal(leftOut[0].kept, 5);
    for (const thread of ["first", "second", "last"]) await scene.assertUnhurt(thread);
    await scene.assertReset("third", 5);
    await scene.early.third.sync();
    assertSame(scene.early.third.screen, await scene.stored("third"));
    await scene.assertGoesOn();
  });

  test("of a damaged log keeps the entries before the damage, and resets each front", async () => {
    const scene = await sceneOf("salvage-log");
    const { server } = scene;
    await server.kill();
    flipAt(placeOf(scene.text("last-5").slice(100, 400), server.data, ".log"));
    const refused = await lockstep(...server.arguments());
    assert.equal(refused.code, 3, refused.stderr);
    assert.ok(refused.stderr.includes(`lockstep salvage --from ${server.data}`), refused.stderr);

    await scene.salvage();

    for (const thread of ["first", "second", "third"]) await scene.assertUnhurt(thread);
    await scene.assertReset("last", 5);
    await scene.early.last.sync();
    assertSame(scene.early.last.screen, await scene.stored("last"));
    await scene.assertGoesOn();
  });
});

describe("a salvage that is killed", { timeout: 120_000 }, () => {
  const kills = 6;
  const library = process.env.LOCKSTEP_FAULTY_DISK ?? join(dirname(binary), "libfaulty_disk.so");
  const skip = existsSync(library) ? false : `there is no ${library}: build the target faulty_disk`;
  let scene;
  before(async () => {
    scene = new Scene();
    await scene.start("salvage-killed");
    await scene.server.kill();
    flipAt(placeOf(scene.text("last-5").slice(100, 400), scene.server.data, ".log"));
  });
  after(() => scene.server.dispose());

  test("leaves the source as it was and no store, and can be run again", { skip }, async (context) => {
    const { server } = scene;
    const from = server.data;
    const image = imageOf(from);
    const to = join(server.folder, "whole");
    const control = join(server.folder, "control");
    writeFileSync(control, "sync_slow 10\n");  // so that there is a middle
    const slow = {
      LD_PRELOAD: library,
      LOCKSTEP_FAULTY_FOLDER: server.folder,
      LOCKSTEP_FAULTY_CONTROL: control,
    };
    // Resolves to its exit code, or to the signal that ended it.
    const salvage = (folder, killAfter) => {
      const line = ["salvage", "--from", from, "--to", folder];
      const env = { ...process.env, ...slow };
      const child = keepAnEyeOn(spawn(binary, line, { env, stdio: "ignore" }));
      if (killAfter !== undefined) pause(killAfter).then(() => child.kill("SIGKILL"));
      const over = new Promise((end) => child.once("exit", (code, signal) => end(signal ?? code)));
      return within(over, "the salvage ends", 30_000);
    };
    const exported = async (folder) => {
      const { code, stdout, stderr } = await lockstep("export", "--all", "--data", folder);
      assert.equal(code, 0, stderr);
      return stdout;
    };

    const begun = Date.now();
    assert.equal(await salvage(to), 1);
    const took = Date.now() - begun;
    const whole = await exported(to);
    assert.match(whole, /last-4/);
    assert.doesNotMatch(whole, /last-5/);

    let halves = 0;
    for (let kill = 1; kill <= kills; kill += 1) {
      const folder = join(server.folder, `killed-${kill}`);
      await salvage(folder, (took * kill) / (kills + 1));
      assert.deepEqual(imageOf(from), image, "the source is as it was");
      if (existsSync(join(folder, "rocks"))) {
        assert.equal(await exported(folder), whole, "what has a store's name is whole");
        continue;
      }
      if (existsSync(join(folder, "rocks.part"))) {
        halves += 1;
        const refused = await lockstep("serve", "--data", folder, "--listen", "127.0.0.1:0");
        assert.equal(refused.code, 3, refused.stderr);
        assert.match(refused.stderr, /a salvage that was cut short: .*`lockstep salvage` again/);
      }
      assert.equal((await lockstep("salvage", "--from", from, "--to", folder)).code, 1);
      assert.equal(await exported(folder), whole);
    }
    context.diagnostic(`${kills} killed within ${took} ms, ${halves} of them half done`);
    assert.ok(halves > 0, "some were killed in the middle");
    assert.deepEqual(imageOf(from), image);
  });
});
