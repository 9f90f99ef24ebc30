// SPDX-License-Identifier: Apache-2.0
// page.test.mjs: the page's files in the binary, as a browser requests them.
//
// The tests in browser/ test the page's behaviour. A binary without a page answers with an error,
// and then only this answer is tested.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import http from "node:http";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";

import { Server } from "./lib/server.mjs";
import { pause } from "./lib/wait.mjs";

// As bytes: { status, headers, body }.
function fetched(url, headers = {}, method = "GET") {
  return new Promise((resolve, reject) => {
    const message = http.request(url, { method, headers, agent: false }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.once("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    message.once("error", reject);
    message.end();
  });
}

describe("The page", { timeout: 60_000 }, () => {
  let server;
  let index;
  let files;

  before(async () => {
    server = await Server.start({ name: "page", config: { origins: ["https://chat.example"] } });
    index = await fetched(`${server.url}/`);
    files = [...index.body.toString().matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((found) => found[1]);
  });
  after(() => server.dispose());

  const without = (test) => index.headers["content-type"].startsWith("text/plain") && (test.skip("this binary has no page"), true);

  test("the root is the page, or an error that the binary has no page", () => {
    assert.equal(index.status, 200);
    assert.match(index.headers["content-type"], /^text\/(html|plain); charset=utf-8$/);
    assert.equal(index.headers["cache-control"], "no-cache");
    const policy = index.headers["content-security-policy"];
    assert.match(policy, /default-src 'self'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(index.headers["x-content-type-options"], "nosniff");
    assert.equal(index.headers["referrer-policy"], "no-referrer");
  });

  test("every file that it names is there, both plain and compressed", async (context) => {
    if (without(context)) return;
    assert.ok(files.length >= 2, `files: ${files}`);
    for (const file of files) {
      const plain = await fetched(`${server.url}${file}`);
      const zipped = await fetched(`${server.url}${file}`, { "accept-encoding": "br, gzip" });
      assert.equal(plain.status, 200, file);
      assert.equal(plain.headers["content-encoding"], undefined);
      const encoding = zipped.headers["content-encoding"];
      assert.deepEqual(encoding ? gunzipSync(zipped.body) : zipped.body, plain.body, file);
      assert.equal(zipped.headers.vary, "Accept-Encoding");
      const kept = file.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
      assert.equal(plain.headers["cache-control"], kept, file);
    }
  });

  test("it has no inline script or style, and loads only from its own server", (context) => {
    if (without(context)) return;
    const text = index.body.toString();
    assert.doesNotMatch(text, /<style|style="|<script(?![^>]*src=)|https?:\/\//);
  });

  test("the service worker is checked each time, and is not sent twice", async (context) => {
    if (without(context)) return;
    const worker = await fetched(`${server.url}/sw.js`);
    assert.equal(worker.status, 200);
    assert.equal(worker.headers["cache-control"], "no-cache");
    assert.match(worker.headers["content-type"], /^text\/javascript/);
    const again = await fetched(`${server.url}/sw.js`, { "if-none-match": worker.headers.etag });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
    const head = await fetched(`${server.url}/sw.js`, {}, "HEAD");
    assert.equal(head.headers["content-length"], String(worker.body.length));
  });

  test("a missing file is a problem document, as everywhere", async () => {
    for (const path of ["/nowhere.js", "/assets/", "/assets", "/%2e%2e/etc/passwd", "/index.html/x"]) {
      const answer = await server.get(path);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.json.code, "not_found");
    }
    assert.equal((await server.post("/", {})).status, 405);
  });

  for (const path of ["/", "/healthz"]) {
    test(`the server stops reading from a client that asks for ${path} and does not read`, async () => {
      const socket = connect(server.port, "127.0.0.1").pause();
      socket.on("error", () => {});
      const asked = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Padding: ${"x".repeat(200)}\r\n\r\n`;
      const chunk = asked.repeat(4000);
      let taken = 0;
      const send = (left) =>
        socket.write(chunk, () => {
          taken += chunk.length;
          if (left > 1) send(left - 1);
        });
      send(60);

      let before = -1;
      for (let rests = 0; rests < 5; rests = taken === before ? rests + 1 : 0) {
        before = taken;
        await pause(200);
      }

      // The system's own socket buffers, both ways, hold about 10 MB.
      assert.ok(taken > 0 && taken < 24 << 20, `${taken >> 20} MB of ${(60 * chunk.length) >> 20} MB were taken`);
      socket.destroy();
    });
  }

  // The headers that a browser adds when a page of `origin` calls.
  const call = (origin) => ({ origin, "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" });
  const upgrade = (origin) => ({
    origin,
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-protocol": "lockstep.v1.json",
    "sec-websocket-extensions": "permessage-deflate; client_max_window_bits",
  });

  // The status of a handshake, and the subprotocol that was agreed on.
  const handshake = (headers) =>
    new Promise((resolve, reject) => {
      const message = http.request(`${server.url}/v1/socket`, { headers, agent: false });
      message.once("upgrade", (response, socket) => {
        socket.destroy();
        const { "sec-websocket-protocol": agreed, "sec-websocket-extensions": more } = response.headers;
        resolve({ status: response.statusCode, agreed, more });
      });
      message.once("response", (response) => resolve({ status: response.statusCode }));
      message.once("error", reject);
      message.end();
    });

  test("its own origin and those of the configuration may call, others may not", async () => {
    const body = { changes: [{ type: "update_thread", title: "called" }] };
    const post = (origin) =>
      server.post("/v1/threads/called/sync", body, {
        headers: { ...call(origin), accept: "application/json" },
      });
    for (const origin of [server.url, "https://chat.example"]) {
      const answer = await post(origin);
      assert.equal(answer.status, 200, origin);
      assert.equal(answer.headers["access-control-allow-origin"], origin);
      assert.deepEqual(await handshake(upgrade(origin)), {
        status: 101,
        agreed: "lockstep.v1.json",
        more: undefined,
      });
    }
    const port = server.port + 1;
    for (const origin of ["https://evil.example", "null", `http://127.0.0.1:${port}`, "https://chat.example.evil"]) {
      const answer = await post(origin);
      assert.equal(answer.status, 403, origin);
      assert.equal(answer.json.code, "forbidden_origin");
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
      assert.equal((await handshake(upgrade(origin))).status, 403, origin);
      assert.equal((await server.post("/v1/tickets", undefined, { headers: call(origin) })).status, 403);
    }
  });

  test("a page of another origin in the configuration may ask for a ticket", async () => {
    const asked = {
      origin: "https://chat.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    };
    const preflight = await fetched(`${server.url}/v1/tickets`, asked, "OPTIONS");
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers["access-control-allow-origin"], "https://chat.example");
    assert.match(preflight.headers["access-control-allow-methods"], /POST/);
    assert.match(preflight.headers["access-control-allow-headers"], /Authorization/);
    const given = await server.post("/v1/tickets", undefined, { headers: call("https://chat.example") });
    assert.equal(given.json.expires_in, 60);
  });
});
