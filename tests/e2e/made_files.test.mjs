// SPDX-License-Identifier: Apache-2.0
// made_files.test.mjs: files that models and their writers make are blobs of the run's user, and
// workers read the files of what they claimed.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { bearer, call, file, hashOf, onDisk, puts, someBytes, sync, upload } from "./lib/blobs.mjs";
import { Producer, ends, finishes, opens, says, starts } from "./lib/producer.mjs";
import { Server, binary } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";
import { StrictModel, text } from "./lib/strict_model.mjs";
import { StrictResponses, runs, says as saysItem } from "./lib/strict_responses.mjs";
import { temporaryFolder } from "./lib/tidy.mjs";
import { until } from "./lib/wait.mjs";
import { Worker } from "./lib/worker.mjs";

const execute = promisify(execFile);
const lockstep = async (...line) => JSON.parse((await execute(binary, [...line, "--json"])).stdout);
const mark = Buffer.from("89504e470d0a1a0a", "hex");
const picture = (size) => Buffer.concat([mark, someBytes(size)]);
const dataOf = (bytes, type = "image/png") => `data:${type};base64,${bytes.toString("base64")}`;
const drawn = (bytes) => ({ images: [{ type: "image_url", image_url: { url: dataOf(bytes) } }] });
const blobOf = (bytes, type = "image/png") => file(`blob:${hashOf(bytes)}`, { media_type: type });
const asks = (run, words, more = {}) => ({ type: "start_run", run, agent: "default", input: [{ id: `${run}-asked`, text: words }], ...more });

const applied = async (server, thread, ...changes) => {
  const answer = await sync(server, thread, changes);
  assert.equal(answer.status, 200, answer.text);
  for (const outcome of answer.json.outcomes) assert.equal(outcome.outcome, "applied", JSON.stringify(outcome));
};
const ended = async (server, thread, run) => {
  let now;
  await until(async () => {
    now = (await server.get(`/v1/threads/${thread}/runs/${run}`)).json;
    return !["queued", "running"].includes(now.status);
  }, `${run} ends`);
  return now;
};
const lastOf = async (server, thread) => (await server.read(thread)).messages.at(-1);
const bytesOf = async (server, uri) => (await call(server, `/v1/blobs/${uri.replace("blob:", "")}`)).bytes;
const importedInto = async (server, folder) => {
  const lines = join(server.folder, "export.jsonl");
  await execute(binary, ["export", "--data", server.data, "--all", "--format", "jsonl", "--out", lines]);
  return async (data) => void (await lockstep("import", "--data", data, "--format", "jsonl", lines));
};

describe("Files that models make", { timeout: 180_000 }, () => {
  test("An image in an answer is a blob, through a restart, a backup, an export and an import", async () => {
    const cat = picture(200_000);
    const model = await StrictModel.start((at) => (at === 0 ? [text("A cat:"), drawn(cat)] : [text("It was a cat.")]));
    const agents = { default: { kind: "openai", base_url: model.url, model: "m" } };
    const server = await Server.start({ name: "made", config: { agents } });
    let copy;
    try {
      await applied(server, "t", asks("r1", "Draw a cat."));
      assert.equal((await ended(server, "t", "r1")).status, "completed");

      const parts = (await lastOf(server, "t")).parts;
      assert.deepEqual(parts, [{ type: "text", text: "A cat:" }, blobOf(cat)]);
      assert.deepEqual(await bytesOf(server, parts[1].uri), cat);
      await server.restart();
      assert.deepEqual(await bytesOf(server, parts[1].uri), cat);
      await applied(server, "t", asks("r2", "What was it?"));
      assert.equal((await ended(server, "t", "r2")).status, "completed");
      assert.deepEqual(model.sent().map((it) => it.content), ["Draw a cat.", "A cat:\n\n[file (image/png)]", "What was it?"]);
      const context = (await server.get("/v1/threads/t/runs/r2/context")).json;
      assert.deepEqual(context.sent, model.bodies.at(-1));
      assert.deepEqual(context.repairs.map((it) => it.kind), ["file_as_text"]);

      assert.equal((await lockstep("verify", "--data", server.data)).blobs, 1);
      await lockstep("backup", "--data", server.data, "--to", join(server.folder, "backups"));
      assert.equal((await lockstep("backup", "--verify", "--to", join(server.folder, "backups"))).ok, true);
      copy = await Server.start({ name: "made-copy", config: { agents }, prepare: await importedInto(server) });
      assert.deepEqual(await bytesOf(copy, parts[1].uri), cat);
      assert.deepEqual((await copy.read("t")).messages.map((it) => it.parts), (await server.read("t")).messages.map((it) => it.parts));

      assert.equal((await server.get("/v1/threads/t", { method: "DELETE" })).status, 204);
      assert.deepEqual(onDisk(server).blobs, [], "it goes with its thread");
    } finally {
      await copy?.dispose();
      await server.dispose();
      model.dispose();
    }
  });

  test("An image goes back to the provider that made it, byte for byte, after a stop and a crash", async () => {
    const cat = picture(300_000);
    const image = runs("image_generation_call", { result: cat.toString("base64"), output_format: "png" });
    const model = await StrictResponses.start((at) => (at === 0 ? [image, saysItem("It is a"), "hang"] : [saysItem("Yes.")]));
    const agents = { default: { kind: "openai-responses", base_url: model.url, model: "gpt-5" } };
    const server = await Server.start({ name: "made-own", config: { agents } });
    let copy;
    try {
      await applied(server, "t", asks("r1", "Draw a cat."));
      await until(async () => (await lastOf(server, "t")).parts.length === 2, "image and text are shown");
      await applied(server, "t", { type: "stop_run", run: "r1" });
      assert.equal((await ended(server, "t", "r1")).status, "stopped");
      const parts = (await lastOf(server, "t")).parts;
      assert.deepEqual(parts, [blobOf(cat), { type: "text", text: "It is a" }]);
      await server.restart();

      await applied(server, "t", asks("r2", "Was it one?"));

      assert.equal((await ended(server, "t", "r2")).status, "completed", model.refused[0]);
      const back = model.sent().find((it) => it.type === "image_generation_call");
      assert.deepEqual(Buffer.from(back.result, "base64"), cat);
      assert.deepEqual((await server.get("/v1/threads/t/runs/r2/context")).json.sent, model.bodies.at(-1));
      copy = await Server.start({ name: "made-own-copy", config: { agents }, prepare: await importedInto(server) });
      await applied(copy, "t", asks("r3", "And now?"));
      assert.equal((await ended(copy, "t", "r3")).status, "completed", model.refused[0]);
      assert.deepEqual(model.sent().find((it) => it.type === "image_generation_call"), back);
    } finally {
      await copy?.dispose();
      await server.dispose();
      model.dispose();
    }
  });

  test("An image beyond the quota ends the run by name, and what came before it stays", async () => {
    const model = await StrictModel.start((at) => [text("Here it is."), drawn(picture(at === 0 ? 100_000 : 1000))]);
    const agents = { default: { kind: "openai", base_url: model.url, model: "m" } };
    const server = await Server.start({ name: "made-quota", config: { agents }, env: { LOCKSTEP_BLOB_BYTES_PER_USER: "64KiB" } });
    try {
      await applied(server, "t", asks("r1", "Draw a cat."));

      const run = await ended(server, "t", "r1");

      assert.deepEqual([run.status, run.error.code], ["failed", "quota"]);
      assert.equal(run.usage.completion_tokens, 1, "the tokens were used");
      const { parts, status } = await lastOf(server, "t");
      assert.deepEqual([parts, status], [[{ type: "text", text: "Here it is." }], "failed"]);
      assert.deepEqual(onDisk(server), { blobs: [], coming: [] });
      await applied(server, "t", asks("r2", "A smaller one."));
      assert.equal((await ended(server, "t", "r2")).status, "completed");
    } finally {
      await server.dispose();
      model.dispose();
    }
  });
});

describe("Files that writers outside make", { timeout: 180_000 }, () => {
  let server;
  before(async () => {
    const agents = { default: { kind: "push" }, work: { kind: "worker" } };
    server = await Server.start({ name: "made-outside", config: { agents }, env: { LOCKSTEP_BLOB_BYTES_PER_USER: "4MiB" } });
  });
  after(() => server?.dispose());

  // A writer of each door, for a new run of the thread.
  const doors = {
    steps: async (thread, run) => (await applied(server, thread, asks(run, "Draw.")), new Producer(server, thread, run)),
    socket: async (thread, run) => {
      await applied(server, thread, asks(run, "Draw."));
      return new Producer(await Socket.open(server), thread, run);
    },
    claim: async (thread, run) => {
      await applied(server, thread, asks(run, "Draw.", { agent: "work" }));
      return new Worker(server, undefined, ["work"], { lease: 30 }).claim();
    },
    "claim on a socket": async (thread, run) => {
      const job = await doors.claim(thread, run);
      const socket = await Socket.open(server);
      job.send = (steps) => socket.steps({ claim: job.claim, steps });
      return job;
    },
  };

  for (const [door, writerOf] of Object.entries(doors)) {
    const thread = `by-${door.replaceAll(" ", "-")}`;
    const refused = (code) => (error) => (assert.equal(error.code, code, error.message), true);

    test(`A file in a step is a blob, and the same step is the same: ${door}`, async () => {
      const cat = picture(100_000);
      const dog = picture(1000);
      const writer = await writerOf(thread, `${thread}-1`);
      const message = `${thread}-m`;
      const steps = [opens(message), starts(message, 0, file(dataOf(cat), { name: "cat.png" })), starts(message, 1, file(dataOf(dog).replace("data:", "DATA:")))];
      const numbered = steps.map((step, at) => ({ seq: at + 1, ...step }));

      const first = await writer.send(numbered);
      const again = await writer.send(numbered);

      assert.equal(again.ts, first.ts);
      const { parts } = await lastOf(server, thread);
      assert.deepEqual(parts, [{ ...blobOf(cat), name: "cat.png" }, blobOf(dog)]);
      assert.deepEqual(await bytesOf(server, parts[0].uri), cat);
      await writer.send([{ seq: 4, ...ends(message) }, { seq: 5, ...finishes() }]);
      assert.equal((await ended(server, thread, `${thread}-1`)).status, "completed");
    });

    test(`A file that can't be read, or has no room, is refused by name: ${door}`, async () => {
      const writer = await writerOf(thread, `${thread}-2`);
      const message = `${thread}-n`;
      await writer.send([{ seq: 1, ...opens(message) }]);
      const write = (uri) => writer.send([{ seq: 2, ...starts(message, 0, file(uri)) }]);

      await assert.rejects(write("data:image/png;base64,AAA"), (error) => {
        assert.deepEqual([error.code, error.problem.path], ["invalid", `${door.includes("socket") ? "steps." : ""}steps[0].value.uri`], error.message);
        return true;
      });
      await assert.rejects(write("Data:image/png;base64,A*=="), refused("invalid"));
      await assert.rejects(write("data:image/png"), refused("invalid"));
      await assert.rejects(write(dataOf(picture(5 << 20))), refused("quota"));
      await writer.send([{ seq: 2, ...says(message, "No picture.") }, { seq: 3, ...ends(message) }, { seq: 4, ...finishes() }]);

      assert.deepEqual((await lastOf(server, thread)).parts, [{ type: "text", text: "No picture." }]);
    });
  }

  test("A change with an address that can't be read is refused with its place", async () => {
    const change = puts("m", [{ type: "text", text: "look" }, file("data:image/png;base64,AA=A")]);
    const answer = await sync(server, "broken", [change]);
    assert.deepEqual([answer.status, answer.json.code, answer.json.path], [422, "invalid", "changes[0].message.parts[1].uri"]);
  });

  test("At a full quota a change with a file that was taken can be sent again", async () => {
    const cat = picture(3 << 20);
    const own = await Server.start({ name: "made-full", config: { agents: { default: { kind: "push" } } }, env: { LOCKSTEP_BLOB_BYTES_PER_USER: "4MiB" } });
    try {
      const change = puts("m", [file(dataOf(cat))], { op: 1 });
      await applied(own, "t", change);

      const again = await sync(own, "t", [change]);

      assert.equal(again.json.outcomes[0].duplicate, true, again.text);
      assert.equal((await sync(own, "t", [puts("n", [file(dataOf(picture(3 << 20)))], { op: 2 })])).json.code, "quota");
    } finally {
      await own.dispose();
    }
  });

  test("A later upload under another type changes nothing that was said", async () => {
    const cat = picture(5000);
    const model = await StrictModel.start(() => [text("A cat.")]);
    const own = await Server.start({ name: "made-types", config: { agents: { default: { kind: "openai", base_url: model.url, model: "m" } } } });
    try {
      const { uri } = (await upload(own, cat)).json;
      await applied(own, "t", asks("r1", "", { input: [{ id: "u", parts: [file(uri), { type: "text", text: "What is it?" }] }] }));
      await ended(own, "t", "r1");
      const before = (await own.get("/v1/threads/t/runs/r1/context")).json;
      assert.deepEqual(before.path[0].parts[0], blobOf(cat), "the entry has the type of the upload");
      assert.equal(before.sent.messages[0].content[0].image_url.url, dataOf(cat));

      const second = await upload(own, cat, { type: "text/plain" });
      await own.restart();

      assert.equal(second.json.media_type, "image/png");
      assert.deepEqual((await own.get("/v1/threads/t/runs/r1/context")).json, before);
      await applied(own, "t", asks("r2", "And now?"));
      await ended(own, "t", "r2");
      assert.deepEqual(model.sent()[0], before.sent.messages[0]);
    } finally {
      await own.dispose();
      model.dispose();
    }
  });

  test("A name is one line: in the thread, an export, a terminal and a download", async () => {
    const { uri, hash } = (await upload(server, picture(100))).json;
    const name = "a\r\n# b\u2028c\u001b[31m\u202egpj.png";
    await applied(server, "named", puts("m", [file(uri, { name, media_type: "image/png\n" })]));

    const clean = "a  # b c [31mgpj.png";
    assert.deepEqual((await lastOf(server, "named")).parts[0], file(uri, { media_type: "image/png ", name: clean }));
    const markdown = (await execute(binary, ["export", "--data", server.data, "--format", "markdown", "named"])).stdout;
    const line = markdown.split("\n").find((it) => it.startsWith("File: "));
    assert.match(line, /a .*b c .*gpj\.png\]\(<blob:sha256-[0-9a-f]{64}>\)$/);
    const shown = (await execute(binary, ["show", "--data", server.data, "named"])).stdout;
    assert.ok(shown.split("\n").some((it) => it.includes(clean)), shown);
    assert.doesNotMatch(shown, /[\u001b\u2028\u202e]/);
    assert.equal((await call(server, `/v1/blobs/${hash}`)).headers["content-disposition"], "inline");
  });

  test("Pages of allowed origins may ask for ranges and read their answers", async () => {
    const own = await Server.start({ name: "made-origins", config: { origins: ["https://chat.example"], agents: { default: { kind: "push" } } } });
    try {
      const { hash } = (await upload(own, picture(1000))).json;
      const origin = { origin: "https://chat.example" };
      const asked = { ...origin, "access-control-request-method": "GET", "access-control-request-headers": "authorization,range,if-range" };
      const before = await call(own, `/v1/blobs/${hash}`, { method: "OPTIONS", headers: asked });
      const allowed = before.headers["access-control-allow-headers"].toLowerCase().split(", ");
      for (const name of ["authorization", "range", "if-range", "if-none-match", "if-match"]) assert.ok(allowed.includes(name), name);

      const piece = await call(own, `/v1/blobs/${hash}`, { headers: { ...origin, range: "bytes=5-9" } });

      assert.deepEqual([piece.status, piece.headers["access-control-allow-origin"]], [206, "https://chat.example"]);
      const exposed = piece.headers["access-control-expose-headers"].split(", ");
      for (const name of ["Accept-Ranges", "Content-Range", "ETag"]) assert.ok(exposed.includes(name), name);
      assert.equal((await call(own, `/v1/blobs/${hash}`, { headers: { origin: "https://evil.example" } })).headers["access-control-expose-headers"], undefined);
    } finally {
      await own.dispose();
    }
  });
});

describe("Files of what a worker has claimed", { timeout: 120_000 }, () => {
  const folder = temporaryFolder("made-tokens");
  const tokens = join(folder, "tokens");
  const token = (name, ...options) => JSON.parse(execFileSync(binary, ["token", "create", name, ...options, "--file", tokens, "--json"])).token;
  const ada = { headers: bearer(token("ada", "--user", "ada")) };
  const bob = { headers: bearer(token("bob", "--user", "bob")) };
  const produces = token("w1", "--produce", "work");
  const other = token("w2", "--produce", "other");
  let server;
  before(async () => {
    server = await Server.start({ name: "made-claims", config: { tokens, agents: { default: { kind: "push" }, work: { kind: "worker" }, other: { kind: "worker" } } } });
  });
  after(async () => {
    await server?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });
  const worker = { headers: bearer(produces) };
  const get = (path, { headers } = worker, more = {}) => call(server, path, { headers: { ...headers, ...more } });
  const claimOf = async (user, thread, run, parts) => {
    const start = asks(run, "", { agent: "work", input: [{ id: `${run}-asked`, parts }] });
    assert.equal((await sync(server, thread, [start], user)).json.outcomes[0].outcome, "applied");
    return claimed(run, { lease: 1 });
  };
  // Ends the runs of other tests, whose leases are lost.
  const claimed = async (run, how) => {
    for (;;) {
      const job = await new Worker(server, produces, ["work"], how).claim();
      if (job.run === run) return job;
      await end(job);
    }
  };
  const end = (job) => job.write(opens(`${job.run}-end`), ends(`${job.run}-end`), finishes());

  test("A claim has an address for each file, which reads it whole and in pieces", async () => {
    const cat = picture(2_000_000);
    const { uri, hash } = (await upload(server, cat, ada)).json;

    const job = await claimOf(ada, "files", "r-files", [file(uri, { name: "cat.png" }), file(uri), { type: "text", text: "What is it?" }]);

    assert.deepEqual(job.context.files, [{ uri, url: `/v1/claims/${job.claim}/blobs/${hash}` }]);
    assert.ok(JSON.stringify(job).length < 20_000, "the claim has no bytes of files");
    const { url } = job.context.files[0];
    const whole = await get(url);
    assert.deepEqual([whole.status, whole.headers["content-type"], whole.headers.etag], [200, "image/png", `"${hash}"`]);
    assert.deepEqual(whole.bytes, cat);
    const piece = await get(url, worker, { range: "bytes=1000000-1000009" });
    assert.deepEqual([piece.status, piece.headers["content-range"]], [206, "bytes 1000000-1000009/2000008"]);
    assert.deepEqual(piece.bytes, cat.subarray(1_000_000, 1_000_010));
    assert.equal((await get(url, worker, { range: "bytes=2000008-" })).status, 416);
    await end(job);
    assert.deepEqual([(await get(url)).status, (await get(url)).json.code], [409, "fenced"], "the run has ended");
  });

  test("A claim tells nothing of files that it does not name", async () => {
    const mine = (await upload(server, picture(1000), ada)).json;
    const unnamed = (await upload(server, picture(1001), ada)).json;
    const bobs = (await upload(server, picture(1002), bob)).json;
    const first = await claimOf(ada, "one", "r-one", [file(mine.uri)]);
    const second = await claimOf(bob, "two", "r-two", [file(bobs.uri)]);
    const at = (job, name) => `/v1/claims/${job.claim}/blobs/${name}`;

    const nobody = await get(at(first, `sha256-${"0".repeat(64)}`));

    assert.deepEqual([nobody.status, nobody.json.code], [404, "unknown_blob"]);
    for (const [job, name] of [[first, unnamed.hash], [first, bobs.hash], [second, mine.hash], [first, "x"], [first, mine.hash.toUpperCase()]]) {
      assert.deepEqual((await get(at(job, name))).json, nobody.json, name);
    }
    for (const [path, who, status, code] of [
      [at(first, mine.hash), ada, 403, "forbidden"],
      [at(first, mine.hash), { headers: {} }, 401, "unauthorized"],
      [at(first, mine.hash), { headers: bearer(other) }, 403, "forbidden"],
      [`/v1/blobs/${mine.hash}`, worker, 403, "forbidden"],
      [`/v1/claims/none/blobs/${mine.hash}`, worker, 422, "invalid"],
    ]) {
      const answer = await get(path, who);
      assert.deepEqual([answer.status, answer.json.code], [status, code], path);
    }
    // Naming one in a step opens it neither.
    const refused = await first.write(opens("peek"), starts("peek", 0, file(unnamed.uri))).catch((error) => error);
    const absent = await first.send([{ seq: 1, ...opens("peek") }, { seq: 2, ...starts("peek", 0, file(`blob:sha256-${"0".repeat(64)}`)) }]).catch((error) => error);
    assert.deepEqual([refused.code, absent.code], ["unknown_blob", "unknown_blob"]);
    assert.equal(refused.problem.detail.replace(unnamed.hash, ""), absent.problem.detail.replace(/sha256-0+/, ""));
    assert.equal((await get(at(first, unnamed.hash))).status, 404);
    // Another claim has the run: the former one opens nothing, whether it is there or not.
    const again = await new Worker(server, produces, ["work"], { lease: 30, wait: 10 }).claim();
    const fenced = again.run === "r-one" ? first : second;
    const own = again.run === "r-one" ? mine : bobs;
    const answers = await Promise.all([own.hash, unnamed.hash, `sha256-${"0".repeat(64)}`].map((name) => get(at(fenced, name))));
    assert.deepEqual(answers.map((it) => [it.status, it.json.code]), Array(3).fill([409, "fenced"]));
    assert.deepEqual(answers.map((it) => it.json.detail), Array(3).fill(answers[0].json.detail));
    assert.equal((await get(at(again, own.hash))).status, 200);
  });

  test("Nor of other messages of its thread", async () => {
    const mine = (await upload(server, picture(1010), ada)).json;
    const secret = (await upload(server, picture(1011), ada)).json;
    const late = (await upload(server, picture(1012), ada)).json;
    await sync(server, "branches", [puts("beside", [file(secret.uri)])], ada);
    const start = asks("r-branch", "", { agent: "work", parent: null, input: [{ id: "branch", parts: [file(mine.uri)] }] });
    assert.equal((await sync(server, "branches", [start], ada)).json.outcomes[0].outcome, "applied");
    const job = await claimed("r-branch", { lease: 30 });
    await sync(server, "branches", [puts("meanwhile", [file(late.uri)], { parent: "branch" })], ada);

    assert.deepEqual(job.context.files.map((it) => it.uri), [mine.uri]);
    for (const other of [secret, late]) {
      assert.equal((await get(`/v1/claims/${job.claim}/blobs/${other.hash}`)).status, 404);
      const named = await job.send([{ seq: 1, ...opens("peek") }, { seq: 2, ...starts("peek", 0, file(other.uri)) }]).catch((error) => error);
      assert.equal(named.code, "unknown_blob");
    }
    await end(job);
  });

  test("The files of a former attempt are among them", async () => {
    const dog = picture(50_000);
    const job = await claimOf(ada, "went-on", "r-went-on", [{ type: "text", text: "Draw." }]);
    await job.write(opens("dog"), starts("dog", 0, file(dataOf(dog))));

    const next = await claimed("r-went-on", { lease: 30 });

    assert.deepEqual(next.written[0].parts, [blobOf(dog)]);
    assert.equal(next.context.files[0].uri, `blob:${hashOf(dog)}`);
    assert.deepEqual((await get(next.context.files[0].url)).bytes, dog);
    assert.deepEqual((await get(`/v1/blobs/${hashOf(dog)}`, ada)).bytes, dog, "it is the user's");
    await next.write(ends("dog"), finishes());
  });
});
