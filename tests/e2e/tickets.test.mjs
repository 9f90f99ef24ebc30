// SPDX-License-Identifier: Apache-2.0
// tickets.test.mjs: tickets, for browser requests that can't set a header.
//
// The real binary with a token file, and Node's own WebSocket and EventSource-like readers: a
// ticket lets them in, once, and the server writes nothing of a ticket anywhere.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { stream } from "./lib/http.mjs";
import { Server } from "./lib/server.mjs";
import { tokenFile } from "./lib/tokens.mjs";
import { deferred, until, within } from "./lib/wait.mjs";

const tokens = { ada: "ada-token", bob: "bob-token" };
const bearer = (user) => ({ authorization: `Bearer ${tokens[user]}` });

// All files below a folder, as bytes.
function* contents(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* contents(path);
    else if (statSync(path).isFile()) yield readFileSync(path);
  }
}

describe("Tickets", { timeout: 60_000 }, () => {
  let server;
  const given = [];

  before(async () => {
    const config = { tokens: tokenFile(tokens), log_level: "debug", agents: { default: { kind: "demo" } } };
    server = await Server.start({ name: "tickets", config });
    const body = { changes: [{ type: "update_thread", title: "Ada's" }] };
    const headers = { ...bearer("ada"), accept: "application/json" };
    assert.equal((await server.post("/v1/threads/t/sync", body, { headers })).status, 200);
  });
  after(() => server.dispose());

  async function ticket(user = "ada") {
    const answer = await server.post("/v1/tickets", undefined, { headers: bearer(user) });
    assert.equal(answer.status, 200);
    assert.equal(answer.json.expires_in, 60);
    given.push(answer.json.ticket);
    return answer.json.ticket;
  }

  // The first frame of a stream, or the status of a refusal.
  async function reads(path) {
    const first = deferred();
    let text = "";
    const opened = await stream(`${server.url}${path}`, {
      headers: { accept: "text/event-stream" },
      onChunk: (chunk) => {
        text += chunk;
        const data = /^data: (.*)\n\n/m.exec(text);
        if (data) first.resolve(JSON.parse(data[1]));
      },
    });
    if (opened.status !== 200) {
      opened.drop();
      return opened.status;
    }
    const frame = await within(first.promise, `a frame of ${path}`);
    opened.drop();
    return frame;
  }

  // The first frame over a socket, or the code that it was closed with.
  async function says(query, user) {
    const web = new WebSocket(`${server.url.replace("http", "ws")}/v1/socket${query}`, ["lockstep.v1.json"]);
    const first = deferred();
    web.onopen = () => web.send(JSON.stringify({ sync: { id: "q", thread: "t", follow: "live" } }));
    web.onmessage = (event) => first.resolve(JSON.parse(event.data));
    web.onclose = (event) => first.resolve(event.code);
    web.onerror = () => {};
    const answer = await within(first.promise, `the socket of ${user}`);
    web.close();
    return answer;
  }

  test("a token is needed for one", async () => {
    assert.equal((await server.post("/v1/tickets")).status, 401);
    const wrong = { headers: { authorization: "Bearer nobody" } };
    assert.equal((await server.post("/v1/tickets", undefined, wrong)).status, 401);
  });

  test("a socket opens with one, and not twice", async () => {
    const query = `?ticket=${await ticket()}`;
    assert.equal((await says(query, "ada")).thread.title, "Ada's");
    assert.equal(await says(query, "ada again"), 4401);
    assert.equal(await says("", "nobody"), 4401);
    assert.equal((await says(`?ticket=${await ticket("bob")}`, "bob")).code, "unknown_thread");
  });

  test("a thread is followed with one, and not twice", async () => {
    const path = `/v1/threads/t/events?ticket=${await ticket()}`;
    assert.equal((await reads(path)).frame, "entry");
    assert.equal(await reads(path), 401);
    assert.equal(await reads(`/v1/threads/t/events?ticket=${await ticket("bob")}`), 404);
  });

  test("a reconnect takes a new one, with `after`", async () => {
    const { cursor } = (await server.get("/v1/threads/t", { headers: bearer("ada") })).json;
    const path = `/v1/threads/t/events?after=${encodeURIComponent(cursor)}&ticket=${await ticket()}`;
    assert.deepEqual(await reads(path), { frame: "live", cursor });
  });

  test("the feed is followed with one, and not twice", async () => {
    const path = `/v1/feed?ticket=${await ticket()}`;
    const frame = reads(path);
    await until(() => server.get("/metrics", { headers: bearer("ada") }).then((it) => /_streams 1\n/.test(it.text)), "the feed is open");
    const headers = { ...bearer("ada"), accept: "application/json" };
    await server.post("/v1/threads/t/sync", { changes: [{ type: "update_thread", title: "New" }] }, { headers });
    assert.equal((await frame).thread.title, "New");
    assert.equal(await reads(path), 401);
  });

  test("nothing else is opened by one", async () => {
    for (const path of ["/v1/threads", "/v1/threads/t", "/metrics"]) {
      assert.equal((await server.get(`${path}?ticket=${await ticket()}`)).status, 401, path);
    }
    const refused = await server.get(`/v1/threads/t?ticket=${await ticket()}`, { headers: bearer("ada") });
    assert.equal(refused.json.code, "unknown_field");
    assert.equal(refused.json.path, "?ticket");
    assert.ok(!refused.text.includes(given.at(-1)), "a refusal does not repeat it");
  });

  test("other pages can't ask for one in a visitor's name", async () => {
    const headers = { ...bearer("ada"), origin: "https://evil.example" };
    assert.equal((await server.post("/v1/tickets", undefined, { headers })).json.code, "forbidden_origin");
  });

  test("a restart forgets them, and none was written down", async () => {
    const unused = await ticket();
    await server.restart();
    assert.equal(await reads(`/v1/feed?ticket=${unused}`), 401);
    await server.terminate();
    assert.ok(given.length > 8);
    for (const bytes of contents(server.folder)) {
      for (const each of given) assert.ok(!bytes.includes(each), "a ticket is in a file");
    }
  });
});
