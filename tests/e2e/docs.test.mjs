// SPDX-License-Identifier: Apache-2.0
// docs.test.mjs: types the commands of the documents into a shell. Only the server's port, the data
// folder and the binary's path differ.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Server, binary } from "./lib/server.mjs";
import { keepAnEyeOn } from "./lib/tidy.mjs";
import { until } from "./lib/wait.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

// The indented lines of a document behind the one that ends so.
function example(file, ending) {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const before = lines.findIndex((line) => line.endsWith(ending));
  assert.notEqual(before, -1, `${file} says: ${ending}`);
  assert.equal(lines[before + 1], "");
  const rest = lines.slice(before + 2);
  const end = rest.findIndex((line) => !line.startsWith("    "));
  return rest.slice(0, end).map((line) => line.slice(4) + "\n").join("");
}

async function typed(script, server) {
  const own = script
    .replaceAll("127.0.0.1:7717", `127.0.0.1:${server.port}`)
    .replaceAll("./data", server.data)
    .replaceAll("build/release/lockstep", binary);
  const options = { cwd: server.folder, env: { ...process.env, NO_COLOR: "1" } };
  const { stdout } = await promisify(execFile)("bash", ["-c", own], options);
  return stdout;
}

async function serving(config, use) {
  const server = await Server.start({ name: "docs", config });
  try {
    await use(server);
  } finally {
    await server.dispose();
  }
}

test("The README's first lines stop an answer where the user saw it, and replay it", () =>
  serving({}, async (server) => {
    const script = example("README.md", "With `scripts/serve` running, in another terminal:");

    const said = await typed(script, server);

    const answer = JSON.parse(said.split("\n")[0]);
    assert.equal(answer.outcomes[0].outcome, "applied");
    const { messages } = await server.read("tea");
    assert.equal(messages.at(-1).status, "stopped");
    assert.ok(said.includes("stopped"), said);
  }));

test("The protocol's writer of steps streams a run to its end", () => {
  const agent = example("docs/protocol.md", "in a file that the server is started with (`scripts/serve --config push.toml`):");
  assert.equal(agent, '[agents.mine]\nkind = "push"\n');
  return serving({ agents: { mine: { kind: "push" } } }, async (server) => {
    const script = example("docs/protocol.md", "front of the thread shows as it comes.");

    const lines = (await typed(script, server)).trim().split("\n").map((line) => JSON.parse(line));

    assert.equal(lines[0].outcomes[0].outcome, "applied");
    assert.deepEqual(lines.slice(1, -1).map(({ seq }) => seq), [1, 2, 3, 4, 5, 6, 7]);
    const { messages, runs } = lines.at(-1);
    assert.deepEqual(messages.at(-1).parts, [{ type: "text", text: "Flour, water, salt, and time. " }]);
    assert.equal(messages.at(-1).status, "complete");
    assert.equal(runs[0].status, "completed");
  });
});

test("The manual's worker goes on behind one that was killed", () =>
  serving({ agents: { mine: { kind: "worker" } } }, async (server) => {
    const program = example("docs/agents.md", "word by word. Run several, and kill one in the middle:");
    const file = join(server.folder, "worker.py");
    const own = program.replaceAll("127.0.0.1:7717", `127.0.0.1:${server.port}`);
    writeFileSync(file, own.replace('"wait_seconds": 20', '"wait_seconds": 20, "lease_seconds": 1'));
    const work = () => {
      const worker = spawn("python3", [file], { stdio: ["ignore", "inherit", "inherit"] });
      keepAnEyeOn(worker);
      return worker;
    };
    const first = work();
    const change = { type: "start_run", run: "r1", agent: "mine", input: [{ parts: [{ type: "text", text: "one two three four" }, { type: "file", uri: "data:,hello%20you" }] }] };
    const headers = { accept: "application/json" };
    await server.post("/v1/threads/tea/sync", { changes: [change], follow: "none" }, { headers });
    const answer = async () => (await server.read("tea")).messages[1]?.parts[0]?.text ?? "";
    await until(async () => (await answer()).startsWith("You said: one"), "it has begun");
    first.kill("SIGKILL");
    const second = work();

    await until(async () => (await server.read("tea")).runs[0].status === "completed", "the run is over");

    assert.equal(await answer(), "You said: one two three four (9 bytes) ", "it has read the file");
    second.kill("SIGKILL");
  }));
