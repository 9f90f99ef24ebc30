// SPDX-License-Identifier: Apache-2.0
// blobs.test.mjs: attachments, from an upload to the disk and back, and until they are gone.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { bearer, call, file, hashOf, onDisk, pathOf, puts, someBytes, sync, upload } from "./lib/blobs.mjs";
import { Front } from "./lib/front.mjs";
import { Raw } from "./lib/raw.mjs";
import { Server, binary } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";
import { tokenFile } from "./lib/tokens.mjs";
import { until } from "./lib/wait.mjs";

const run = promisify(execFile);
const lockstep = async (...line) => JSON.parse((await run(binary, [...line, "--json"])).stdout);
const mebibyte = 1 << 20;
const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");

describe("Attachments", { timeout: 180_000 }, () => {
  let server;
  const ada = bearer("alice");
  const bob = bearer("robert");

  before(async () => {
    const tokens = tokenFile({ ada: "alice", bob: "robert", eve: "evelyn" });
    server = await Server.start({
      name: "blobs",
      config: { tokens, agents: { push: { kind: "push" } } },
      env: { LOCKSTEP_BLOB_BYTES_PER_USER: "40MiB" },
    });
  });
  after(() => server?.dispose());

  test("An upload is durable, has the name of its bytes, and comes back byte for byte", async () => {
    const bytes = someBytes(3 * mebibyte + 17);

    const made = await upload(server, bytes, { headers: ada });

    assert.equal(made.status, 201);
    const facts = { hash: hashOf(bytes), uri: `blob:${hashOf(bytes)}`, bytes: bytes.length, media_type: "image/png" };
    assert.deepEqual(made.json, facts);
    assert.equal(made.headers.location, `/v1/blobs/${facts.hash}`);
    const got = await call(server, `/v1/blobs/${facts.hash}`, { headers: ada });
    assert.equal(got.status, 200);
    assert.deepEqual(got.bytes, bytes);
    assert.equal(got.headers["content-type"], "image/png");
    assert.equal(got.headers.etag, `"${facts.hash}"`);
    await server.restart();
    assert.deepEqual((await call(server, `/v1/blobs/${facts.hash}`, { headers: ada })).bytes, bytes);
  });

  test("The same bytes are the same blob; the first upload gives the type", async () => {
    const bytes = someBytes(1000);
    await upload(server, bytes, { headers: ada, type: "image/gif" });

    const again = await upload(server, bytes, { headers: ada, type: "application/octet-stream" });

    assert.equal(again.json.hash, hashOf(bytes));
    assert.equal(onDisk(server).blobs.filter((it) => it.endsWith(again.json.hash.slice(7))).length, 1);
    const got = await call(server, `/v1/blobs/${again.json.hash}`, { headers: ada });
    assert.equal(got.headers["content-type"], "image/gif");
  });

  test("A body in chunks is an upload too, and an empty one has a hash", async () => {
    const bytes = someBytes(700_000);
    const chunked = await new Promise((resolve, reject) => {
      const headers = { ...ada, "content-type": "image/webp", "transfer-encoding": "chunked" };
      const message = http.request(`${server.url}/v1/blobs`, { method: "POST", headers, agent: false }, (response) => {
        const chunks = [];
        response.on("data", (it) => chunks.push(it));
        response.on("end", () => resolve(JSON.parse(Buffer.concat(chunks))));
      });
      message.once("error", reject);
      for (let at = 0; at < bytes.length; at += 10_007) message.write(bytes.subarray(at, at + 10_007));
      message.end();
    });
    assert.equal(chunked.hash, hashOf(bytes));

    const empty = await upload(server, Buffer.alloc(0), { headers: ada });
    assert.equal(empty.status, 201);
    assert.equal((await call(server, `/v1/blobs/${empty.json.hash}`, { headers: ada })).bytes.length, 0);
  });

  test("Ranges, tags and HEAD follow HTTP", async () => {
    const bytes = someBytes(600_000);
    const { hash } = (await upload(server, bytes, { headers: ada })).json;
    const get = (headers, method = "GET") => call(server, `/v1/blobs/${hash}`, { method, headers: { ...ada, ...headers } });

    for (const [range, from, to] of [
      ["bytes=0-0", 0, 1],
      ["bytes=5-9", 5, 10],
      ["bytes=300000-", 300_000, 600_000],
      ["bytes=-10", 599_990, 600_000],
      ["bytes=-9999999", 0, 600_000],
      ["bytes=599999-700000", 599_999, 600_000],
    ]) {
      const part = await get({ range });
      const whole = from === 0 && to === 600_000;
      assert.equal(part.status, whole ? 200 : 206, range);
      assert.deepEqual(part.bytes, bytes.subarray(from, to), range);
      if (!whole) assert.equal(part.headers["content-range"], `bytes ${from}-${to - 1}/600000`);
    }
    for (const range of ["bytes=1-2,4-5", "bytes=9-5", "bytes=a-b", "lines=1-2", "bytes=-", "bytes=", "bytes=1"]) {
      const all = await get({ range });
      assert.equal(all.status, 200, range);
      assert.equal(all.bytes.length, 600_000);
    }
    const beyond = await get({ range: "bytes=600000-" });
    assert.equal(beyond.status, 416);
    assert.equal(beyond.headers["content-range"], "bytes */600000");
    assert.equal((await get({ range: "bytes=99999999999999999999-" })).status, 416);

    const tag = `"${hash}"`;
    assert.equal((await get({ "if-none-match": tag })).status, 304);
    assert.equal((await get({ "if-none-match": `"x", W/${tag}` })).status, 304);
    assert.equal((await get({ "if-none-match": '"x"' })).status, 200);
    assert.equal((await get({ "if-match": '"x"' })).status, 412);
    assert.equal((await get({ range: "bytes=1-2", "if-range": tag })).status, 206);
    assert.equal((await get({ range: "bytes=1-2", "if-range": '"x"' })).status, 200);
    const head = await get({}, "HEAD");
    assert.equal(head.status, 200);
    assert.equal(head.headers["content-length"], "600000");
    assert.equal(head.bytes.length, 0);
    assert.equal((await get({ range: "bytes=1-2" }, "HEAD")).headers["content-length"], "600000");
  });

  test("A browser shows pictures, and never runs what a blob holds", async () => {
    const active = ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/pdf", "text/javascript", "IMAGE/SVG+XML", "text/html; charset=utf-8", "nonsense/type"];
    for (const type of active) {
      const { hash } = (await upload(server, Buffer.from(`<script>${type}</script>`), { headers: ada, type })).json;
      const got = await call(server, `/v1/blobs/${hash}`, { headers: ada });
      assert.equal(got.headers["content-type"], "application/octet-stream", type);
      assert.equal(got.headers["content-disposition"], "attachment", type);
      assert.equal(got.headers["content-security-policy"], "default-src 'none'; sandbox");
      assert.equal(got.headers["x-content-type-options"], "nosniff");
    }
    for (const type of ["image/png", "Image/JPEG", "audio/mpeg", "video/mp4", "text/plain"]) {
      const { hash } = (await upload(server, Buffer.from(`shown ${type}`), { headers: ada, type })).json;
      const got = await call(server, `/v1/blobs/${hash}`, { headers: ada });
      assert.equal(got.headers["content-disposition"], "inline", type);
      assert.equal(got.headers["content-security-policy"], "default-src 'none'; sandbox");
    }
    for (const type of ["", "png", "image/", "/png", "a b/c", "image/png\u00e9", "x/" + "y".repeat(200), 'text/"x"']) {
      const refused = await upload(server, png, { headers: ada, type });
      assert.equal(refused.status, 422, type);
    }
  });

  test("Another user's blob, one that nobody has, and a wrong name get one answer", async () => {
    const { hash } = (await upload(server, someBytes(5000), { headers: ada })).json;

    const others = await call(server, `/v1/blobs/${hash}`, { headers: bob });

    assert.equal(others.status, 404);
    assert.equal(others.json.code, "unknown_blob");
    const wrong = [`sha256-${"0".repeat(64)}`, hash.toUpperCase(), `sha256-${hash.slice(7).toUpperCase()}`, hash.slice(7), "sha256-", "..", "%2e%2e%2f%2e%2e%2fcommits", "..%2fnew", `${hash}%00`, "x".repeat(300)];
    for (const name of wrong) {
      for (const [path, method] of [[`/v1/blobs/${name}`, "GET"], [`/v1/blobs/${name}`, "HEAD"], [`/v1/blobs/${name}/link`, "POST"]]) {
        const got = await call(server, path, { method, headers: ada });
        assert.equal(got.status, 404, `${method} ${path}`);
        if (method === "GET" && name !== "..") assert.deepEqual(got.json, others.json, path);
      }
    }
    assert.equal((await call(server, `/v1/blobs/${hash}`)).status, 401);
    // Bob uploads the same bytes: nothing in the answer tells that ada has them.
    const bytes = someBytes(4000);
    const first = await upload(server, bytes, { headers: ada });
    const second = await upload(server, bytes, { headers: bob });
    assert.deepEqual([second.status, second.json], [first.status, first.json]);
  });

  test("A link opens one blob without a token, for an image on a page", async () => {
    const bytes = someBytes(2000);
    const { hash } = (await upload(server, bytes, { headers: ada })).json;
    const other = (await upload(server, someBytes(10), { headers: ada })).json.hash;

    const { url, expires } = (await call(server, `/v1/blobs/${hash}/link`, { method: "POST", headers: ada })).json;

    assert.ok(Math.abs(expires / 1000 - Date.now() - 3_600_000) < 10_000, String(expires));
    for (let use = 0; use < 3; use += 1) {
      const got = await call(server, url);
      assert.equal(got.status, 200);
      assert.deepEqual(got.bytes, bytes);
      assert.equal(got.headers["cross-origin-resource-policy"], "cross-origin");
    }
    const link = new URL(url, server.url).searchParams.get("link");
    const [seconds, user, mac] = link.split(".");
    const forged = [`${+seconds + 1}.${user}.${mac}`, `${seconds}.bob.${mac}`, `${seconds}.${user}.${mac.slice(1)}0`, `${seconds}.${user}.`, `${seconds}`, "", "..", `${seconds}.${user}.${mac}x`];
    for (const one of forged) {
      assert.equal((await call(server, `/v1/blobs/${hash}?link=${one}`)).status, 401, one);
    }
    assert.equal((await call(server, `/v1/blobs/${other}?link=${link}`)).status, 401);
    assert.equal((await call(server, `${url}&link=${link}`)).status, 422);
    assert.equal((await call(server, `/v1/threads?link=${link}`)).status, 401);
    assert.equal((await call(server, `/v1/blobs/${hash}/link`, { method: "POST", headers: bob })).status, 404);
  });

  test("An entry may name only blobs that its user has", async () => {
    const { uri } = (await upload(server, someBytes(3000), { headers: ada })).json;
    const nobody = `blob:sha256-${"1".repeat(64)}`;

    const taken = await sync(server, "names", [puts("m1", [file(uri)], { op: 1 })], { headers: ada });
    const refused = await sync(server, "names", [puts("m2", [file(nobody)], { op: 2 })], { headers: ada });
    const others = await sync(server, "names", [puts("m1", [file(uri)], { op: 1 })], { headers: bob });

    assert.equal(taken.json.outcomes[0].outcome, "applied", taken.text);
    assert.equal(refused.json.outcomes[0].code, "unknown_blob");
    assert.equal(others.json.outcomes[0].code, "unknown_blob");
    const spelled = await sync(server, "names", [puts("m3", [file(uri.toUpperCase())]), puts("m4", [file(`blob:sha256-${"A".repeat(64)}`)])], { headers: ada });
    assert.deepEqual(spelled.json.outcomes.map((it) => it.code), [undefined, "unknown_blob"]);
    const start = { type: "start_run", op: 3, run: "r", agent: "push", input: [{ id: "u", parts: [file(nobody)] }] };
    assert.equal((await sync(server, "names", [start], { headers: ada })).json.outcomes[0].code, "unknown_blob");
    await sync(server, "names", [{ ...start, op: 4, input: [{ id: "u", parts: [file(uri)] }] }], { headers: ada });
    const steps = (seq, value) => ({ steps: [{ seq, type: "message_created", message: { id: `a${seq}` } }, { seq: seq + 1, type: "part_started", message: `a${seq}`, value: file(value) }] });
    const write = (body) => server.post("/v1/threads/names/runs/r/steps?attempt=1", body, { headers: { ...ada, "content-type": "application/json" } });
    assert.equal((await write(steps(1, nobody))).json.code, "unknown_blob");
  });

  test("A file inside a change becomes a blob, and the same op is still the same", async () => {
    const bytes = someBytes(3 * mebibyte);
    const data = `data:image/jpeg;base64,${bytes.toString("base64")}`;
    const change = puts("photo", [{ type: "text", text: "look" }, file(data, { name: "a.jpg" })], { op: 1 });

    const first = await sync(server, "inside", [change], { headers: ada });
    const again = await sync(server, "inside", [change], { headers: ada });

    assert.equal(first.json.outcomes[0].outcome, "applied", first.text);
    assert.equal(again.json.outcomes[0].duplicate, true, again.text);
    const { json } = await server.get("/v1/threads/inside", { headers: ada });
    const uri = `blob:${hashOf(bytes)}`;
    assert.deepEqual(json.messages[0].parts[1], file(uri, { media_type: "image/jpeg", name: "a.jpg" }));
    assert.deepEqual((await call(server, `/v1/blobs/${hashOf(bytes)}`, { headers: ada })).bytes, bytes);
    const long = file(`https://example.org/${"x".repeat(70_000)}`);
    assert.equal((await sync(server, "inside", [puts("long", [long])], { headers: ada })).status, 413);
    const broken = file(`data:image/png;base64,${"?".repeat(70_000)}`);
    assert.equal((await sync(server, "inside", [puts("broken", [broken])], { headers: ada })).status, 422);
    // For another user's thread nothing is stored.
    const before = onDisk(server).blobs.length;
    await server.post("/v1/users/ada/threads/inside/sync", { device: "d", changes: [puts("x", [file("data:,bob")])] }, { headers: { ...bob, accept: "application/json", "content-type": "application/json" } });
    assert.ok(onDisk(server).blobs.length <= before + 1);
    assert.equal((await call(server, `/v1/blobs/${hashOf("bob")}`, { headers: ada })).status, 404);
  });

  test("Over a socket a file becomes a blob too, and the calls keep their order", async () => {
    const own = await Server.start({ name: "blobs-socket", config: { agents: { push: { kind: "push" } } } });
    try {
      const socket = await Socket.open(own);
      const front = new Front(own, "ws", { socket });
      const bytes = someBytes(mebibyte);
      const data = `data:image/png;base64,${bytes.toString("base64")}`;
      const slow = front.change([puts("long", [file(data)])]);
      const quick = front.change([puts("short", [{ type: "text", text: "behind it" }])]);

      const outcomes = (await Promise.all([slow, quick])).flat();

      assert.deepEqual(outcomes.map((it) => it.outcome), ["applied", "applied"]);
      const { messages } = await own.read("ws");
      assert.deepEqual(messages.map((it) => it.id), ["long", "short"]);
      assert.equal(messages[0].parts[0].uri, `blob:${hashOf(bytes)}`);
      await socket.close();
    } finally {
      await own.dispose();
    }
  });

  test("A user's quota and the limit of a blob have names, and a refused upload leaves nothing", async () => {
    const eve = bearer("evelyn");
    const kept = someBytes(30 * mebibyte);
    assert.equal((await upload(server, kept, { headers: eve })).status, 201);

    const over = await upload(server, someBytes(12 * mebibyte), { headers: eve });

    assert.deepEqual([over.status, over.json.code], [403, "quota"]);
    assert.equal((await upload(server, kept, { headers: eve })).status, 201, "the same bytes need no more room");
    assert.equal((await upload(server, someBytes(1000), { headers: ada })).status, 201, "another user has room");
    const raw = await Raw.open(server);
    raw.send(`POST /v1/blobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer evelyn\r\nContent-Type: a/b\r\nContent-Length: ${33 * mebibyte}\r\n\r\n`);
    assert.match(await raw.all("a blob that is too long"), /^HTTP\/1.1 413 .*"too_large"/s);
    await until(() => onDisk(server).coming.length === 0, "no file is left half");
  });

  test("A refused request leaves nothing of the files that it brought", async () => {
    const own = await Server.start({
      name: "blobs-refused",
      config: { agents: { push: { kind: "push" } } },
      env: { LOCKSTEP_BLOB_BYTES_PER_USER: "8MiB" },
    });
    try {
      const bytes = someBytes(5 * mebibyte);
      const photo = file(`data:image/png;base64,${bytes.toString("base64")}`);
      const gone = () => until(() => onDisk(own).blobs.length === 0, "its file goes");
      const change = async (change) => (await sync(own, "t", [change])).json.outcomes[0];
      const start = { type: "start_run", run: "r", agent: "push", input: [{ id: "u", parts: [{ type: "text", text: "draw" }] }] };

      assert.equal((await change(puts("m", [photo], { parent: "nobody" }))).code, "unknown_message");
      await gone();
      assert.equal((await change({ ...start, agent: "nobody", input: [{ id: "u", parts: [photo] }] })).code, "unknown_agent");
      await gone();
      const two = [puts("m1", [photo]), puts("m2", [file(`data:image/png;base64,${someBytes(5 * mebibyte).toString("base64")}`)])];
      assert.equal((await sync(own, "t", two)).json.code, "quota");
      await gone();
      assert.equal((await change(start)).outcome, "applied");
      const steps = [{ seq: 1, type: "message_created", message: { id: "a" } }, { seq: 2, type: "part_started", message: "other", value: photo }];
      const write = (attempt) => own.post(`/v1/threads/t/runs/r/steps?attempt=${attempt}`, { steps }, { headers: { "content-type": "application/json" } });
      assert.equal((await write(1)).json.code, "unknown_message");
      await gone();
      assert.equal((await write(7)).json.code, "fenced");
      await gone();
      const socket = await Socket.open(own);
      const front = new Front(own, "t", { socket });
      assert.equal((await front.change([puts("m", [photo], { parent: "nobody" })]))[0].code, "unknown_message");
      await gone();
      await socket.close();

      assert.equal((await change(puts("m", [photo]))).outcome, "applied", "there is room for it");
      assert.equal((await change(puts("m2", [photo], { parent: "nobody" }))).code, "unknown_message");
      assert.deepEqual((await call(own, `/v1/blobs/${hashOf(bytes)}`)).bytes, bytes, "the message still names it");
    } finally {
      await own.dispose();
    }
  });

  test("At a full quota everything that is there may be sent again", async () => {
    const own = await Server.start({ name: "blobs-full", env: { LOCKSTEP_BLOB_BYTES_PER_USER: "128KiB" } });
    try {
      const files = Array.from({ length: 16 }, () => someBytes(7000));
      const change = (bytes, at) => puts(`m${at}`, [file(`data:image/png;base64,${bytes.toString("base64")}`)], { op: at + 1 });
      for (const [at, bytes] of files.entries()) await sync(own, "t", [change(bytes, at)]);
      assert.equal((await upload(own, someBytes(7000))).json.code, "quota");

      const again = [];
      for (const [at, bytes] of files.entries()) again.push((await sync(own, "t", [change(bytes, at)])).json.outcomes[0].duplicate);
      const uploads = [];
      for (const bytes of files) uploads.push((await upload(own, bytes)).status);

      assert.deepEqual(again, files.map(() => true));
      assert.deepEqual(uploads, files.map(() => 201));
    } finally {
      await own.dispose();
    }
  });

  test("A deletion takes a file for ever, whatever is refused at the same time", async () => {
    const own = await Server.start({ name: "blobs-race" });
    try {
      for (let round = 0; round < 30; ++round) {
        const data = `data:image/png;base64,${someBytes(3000).toString("base64")}`;
        await sync(own, `t${round}`, [puts("m", [file(data)])]);
        const refused = Array.from({ length: 3 }, () => sync(own, "other", [puts("x", [file(data)], { parent: "nobody" })]));
        await Promise.all([call(own, `/v1/threads/t${round}`, { method: "DELETE" }), ...refused]);
      }
      await until(() => onDisk(own).blobs.length === 0, "no file is left");
    } finally {
      await own.dispose();
    }
  });

  test("A salvage says that it leaves a damaged file out", async () => {
    const own = await Server.start({ name: "blobs-salvage" });
    try {
      const { uri, hash } = (await upload(own, someBytes(3000))).json;
      await sync(own, "t", [puts("m", [file(uri)])]);
      await own.terminate();
      const bytes = readFileSync(pathOf(own, hash));
      bytes[1000] ^= 1;
      writeFileSync(pathOf(own, hash), bytes);
      const salvage = run(binary, ["salvage", "--from", own.data, "--to", join(own.folder, "new")]);

      await assert.rejects(salvage, ({ code, stdout }) => code === 1 && /left out +1 attachment/.test(stdout) && /something was left out/.test(stdout));
    } finally {
      await own.dispose();
    }
  });

  test("Hostile bodies end as named errors, and leave nothing", async () => {
    const head = "POST /v1/blobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nContent-Type: image/png\r\n";
    for (const [bytes, status] of [
      [`${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`, 400],
      [`${head}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`, 400],
      [`${head}Content-Length: -5\r\n\r\n`, 400],
      [`${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 400],
      [`${head}Content-Length: 99999999999999999999\r\n\r\n`, 400],
      [`${head}Content-Length: 5\r\nContent-Encoding: gzip\r\n\r\n`, 415],
      [`${head}Content-Length: 5\r\nContent-Type: image/gif\r\n\r\n`, 400],
    ]) {
      const raw = await Raw.open(server);
      raw.send(bytes);
      assert.match(await raw.all(`refused: ${bytes.slice(90, 160)}`), new RegExp(`^HTTP/1.1 (${status}|413)`), bytes);
    }
    const cut = await Raw.open(server);
    cut.send(`${head}Content-Length: 100000\r\n\r\n${"x".repeat(5000)}`);
    await until(() => onDisk(server).coming.length > 0, "the upload has begun");
    cut.drop();
    await until(() => onDisk(server).coming.length === 0, "a lost upload leaves nothing");
    assert.equal((await server.get("/readyz")).status, 200);
  });

  test("After kill -9 during an upload there is no half of it", async () => {
    const raw = await Raw.open(server);
    raw.send(`POST /v1/blobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nContent-Type: image/png\r\nContent-Length: 5000000\r\n\r\n`);
    raw.send(someBytes(2_000_000));
    await until(() => onDisk(server).coming.length > 0, "the upload has begun");
    const before = onDisk(server).blobs.length;

    await server.restart();

    assert.deepEqual([onDisk(server).coming, onDisk(server).blobs.length], [[], before]);
  });

  test("A blob that no entry names goes after a day, and a named one stays", async () => {
    const named = (await upload(server, someBytes(9000), { headers: ada })).json;
    const unnamed = (await upload(server, someBytes(9001), { headers: ada })).json;
    const young = (await upload(server, someBytes(9002), { headers: ada })).json;
    await sync(server, "sweep", [puts("m", [file(named.uri)])], { headers: ada });
    const yesterday = Date.now() / 1000 - 25 * 3600;
    for (const one of [named, unnamed]) utimesSync(pathOf(server, one.hash), yesterday, yesterday);

    await server.restart();

    await until(() => !pathOf(server, unnamed.hash), "the sweep removes it");
    assert.ok(pathOf(server, named.hash) && pathOf(server, young.hash));
    assert.equal((await call(server, `/v1/blobs/${unnamed.hash}`, { headers: ada })).status, 404);
    assert.equal((await call(server, `/v1/blobs/${named.hash}`, { headers: ada })).status, 200);
  });

  test("A blob goes from the disk with the last thread that names it, also after its message went", async () => {
    const { uri, hash } = (await upload(server, someBytes(8000), { headers: ada })).json;
    for (const thread of ["one", "two"]) await sync(server, thread, [puts(`m-${thread}`, [file(uri)])], { headers: ada });
    await sync(server, "two", [{ type: "delete_message", message: "m-two" }], { headers: ada });
    const erase = (thread) => server.get(`/v1/threads/${thread}`, { method: "DELETE", headers: ada });

    assert.equal((await erase("one")).status, 204);
    assert.ok(pathOf(server, hash), "the other thread's log still names it");
    assert.equal((await erase("two")).status, 204);

    assert.equal(pathOf(server, hash), undefined);
    assert.equal((await call(server, `/v1/blobs/${hash}`, { headers: ada })).status, 404);
    assert.equal((await sync(server, "three", [puts("m", [file(uri)])], { headers: ada })).json.outcomes[0].code, "unknown_blob");
  });

  test("A file that is a link, or damaged, is never given out", async () => {
    const made = (await upload(server, someBytes(7000), { headers: ada })).json;
    const path = pathOf(server, made.hash);
    const whole = readFileSync(path);
    unlinkSync(path);
    symlinkSync(join(server.folder, "lockstep.toml"), path);
    assert.equal((await call(server, `/v1/blobs/${made.hash}`, { headers: ada })).status, 404);
    unlinkSync(path);
    writeFileSync(path, whole.subarray(0, 3000));
    assert.equal((await call(server, `/v1/blobs/${made.hash}`, { headers: ada })).status, 500);
    const flipped = Buffer.from(whole);
    flipped[2000] ^= 1;
    writeFileSync(path, flipped);
    const range = { headers: { ...ada, range: "bytes=1000-1999" } };
    await assert.rejects(call(server, `/v1/blobs/${made.hash}`, { headers: ada }), "the connection ends early");
    await assert.rejects(call(server, `/v1/blobs/${made.hash}`, range), "also of a range");
    await assert.rejects(call(server, `/v1/blobs/${made.hash}`, { headers: { ...ada, range: "bytes=0-9" } }), "and of one before the damage");
    writeFileSync(path, whole);
    assert.deepEqual((await call(server, `/v1/blobs/${made.hash}`, range)).bytes, whole.subarray(512 + 1000, 512 + 2000));
    assert.equal((await call(server, `/v1/blobs/${made.hash}`, { headers: ada })).status, 200);
    writeFileSync(path, flipped);
    await assert.rejects(call(server, `/v1/blobs/${made.hash}`, { headers: ada }), "also of one that was whole before");
    writeFileSync(path, whole);
  });

  test("An import says how many files its messages lack", async () => {
    const uris = [];
    for (const size of [700, 701]) uris.push((await upload(server, someBytes(size), { headers: ada })).json.uri);
    await sync(server, "lacks", [puts("m", [file(uris[0]), file(uris[1]), file(uris[0])])], { headers: ada });
    const out = join(server.folder, "lacks.jsonl");
    await run(binary, ["export", "--data", server.data, "--user", "ada", "--format", "jsonl", "--out", out, "lacks"]);
    const lines = readFileSync(out, "utf8").split("\n");
    const counts = [];
    for (const [at, keep] of [() => true, (line) => !line.includes(`"blob":"${uris[0].slice(5)}"`), (line) => !line.includes('"blob":')].entries()) {
      const part = join(server.folder, `lacks-${at}.jsonl`);
      writeFileSync(part, lines.filter(keep).join("\n"));
      counts.push((await lockstep("import", "--data", join(server.folder, `lacks-${at}`), "--format", "jsonl", part)).files_missing);
    }
    assert.deepEqual(counts, [0, 1, 2]);
  });

  test("Backups carry blobs, verify finds damage, and a restore and an import bring them back", async () => {
    const bytes = someBytes(300_000);
    const { uri, hash } = (await upload(server, bytes, { headers: ada })).json;
    await sync(server, "kept", [puts("m", [file(uri)])], { headers: ada });
    const backups = join(server.folder, "backups");
    const copy = join(server.folder, "copy");

    await lockstep("backup", "--data", server.data, "--to", backups);
    assert.equal((await lockstep("backup", "--verify", "--to", backups)).ok, true);
    await lockstep("restore", "--from", backups, "--data", copy);
    const out = join(server.folder, "export.jsonl");
    await run(binary, ["export", "--data", server.data, "--all", "--format", "jsonl", "--out", out]);
    const imported = join(server.folder, "imported");
    await lockstep("import", "--data", imported, "--format", "jsonl", out);

    for (const data of [copy, imported]) {
      assert.equal((await lockstep("verify", "--data", data)).ok, true, data);
      const there = pathOf({ data }, hash);
      assert.deepEqual(readFileSync(there).subarray(512), bytes);
      await run(binary, ["rebuild", "--data", data]);
      assert.equal((await lockstep("verify", "--data", data)).ok, true, data);
      const flipped = readFileSync(there);
      flipped[1000] ^= 1;
      writeFileSync(there, flipped);
      const damaged = await run(binary, ["verify", "--data", data, "--json"]).catch((it) => it);
      assert.match(damaged.stdout, new RegExp(hash.slice(7)));
      unlinkSync(there);
      const missing = await run(binary, ["verify", "--data", data, "--json"]).catch((it) => it);
      assert.match(missing.stdout, /is missing/);
    }
  });
});
