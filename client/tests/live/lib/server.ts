// SPDX-License-Identifier: Apache-2.0
// server.ts: the real binary, on a free port, with agents that need no network.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import type { Message, Run, Thread } from "../../../src/wire.js";

const binary = resolve(process.env["LOCKSTEP_BINARY"] ?? "../build/release/lockstep");

/** The path of the binary. Throws without one: a skipped test would look like one that passed. */
export function existing(path: string): string {
  if (existsSync(path)) return path;
  throw new Error(
    `There is no server at ${path}, and this test needs one. Build it (cmake --preset all && ` +
      `cmake --build build/release --target lockstep), or name another in LOCKSTEP_BINARY.`,
  );
}

const configuration = `
[agents.default]
kind = "demo"
[agents.push]
kind = "push"
`;

export interface Reading {
  readonly thread: Thread;
  readonly messages: readonly Message[];
  readonly runs: readonly Run[];
  readonly cursor: string;
  readonly digest: string;
}

export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), "lockstep-client-"));
  port = 0;
  #child: ChildProcess | null = null;
  #data = "data";
  /** The token of its users, if it wants one. */
  token: string | null = null;

  static async start(options: { readonly tokens?: boolean } = {}): Promise<Server> {
    existing(binary);
    const server = new Server();
    server.port = await freePort();
    let settings = configuration;
    if (options.tokens === true) {
      const file = join(server.folder, "tokens.toml");
      server.token = server.run("token", "create", "test", "--user", "test", "--file", file);
      settings = `tokens = ${JSON.stringify(file)}\n${settings}`;
    }
    writeFileSync(join(server.folder, "lockstep.toml"), settings);
    await server.launch();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async launch(): Promise<void> {
    const data = join(this.folder, this.#data);
    const config = join(this.folder, "lockstep.toml");
    const listen = `127.0.0.1:${this.port}`;
    const flags = ["serve", "--data", data, "--listen", listen, "--config", config];
    const child = spawn(binary, flags, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    let said = "";
    child.stderr?.on("data", (text: Buffer) => (said += text.toString()));
    for (let attempt = 0; attempt < 400; attempt += 1) {
      if (child.exitCode !== null) throw new Error(`the server ended:\n${said}`);
      const ready = await fetch(`${this.url}/readyz`).catch(() => null);
      if (ready?.status === 200) return;
      await pause(25);
    }
    throw new Error(`the server does not get ready:\n${said}`);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((over) => child.once("exit", over));
    child.kill("SIGKILL");
    await gone;
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs another verb of the binary; returns its output. */
  run(...command: readonly string[]): string {
    return execFileSync(binary, command, { encoding: "utf8" }).trim();
  }

  backUp(): void {
    this.run(
      "backup",
      "--data",
      join(this.folder, this.#data),
      "--to",
      join(this.folder, "backups"),
    );
  }

  /** Restores the backup: later entries are gone. */
  async restore(): Promise<void> {
    await this.kill();
    this.#data = "restored";
    const data = join(this.folder, this.#data);
    this.run("restore", "--from", join(this.folder, "backups"), "--data", data);
    await this.launch();
  }

  async read(thread: string): Promise<Reading> {
    const headers: HeadersInit =
      this.token === null ? {} : { authorization: `Bearer ${this.token}` };
    const answer = await fetch(`${this.url}/v1/threads/${thread}`, { headers });
    if (!answer.ok) throw new Error(`GET ${thread}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Reading;
  }

  async steps(thread: string, run: string, steps: readonly object[]): Promise<Response> {
    return fetch(`${this.url}/v1/threads/${thread}/runs/${run}/steps?attempt=1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ steps }),
    });
  }
}

export const pause = (milliseconds: number) =>
  new Promise<void>((over) => setTimeout(over, milliseconds));

/** Waits until the condition holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  within = 15_000,
): Promise<void> {
  const end = Date.now() + within;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`it does not come to be: ${what}`);
    await pause(5);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolvePort(port));
    });
  });
}
