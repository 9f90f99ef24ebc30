// SPDX-License-Identifier: Apache-2.0
// scene.ts: the fronts of one test, a producer, and a check that they agree.

import { afterAll, beforeAll, expect } from "vitest";

import { connect, memoryStore } from "../../../src/index.js";
import type { Client, LiveThread, Options } from "../../../src/types.js";
import type { Message } from "../../../src/wire.js";
import { fastClock, Network } from "./network.js";
import { pause, Server, until } from "./server.js";

export class Scene {
  readonly server: Server;
  readonly #clients: Client[] = [];
  #threads = 0;

  constructor(server: Server) {
    this.server = server;
  }

  open(options: Options = {}, network?: Network): Client {
    const wires = network && { WebSocket: network.WebSocket, fetch: network.fetch };
    const client = connect({
      url: this.server.url,
      store: memoryStore(),
      clock: fastClock,
      ...wires,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** A front that follows: the thread, its network, and its client. */
  front(thread: string, options: Options = {}, seed = 1) {
    const network = new Network(seed);
    const client = this.open(options, network);
    const live = client.thread(thread);
    live.subscribe(() => void live.view);
    return { network, client, live };
  }

  fresh(): string {
    return `thread-${++this.#threads}`;
  }

  /** Writes an answer in steps; resolves when the run has ended in any way. */
  async answer(thread: string, run: string, words: readonly string[], gap = 0): Promise<string> {
    const message = `answer-${run}`;
    let seq = 0;
    const write = async (...steps: readonly object[]) => {
      const numbered = steps.map((step) => ({ seq: ++seq, ...step }));
      return (await this.server.steps(thread, run, numbered)).status;
    };
    const part = { type: "part_started", message, part: 0, value: { type: "text", text: "" } };
    const first = await write({ type: "message_created", message: { id: message } }, part);
    if (first !== 200) return message;
    for (const text of words) {
      if ((await write({ type: "content_appended", message, text })) !== 200) return message;
      if (gap > 0) await pause(gap);
    }
    await write({ type: "message_ended", message }, { type: "run_ended" });
    return message;
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients) await client.close();
  }
}

/** Makes a server and a scene for the tests of a `describe`. */
export function staged(told: (stage: { readonly server: Server; readonly scene: Scene }) => void) {
  let server: Server | undefined;
  let scene: Scene | undefined;
  beforeAll(async () => {
    server = await Server.start();
    scene = new Scene(server);
    told({ server, scene });
  }, 30_000);
  afterAll(async () => {
    // Both are missing if the server did not start.
    await scene?.dispose();
    await server?.dispose();
  });
}

/** Options of a turn whose answer the test writes. */
export const push = { agent: "push" };
export const words = (count: number) => Array.from({ length: count }, (_, at) => `word${at} `);

export const textsOf = (messages: readonly Message[]) =>
  messages.map(({ parts }) => parts.map((part) => ("text" in part ? part.text : "")).join(""));

export const shown = (live: LiveThread) => textsOf(live.view.messages);

/** The server's path from the root to the head, without messages that fronts do not show. */
export async function served(server: Server, thread: string): Promise<readonly Message[]> {
  const { thread: held, messages } = await server.read(thread);
  const byId = new Map(messages.map((it) => [it.id, it]));
  const path: Message[] = [];
  for (let at = held.head; at !== null;) {
    const message = byId.get(at);
    if (message === undefined) break;
    path.unshift(message);
    at = message.parent;
  }
  return path;
}

const plain = (live: LiveThread) =>
  live.view.messages.map(({ pending: _, branches: __, ...message }) => message);

const visible = (path: readonly Message[], ids: ReadonlySet<string>) =>
  path.filter((it) => ids.has(it.id) || textsOf([it])[0] !== "" || it.status !== "stopped");

/** Waits until no front has pending changes and all show the same as the server. */
export async function agree(server: Server, ...lives: readonly LiveThread[]): Promise<void> {
  await until(async () => {
    if (lives.some((it) => it.view.pending > 0 || it.view.run !== null)) return false;
    const { cursor } = await server.read(lives[0]?.id ?? "");
    return lives.every((it) => it.view.cursor === cursor);
  }, "all fronts are at the server's cursor");
  for (const live of lives) {
    const ids = new Set(live.view.messages.map((it) => it.id));
    expect(plain(live)).toEqual(visible(await served(server, live.id), ids));
  }
}
