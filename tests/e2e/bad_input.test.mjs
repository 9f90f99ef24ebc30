// SPDX-License-Identifier: Apache-2.0
// bad_input.test.mjs: invalid and hostile input, against the real binary.
//
// The server's own tests have the tables of single mistakes. Here the whole process gets the worst
// ones, and must still serve everyone else.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { Front } from "./lib/front.mjs";
import { Raw, frame, upgrade } from "./lib/raw.mjs";
import { scene } from "./lib/scene.mjs";
import { Screen, shownText } from "./lib/screen.mjs";
import { chance, seed } from "./lib/texts.mjs";
import { each, until } from "./lib/wait.mjs";

const sync = "/v1/threads/bad/sync";
const put = (id, text, more = {}) => ({ type: "put_message", message: { id, text }, ...more });
const deep = (depth) => "[".repeat(depth) + "]".repeat(depth);

const refused = [
  ["no JSON", "{", 400],
  ["an empty body", "", 400],
  ["JSON of the wrong shape", "[]", [400, 422]],
  ["nesting without end", deep(100_000), 413],
  ["invalid UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), [400, 422]],
  ["a lone surrogate", '{"changes":[{"type":"put_message","message":{"id":"x","text":"\\ud83d"}}]}', [400, 422]],
  ["an unknown field", { cursors: "1@x" }, 422],
  ["an unknown change", { changes: [{ type: "explode" }] }, 422],
  ["an id of forbidden characters", { changes: [put("a b", "x")] }, 422],
  ["an id that is too long", { changes: [put("a".repeat(129), "x")] }, 422],
  ["an op without a device", { changes: [{ ...put("a", "x"), op: 1 }] }, 422],
  ["too many changes", { changes: Array.from({ length: 65 }, (_, it) => put(`m${it}`, "x")) }, [413, 422]],
  ["a cursor that is none", { cursor: "yesterday" }, [400, 422]],
  ["a number where a text belongs", { changes: [put("a", 5)] }, 422],
];

describe("Bad input", { timeout: 120_000 }, () => {
  let stage;
  before(async () => {
    stage = await scene("bad");
    await new Front(stage.server, "bad").change([put("root", "well", { parent: null })]);
  });
  after(() => stage.dispose());
  afterEach(async () => {
    const stored = Screen.of(await stage.server.read("bad"));
    assert.equal(shownText(stored.messages.get("root")), "well", "the store is well");
    assert.equal(stored.messages.size, 1);
  });

  for (const [name, body, status] of refused) {
    test(`${name} gets its named error`, async () => {
      const answer = await stage.server.post(sync, body);
      assert.ok([status].flat().includes(answer.status), `${answer.status} ${answer.text}`);
      assert.match(answer.headers["content-type"], /application\/problem\+json/);
      const problem = JSON.parse(answer.text);
      assert.equal(problem.status, answer.status);
      assert.match(problem.code, /^[a-z_0-9]+$/);
      assert.ok(problem.title);
    });
  }

  test("an unknown field is named by its path", async () => {
    const answer = await stage.server.post(sync, { changes: [{ ...put("a", "x"), colour: "red" }] });
    assert.equal(answer.status, 422);
    assert.match(answer.json.path, /changes.*0.*colour/);
  });

  test("a body that is too large is refused, whether it declares its size or not", async () => {
    const declared = await Raw.open(stage.server);
    declared.send(`POST ${sync} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{`);
    assert.match(await declared.all("the refusal of a huge body"), /^HTTP\/1\.1 413/);
    const message = put("a", "x".repeat(9 << 20));
    const answer = await stage.server.post(sync, { changes: [message] });
    assert.ok([413, 200].includes(answer.status), `${answer.status}`);
    if (answer.status === 200) assert.match(answer.text, /too_large/);
  });

  test("unknown threads, runs and paths get different errors", async () => {
    const { server } = stage;
    assert.equal((await server.get("/v1/threads/nobody")).json.code, "unknown_thread");
    assert.equal((await server.get("/v1/threads/bad/runs/nobody")).status, 404);
    assert.equal((await server.get("/v1/nowhere")).status, 404);
    assert.equal((await server.get("/v1/threads/..")).status >= 400, true);
    const steps = await server.post("/v1/threads/bad/runs/nobody/steps?attempt=1", { steps: [] });
    assert.ok(steps.status >= 400 && steps.status < 500);
    assert.equal((await server.get(sync)).status, 405);
  });

  test("a request from another site's page is refused", async () => {
    const headers = { origin: "https://evil.example" };
    const answer = await stage.server.post(sync, { changes: [put("evil", "x")] }, { headers });
    assert.equal(answer.status, 403);
    const raw = await Raw.open(stage.server);
    raw.send(upgrade("Origin: https://evil.example\r\n"));
    await until(() => raw.received, "the refusal of a foreign socket");
    assert.match(raw.received, /^HTTP\/1\.1 403/);
    raw.drop();
  });

  test("garbage in the place of HTTP closes that connection only", async () => {
    const random = chance(seed);
    await each(Array.from({ length: 40 }), 10, async () => {
      const raw = await Raw.open(stage.server);
      raw.send(Buffer.from(Array.from({ length: 200 }, () => random.below(256))));
      raw.send("\r\n\r\n\r\n");
      await raw.all("garbage is answered by closing");
    });
  });

  test("bytes behind a body without an end are not read as a request", async () => {
    const hidden = "GET /v1/threads HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    for (const coding of ["xchunked", "chunked, identity", '"chunked"', "chunked, chunked", "identity"]) {
      const raw = await Raw.open(stage.server);
      raw.send(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: ${coding}\r\n\r\n${hidden}`);
      const received = await raw.all(`the refusal of ${coding}`);
      assert.match(received, /^HTTP\/1\.1 400/);
      assert.equal(received.match(/HTTP\/1\.1 /g).length, 1, received);
    }
  });

  test("a client that half-closed gets its whole answer, streamed or not", async () => {
    const body = '{"follow":"none"}';
    for (const form of ["text/event-stream", "application/x-ndjson"]) {
      const raw = await Raw.open(stage.server);
      raw.send(
        `POST ${sync} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n` +
          `Accept: ${form}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      raw.socket.end();
      assert.match(await raw.all("the end of the stream"), /"frame":"end"/);
    }
  });

  test("half requests that are dropped leave nothing behind", async () => {
    const whole = `POST ${sync} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{"changes":[`;
    await each(Array.from({ length: 60 }, (_, index) => index), 20, async (index) => {
      const raw = await Raw.open(stage.server);
      raw.send(whole.slice(0, 1 + ((index * 7) % whole.length)));
      raw.drop();
      await raw.closed;
    });
  });

  test("requests that drip in byte by byte do not delay others", async () => {
    const slow = await Promise.all(Array.from({ length: 20 }, () => Raw.open(stage.server)));
    const request = "GET /v1/threads/bad HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    for (const letter of request) {
      for (const raw of slow) raw.send(letter);
      assert.equal((await stage.server.get("/v1/threads/bad", { timeoutMs: 2000 })).status, 200);
    }
    for (const raw of slow) raw.drop();
  });

  test("bad frames close a socket with a code, and only that socket", async () => {
    const good = await stage.socket();
    const front = new Front(stage.server, "bad", { socket: good });
    const bad = [
      frame(1, "{}", { masked: false }),
      frame(1, "{}", { reserved: 4 }),
      frame(3, "x"),
      frame(0, "x"),
      frame(9, "x".repeat(126)),
      frame(9, "x", { fin: false }),
      frame(8, Buffer.from([3])),
      frame(1, Buffer.from([0xff, 0xfe])),
    ];
    for (const bytes of bad) {
      const raw = await Raw.open(stage.server);
      raw.send(upgrade()).send(bytes);
      const received = await raw.all(`a close after ${bytes.toString("hex").slice(0, 20)}`);
      assert.match(received, /^HTTP\/1\.1 101/);
      await front.sync();
    }
    front.assertWell();
  });

  test("bad messages over a socket are failures, and the socket goes on", async () => {
    const socket = await stage.socket();
    const failures = [];
    for (const body of [{ thread: "bad", cursor: "no" }, { thread: "a b" }, { thread: "bad", nonsense: 1 }]) {
      await new Promise((next) => {
        socket.send("sync", body, (it) => {
          failures.push(it);
          next();
        });
      });
    }
    assert.deepEqual(failures.map((it) => it.frame), ["failure", "failure", "failure"]);
    assert.ok(failures.every((it) => /^[a-z_]+$/.test(it.code)));
    await new Front(stage.server, "bad", { socket }).sync();
  });

  test("a ping comes back with its payload", async () => {
    const raw = await Raw.open(stage.server);
    raw.send(upgrade()).send(frame(9, "are you there")).send(frame(8, Buffer.from([3, 232])));
    const received = await raw.all("the close is answered");
    assert.ok(received.includes("are you there"));
  });
});
