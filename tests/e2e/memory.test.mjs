// SPDX-License-Identifier: Apache-2.0
// memory.test.mjs: a server with little memory that gets requests for more.
//
// Threads larger than the bound, readers that do not read and bodies that do not end: the server's
// memory stays within the bound. It answers `overloaded` when it has no memory for a request, which
// can be repeated, and loses nothing that was acknowledged.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { Raw } from "./lib/raw.mjs";
import { Server } from "./lib/server.mjs";
import { until } from "./lib/wait.mjs";

const MiB = 1 << 20;
const bound = 64 * MiB;
const text = "x".repeat(MiB / 2);
const json = { headers: { accept: "application/json" } };

const put = (id) => ({ type: "put_message", message: { id, text } });

describe("Little memory", { timeout: 120_000 }, () => {
  let server;
  before(async () => {
    const config = { memory: "64MiB", agents: { default: { kind: "push" } } };
    server = await Server.start({ name: "memory", config });
  });
  after(() => server.dispose());

  // Bytes that are held, of all kinds and of one.
  async function held(kind) {
    const { text: page } = await server.get("/metrics");
    const lines = [...page.matchAll(/^lockstep_memory_bytes\{kind="(\w+)"\} (\d+)$/gm)];
    const wanted = lines.filter(([, name]) => kind === undefined || name === kind);
    return wanted.reduce((sum, [, , bytes]) => sum + Number(bytes), 0);
  }

  // Asks again until it is taken, as a front does.
  async function taken(path, body) {
    let refused = 0;
    await until(
      async () => {
        const answer = await server.post(path, body, json);
        if (answer.status === 200) return true;
        assert.equal(answer.status, 503, answer.text);
        assert.equal(JSON.parse(answer.text).code, "overloaded");
        assert.equal(answer.headers["retry-after"], "1");
        refused += 1;
        return false;
      },
      `${path} is taken`,
      { withinMs: 60_000, everyMs: 100 },
    );
    return refused;
  }

  test("threads of more than the bound are all kept, and memory stays within it", async () => {
    for (let thread = 0; thread < 5; thread += 1) {
      for (const first of [0, 16]) {
        const changes = Array.from({ length: 16 }, (_, at) => put(`m${first + at}`));
        await taken(`/v1/threads/t${thread}/sync`, { window: 1, changes });
        assert.ok((await held()) <= bound + bound / 4, `${await held()} bytes are held`);
      }
    }
    for (let thread = 0; thread < 5; thread += 1) {
      const { json: page } = await server.get(`/v1/threads/t${thread}/messages?before=m31&limit=31`);
      assert.equal(page.messages.length, 31);
      assert.ok(page.messages.every((it) => it.parts[0].text === text));
      assert.ok((await held()) <= bound + bound / 4);
    }
  });

  test("readers that do not read hold a write each", async () => {
    const readers = [];
    for (let at = 0; at < 10; at += 1) {
      const raw = await Raw.open(server);
      raw.socket.pause();
      raw.send("GET /v1/threads/t1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
      readers.push(raw);
    }
    await until(async () => (await held("followers")) > 0, "they are there");
    assert.ok((await held("answers")) <= 10 * 2 * MiB);
    for (const raw of readers) raw.drop();
    await until(async () => (await held("answers")) < MiB, "what they held is given back");
  });

  test("bodies that do not end are refused beyond their share, and small requests are served", async () => {
    const senders = [];
    for (let at = 0; at < 4; at += 1) {
      const raw = await Raw.open(server);
      raw.send(
        "POST /v1/threads/slow/sync HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
          `Content-Length: ${15 * MiB}\r\n\r\n`,
      );
      raw.send(" ".repeat(8 * MiB));
      senders.push(raw);
    }
    const answered = () => senders.filter((raw) => raw.received.includes('"overloaded"')).length;
    await until(() => answered() >= 2, "two of them are told that there is no memory", { withinMs: 30_000 });
    await taken("/v1/threads/small/sync", { changes: [{ type: "put_message", message: { text: "hello" } }] });
    assert.ok((await held("bodies")) <= bound / 4);
    for (const raw of senders) raw.drop();
    await until(async () => (await held("bodies")) < MiB, "what they held is given back");
  });
});

// docs/operating.md has the memory that a container needs.
describe("The largest messages with little memory", { timeout: 60_000 }, () => {
  test("from eight writers at once take no more than the bound and 256 MiB", async () => {
    const config = { memory: "64MiB", agents: { default: { kind: "push" } } };
    const server = await Server.start({ name: "largest-messages", config });
    const most = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]) * 1024;
    const large = "x".repeat(8 * MiB - 1024);
    const statuses = new Set();
    const write = async (writer) => {
      for (let at = 0; at < 2; at += 1) {
        const changes = [{ type: "put_message", message: { id: "m", text: large } }];
        const answer = await server.post(`/v1/threads/w${writer}-${at}/sync`, { window: 1, changes }, json);
        statuses.add(answer.status);
      }
    };
    try {
      await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
      assert.ok(statuses.has(200));
      assert.deepEqual([...statuses].filter((it) => it !== 200 && it !== 503), []);
      assert.ok(most() <= bound + 256 * MiB, `${most() / MiB} MiB were resident`);
    } finally {
      await server.dispose();
    }
  });
});
