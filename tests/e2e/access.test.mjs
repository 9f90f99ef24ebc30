// SPDX-License-Identifier: Apache-2.0
// access.test.mjs: the permissions of files: only the owner may read them, or also the group if a
// setting says so.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, chownSync, lstatSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { Front } from "./lib/front.mjs";
import { binary, Server } from "./lib/server.mjs";
import { temporaryFolder } from "./lib/tidy.mjs";
import { until } from "./lib/wait.mjs";

const run = promisify(execFile);
const mode = (path) => (lstatSync(path).mode & 0o777).toString(8);
const puts = (id, text) => ({ type: "put_message", message: { id, text } });

// Each path below a folder, the folder itself first.
function* below(path) {
  yield path;
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) yield* below(join(path, name));
}

// The modes of all folders, and of all files, but for the control socket, which is its owner's in any case.
function modes(path) {
  const all = [...below(path)].filter((it) => !it.endsWith("/control"));
  const of = (wanted) => [...new Set(all.filter((it) => lstatSync(it).isDirectory() === wanted).map(mode))];
  return { folders: of(true), files: of(false) };
}

const owners = { folders: ["700"], files: ["600"] };
const groups = { folders: ["750"], files: ["640"] };

function open(path) {
  for (const each of below(path)) {
    if (!each.endsWith("/control")) chmodSync(each, lstatSync(each).isDirectory() ? 0o755 : 0o644);
  }
}

describe("The files of a store", { timeout: 60_000 }, () => {
  let server;
  let former;
  before(async () => {
    former = process.umask(0);  // the most open there is
    server = await Server.start({ name: "access" });
    await new Front(server, "tea").change([puts("m", "for nobody else")]);
  });
  after(async () => {
    process.umask(former);
    await server.dispose();
  });

  const lines = () => server.log().split("\n").filter((it) => it.includes("access_"));
  const restart = async (settings) => {
    await server.terminate();
    server.env = settings;
    await server.launch();
  };

  test("are for their owner only, under any umask", () => {
    assert.deepEqual(modes(server.data), owners);
    assert.equal(mode(join(server.data, "control")), "600");
    assert.deepEqual(lines(), []);
  });

  test("that an earlier version left open are corrected at the start, with one line", async () => {
    open(server.data);
    await restart({});

    assert.deepEqual(modes(server.data), owners);
    // The server is ready before its lines have passed through a pipe into our file.
    await until(() => lines().length > 0, "the line access_corrected");
    assert.equal(lines().length, 1);
    assert.match(lines()[0], /info access_corrected of=\S+ files=\d+/);
    await restart({});
    assert.equal(lines().length, 1);
  });

  test("so are a backup by the server, an older backup, a restore, an export and an import", async () => {
    const folder = temporaryFolder("access-copies");
    const at = (name) => join(folder, name);
    await run(binary, ["backup", "--data", server.data, "--to", at("backups")]);
    assert.deepEqual(modes(at("backups")), owners);
    open(at("backups"));
    await run(binary, ["backup", "--data", server.data, "--to", at("backups")]);
    assert.deepEqual(modes(at("backups")), owners);
    await run(binary, ["restore", "--from", at("backups"), "--data", at("restored")]);
    assert.deepEqual(modes(at("restored")), owners);
    open(at("backups"));
    await run(binary, ["backup", "--data", at("restored"), "--to", at("backups")]);
    assert.deepEqual(modes(at("backups")), owners);
    await run(binary, ["export", "--all", "--data", server.data, "--out", at("tea.jsonl")]);
    assert.equal(mode(at("tea.jsonl")), "600");
    await run(binary, ["import", at("tea.jsonl"), "--data", at("imported")]);
    await run(binary, ["rebuild", "--data", at("imported")]);
    assert.deepEqual(modes(at("imported")), owners);
  });

  test("are the group's too where that is set, and so are their copies", async () => {
    await restart({ LOCKSTEP_SHARE_WITH_GROUP: "true" });
    assert.deepEqual(modes(server.data), groups);
    const folder = temporaryFolder("access-shared");
    const at = (name) => join(folder, name);
    await run(binary, ["backup", "--data", server.data, "--to", at("backups")]);
    assert.deepEqual(modes(at("backups")), groups);
    await run(binary, ["restore", "--from", at("backups"), "--data", at("restored")]);
    assert.deepEqual(modes(at("restored")), groups);
    await run(binary, ["rebuild", "--data", at("restored")]);
    assert.deepEqual(modes(at("restored")), groups);

    await restart({});
    assert.deepEqual(modes(server.data), owners);
  });
});

describe("The token file", { timeout: 30_000 }, () => {
  const folder = temporaryFolder("access-tokens");
  const file = join(folder, "tokens.toml");
  const create = (name, to = file) => run(binary, ["token", "create", name, "--user", name, "--file", to]);
  const isRoot = process.getuid() === 0;

  test("is for its owner only", async () => {
    await create("ada");
    assert.equal(mode(file), "600");
  });

  test("keeps its mode, and a link to it stays a link", async () => {
    const link = join(folder, "link.toml");
    symlinkSync(file, link);
    chmodSync(file, 0o640);
    await create("bob", link);
    assert.equal(mode(file), "640");
    assert.ok(lstatSync(link).isSymbolicLink());
    await run(binary, ["token", "revoke", "bob", "--file", file]);
    assert.equal(mode(file), "640");
    assert.deepEqual(readdirSync(folder).sort(), ["link.toml", "tokens.toml"]);
  });

  test("keeps its owner when root replaces it", { skip: !isRoot && "needs root" }, async () => {
    chownSync(file, 65534, 65534);
    await create("cleo");
    const { uid, gid } = statSync(file);
    assert.deepEqual({ uid, gid }, { uid: 65534, gid: 65534 });
    assert.equal(mode(file), "640");
  });

  test("is not taken from its owner by a user who may write in its folder", { skip: !isRoot && "needs root" }, () => {
    chownSync(file, 0, 0);
    chmodSync(file, 0o644);
    chmodSync(folder, 0o777);
    const args = ["token", "create", "dora", "--user", "dora", "--file", file];
    assert.throws(
      () => execFileSync(binary, args, { uid: 65534, gid: 65534, stdio: "pipe" }),
      (error) => /belongs to another user/.test(error.stderr) && error.status === 1,
    );
    assert.equal(statSync(file).uid, 0);
    assert.deepEqual(readdirSync(folder).sort(), ["link.toml", "tokens.toml"]);
  });

  test("that others could read is corrected at the server's start", async () => {
    chownSync(file, process.getuid(), process.getgid());
    chmodSync(file, 0o644);
    const env = { LOCKSTEP_TOKENS: file };
    const server = await Server.start({ name: "access-tokens", env });
    assert.equal(mode(file), "600");
    assert.match(server.log(), /access_corrected/);
    await server.dispose();
  });
});
