// SPDX-License-Identifier: Apache-2.0
// oasst.test.mjs: imports a hundred real conversations, and writes them again as live streams.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { assertSame } from "./lib/compare.mjs";
import { Front } from "./lib/front.mjs";
import { count, file, longestPath, present, trees } from "./lib/oasst.mjs";
import { Producer, ends, finishes, opens, says } from "./lib/producer.mjs";
import { pushes } from "./lib/scene.mjs";
import { Screen, shownText } from "./lib/screen.mjs";
import { Server, binary } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";
import { pieces } from "./lib/texts.mjs";
import { each } from "./lib/wait.mjs";

const width = 50;
const pieceUnits = Number(process.env.LOCKSTEP_E2E_PIECE ?? 12);
const skip = present ? false : `no data at ${file}`;
const run = promisify(execFile);

describe("Open Assistant trees", { timeout: 400_000, skip }, () => {
  let server;
  let sockets;
  let imported;
  const all = present ? trees() : [];

  before(async () => {
    const config = { agents: { push: { kind: "push" } } };
    const prepare = async (data) => {
      imported = await run(binary, ["import", file, "--format", "oasst", "--user", "local", "--data", data]);
    };
    server = await Server.start({ name: "oasst", config, prepare });
    sockets = await Promise.all(Array.from({ length: 4 }, () => Socket.open(server)));
  });
  after(async () => {
    for (const socket of sockets ?? []) socket.web.close();
    await server?.dispose();
  });

  test("every message of every tree is imported, in its place", async (context) => {
    const list = (await server.get("/v1/threads?limit=1000")).json.threads;
    assert.equal(list.length, all.length);
    let messages = 0;
    await each(all, 10, async (tree) => {
      const stored = Screen.of(await server.read(tree.message_tree_id));
      assert.equal(stored.messages.size, count(tree.prompt));
      assertTree(stored, tree.prompt, null);
      messages += stored.messages.size;
    });
    context.diagnostic(`threads: ${list.length}, messages: ${messages}; ${imported.stdout.trim()}`);
  });

  test("each longest path, streamed live, ends as it is stored", async (context) => {
    let steps = 0;
    const began = Date.now();
    for (const written of await each(all, width, replay)) steps += written;
    const seconds = (Date.now() - began) / 1000;
    context.diagnostic(`threads: ${all.length}, ${width} at a time, followers: ${2 * all.length}`);
    context.diagnostic(`steps: ${steps} in ${seconds.toFixed(1)} s`);
    for (const socket of sockets) assert.deepEqual(socket.problems, []);
  });

  function assertTree(stored, message, parent) {
    const held = stored.messages.get(message.message_id);
    assert.equal(shownText(held), message.text);
    assert.equal(held.parent, parent);
    assert.equal(held.role, message.role === "prompter" ? "user" : "assistant");
    for (const reply of message.replies ?? []) assertTree(stored, reply, message.message_id);
  }

  async function replay(tree, index) {
    const thread = `live-${tree.message_tree_id}`;
    const socket = sockets[index % sockets.length];
    const author = new Front(server, thread, { socket });
    const followers = [new Front(server, thread), new Front(server, thread, { socket })];
    const path = longestPath(tree.prompt);
    let streams;
    let steps = 0;
    for (let turn = 0; turn < path.length; turn += 2) {
      const question = path[turn];
      const answer = path[turn + 1];
      await author.change([asked(thread, turn, question, answer)]);
      streams ??= followers.map((front) => front.follow({ follow: "live" }));
      if (answer) steps += await write(new Producer(socket, thread, `${thread}-${turn}`), answer);
    }
    const stored = Screen.of(await server.read(thread));
    const source = Screen.of(await server.read(tree.message_tree_id)).path(path.at(-1).message_id);
    assert.deepEqual(stored.path().map(shownText), source.map(shownText));
    assert.deepEqual(stored.path().map((it) => it.role), source.map((it) => it.role));
    for (const [which, front] of followers.entries()) {
      await front.when((it) => it.ts >= stored.ts, `${thread}: follower ${which} is there`, 60_000);
      assertSame(front.screen, stored, `${thread}: follower ${which}`);
      streams[which].drop();
    }
    return steps;
  }

  const asked = (thread, turn, question, answer) =>
    answer
      ? pushes(`${thread}-${turn}`, question.text)
      : { type: "put_message", message: { text: question.text } };

  async function write(producer, answer) {
    const id = `${producer.run}-answer`;
    await producer.write(opens(id));
    for (const piece of pieces(answer.text, pieceUnits)) await producer.write(says(id, piece));
    await producer.write(ends(id), finishes());
    return producer.seq;
  }
});
