// SPDX-License-Identifier: Apache-2.0
// server.mjs: starts, kills and restarts the real binary.
//
// LOCKSTEP_BINARY names it; the default is build/release/lockstep. A server keeps its data folder
// and its port over restarts, so that fronts come back to the address that they know.

import { spawn } from "node:child_process";
import { createWriteStream, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";

import { request } from "./http.mjs";
import { freePort } from "./ports.mjs";
import { keepAnEyeOn, temporaryFolder } from "./tidy.mjs";
import { until, within } from "./wait.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
export const binary = resolve(process.env.LOCKSTEP_BINARY ?? join(root, "build/release/lockstep"));

// Agents by name: { kind, base_url?, model?, … }, as in the configuration file.
export function toml({ agents = {}, ...settings }) {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  for (const [name, agent] of Object.entries(agents)) {
    lines.push("", `[agents.${name}]`);
    const [plain, tables] = [[], []];
    for (const [key, value] of Object.entries(agent)) {
      (typeof value === "object" && !Array.isArray(value) ? tables : plain).push([key, value]);
    }
    for (const [key, value] of plain) lines.push(`${key} = ${JSON.stringify(value)}`);
    for (const [key, table] of tables) {
      lines.push(`[agents.${name}.${key}]`);
      for (const [member, value] of Object.entries(table)) lines.push(`${member} = ${JSON.stringify(value)}`);
    }
  }
  return lines.join("\n") + "\n";
}

// The usual three: a model server behind `default`, and one agent each of the kinds that need none.
export const usualAgents = (aimock) => ({
  default: { kind: "openai", base_url: `${aimock.url}/v1`, model: "mock-model" },
  demo: { kind: "demo" },
  push: { kind: "push" },
});

export class Server {
  // `prepare`: called with the data folder before the first start. `env`: more variables for the binary.
  static async start({ name = "server", config = {}, prepare, env } = {}) {
    if (!existsSync(binary)) throw new Error(`no binary at ${binary}: build it, or set LOCKSTEP_BINARY`);
    const server = new Server();
    server.folder = temporaryFolder(name);
    server.env = env;
    server.data = join(server.folder, "data");
    server.configFile = join(server.folder, "lockstep.toml");
    server.logFile = join(server.folder, "stderr.log");
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}`;
    writeFileSync(server.configFile, toml(config));
    await prepare?.(server.data);
    await server.launch();
    return server;
  }

  arguments() {
    const listen = `127.0.0.1:${this.port}`;
    return ["serve", "--data", this.data, "--listen", listen, "--config", this.configFile];
  }

  async launch() {
    const env = { ...process.env, ...this.env };
    const child = spawn(binary, this.arguments(), { stdio: ["ignore", "pipe", "pipe"], env });
    keepAnEyeOn(child);
    this.child = child;
    const exit = new Promise((over) => child.once("exit", (code, signal) => over({ code, signal })));
    const log = createWriteStream(this.logFile, { flags: "a" });
    child.stderr.pipe(log);
    // Gone, and its last words are in the file.
    this.exited = Promise.all([exit, finished(log)]).then(([how]) => how);
    this.printed = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text) => (this.printed += text));
    const died = this.exited.then((how) => {
      throw new Error(`the server ended at its start (${JSON.stringify(how)}):\n${this.log()}`);
    });
    died.catch(() => {});
    const ready = Promise.race([this.ready(child), died]);
    await within(ready, "the server is ready", 30_000).catch((error) => {
      child.kill("SIGKILL");
      throw error;
    });
  }

  async ready(child) {
    await until(
      async () => {
        if (child.exitCode !== null || child.signalCode !== null) return true;
        return request(`${this.url}/readyz`, { timeoutMs: 2000 }).then(
          (answer) => answer.status === 200,
          () => false,
        );
      },
      "/readyz answers 200",
      { withinMs: 29_000 },
    );
  }

  log() {
    return existsSync(this.logFile) ? readFileSync(this.logFile, "utf8").slice(-4000) : "";
  }

  get pid() {
    return this.child.pid;
  }

  // kill -9: no warning, no flush.
  async kill() {
    this.child.kill("SIGKILL");
    return within(this.exited, "the killed server is gone");
  }

  // SIGTERM, and how it exited.
  async terminate(ms = 12_000) {
    this.child.kill("SIGTERM");
    return within(this.exited, "the server exits after SIGTERM", ms);
  }

  async restart() {
    await this.kill();
    await this.launch();
  }

  // The end of a test: kills the server and removes its files.
  async dispose() {
    await this.kill();
    if (!process.env.LOCKSTEP_E2E_KEEP) rmSync(this.folder, { recursive: true, force: true });
  }

  // --- Plain requests ----------------------------------------------------------------------------

  get(path, options = {}) {
    return request(`${this.url}${path}`, options);
  }

  post(path, body, options = {}) {
    return request(`${this.url}${path}`, { method: "POST", body, ...options });
  }

  // State now, or at a timestamp: { thread, messages, runs, cursor, digest }.
  async read(thread, at) {
    const query = at === undefined ? "" : `?at=${at}`;
    const answer = await this.get(`/v1/threads/${thread}${query}`);
    if (answer.status !== 200) throw new Error(`GET ${thread}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  // The whole log of a thread as the text of its NDJSON lines.
  async logOf(thread, query = "") {
    const headers = { accept: "application/x-ndjson" };
    const answer = await this.get(`/v1/threads/${thread}/events${query}`, { headers });
    if (answer.status !== 200) throw new Error(`events of ${thread}: ${answer.status} ${answer.text}`);
    return answer.text;
  }
}
