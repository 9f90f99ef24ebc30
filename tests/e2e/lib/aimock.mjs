// SPDX-License-Identifier: Apache-2.0
// aimock.mjs: a foreign model server.
//
// @copilotkit/aimock speaks Chat Completions on loopback at a settable pace, and keeps a journal of
// the exact requests. A key in the last user message chooses the answer.

import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { request } from "./http.mjs";
import { freePort } from "./ports.mjs";
import { keepAnEyeOn, temporaryFolder } from "./tidy.mjs";
import { until, within } from "./wait.mjs";

// LOCKSTEP_AIMOCK: its cli.js, if it is not installed next to these tests.
function commandLine() {
  if (process.env.LOCKSTEP_AIMOCK) return process.env.LOCKSTEP_AIMOCK;
  const main = createRequire(import.meta.url).resolve("@copilotkit/aimock");
  return join(dirname(main), "cli.js");
}

export const keyed = (key) => `[${key}]`;

// One answer: `key` in the user's message brings `content`, so many units a chunk, so many chunks a second.
export function answer(key, content, { chunkSize = 4, tps = 25, ttft = 30, ...more } = {}) {
  return {
    match: { userMessage: keyed(key) },
    response: typeof content === "string" ? { content } : content,
    chunkSize,
    streamingProfile: { ttft, tps },
    ...more,
  };
}

export class Aimock {
  static async start(fixtures) {
    const aimock = new Aimock();
    const file = join(temporaryFolder("aimock"), "fixtures.json");
    writeFileSync(file, JSON.stringify({ fixtures }));
    aimock.port = await freePort();
    aimock.url = `http://127.0.0.1:${aimock.port}`;
    const cli = commandLine();
    if (!existsSync(cli)) throw new Error(`no aimock at ${cli}: npm ci in tests/e2e`);
    const options = ["-p", aimock.port, "-f", file, "--journal-max", 0, "--log-level", "warn"];
    aimock.child = keepAnEyeOn(
      spawn(process.execPath, [cli, ...options.map(String)], { stdio: ["ignore", "ignore", "inherit"] }),
    );
    aimock.exited = new Promise((over) => aimock.child.once("exit", over));
    const healthy = () => request(`${aimock.url}/__aimock/health`).then((it) => it.status === 200, () => false);
    await until(healthy, "aimock is healthy");
    return aimock;
  }

  async journal() {
    return (await request(`${this.url}/__aimock/journal`)).json;
  }

  // The `messages` of every request to the model whose last user message holds the key.
  static sentFor(journal, key) {
    return journal
      .filter((entry) => Array.isArray(entry.body?.messages))
      .filter((entry) => lastUserText(entry.body.messages).split("\n\n").at(-1).includes(keyed(key)))
      .map((entry) => entry.body.messages.map(plain));
  }

  async dispose() {
    this.child.kill("SIGKILL");
    await within(this.exited, "aimock is gone");
  }
}

// The turn of an answer that has no text.
export const silentTurn = (status) => ({
  role: "assistant",
  text: status === "stopped" ? "[The answer was stopped before its first word.]" : "[The answer was empty.]",
});

// The messages of a request for this path, of `{ role, text, status }`: neighbours of one role are joined.
export function sentOf(path) {
  const sent = [];
  for (const { role, text, status } of path) {
    const turn = text || role !== "assistant" ? { role, text } : silentTurn(status);
    if (sent.at(-1)?.role === role) sent.at(-1).text += `\n\n${turn.text}`;
    else sent.push(turn);
  }
  return sent;
}

// A message's role and text, whichever of the two forms of `content` was sent.
function plain(message) {
  const { role, content } = message;
  const text = Array.isArray(content) ? content.map((part) => part.text ?? "").join("") : (content ?? "");
  const calls = message.tool_calls?.map((call) => ({ id: call.id, ...call.function }));
  return { role, text, ...(calls && { calls }), ...(message.tool_call_id && { call: message.tool_call_id }) };
}

function lastUserText(messages) {
  const last = messages.findLast((message) => message.role === "user");
  return last ? plain(last).text : "";
}
