// behaviour.test.ts: the client against the real server.

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { connect, memoryStore } from "../../src/index.js";
import type { Client, LiveThread, Options } from "../../src/types.js";
import { fastClock } from "./lib/network.js";
import { noBinary, Server, until } from "./lib/server.js";

const textOf = (thread: LiveThread) =>
  thread.view.messages.map((message) =>
    message.parts.map((part) => ("text" in part ? part.text : "")).join(""),
  );

describe.skipIf(noBinary)("with a real server", { timeout: 20_000 }, () => {
  let server: Server;
  const clients: Client[] = [];
  let threads = 0;

  const open = (options: Options = {}) => {
    const client = connect({ url: server.url, store: memoryStore(), clock: fastClock, ...options });
    clients.push(client);
    return client;
  };
  const fresh = () => `thread-${++threads}`;

  beforeAll(async () => {
    server = await Server.start();
  }, 30_000);
  afterAll(async () => {
    for (const client of clients) await client.close();
    await server.dispose();
  });

  test.each(["websocket", "sse"] as const)("a message is answered over %s", async (transport) => {
    const thread = open({ transport }).thread(fresh());
    const stop = thread.subscribe(() => undefined);
    const sending = thread.sendMessage("Why is the sky blue?");
    expect(textOf(thread)).toEqual(["Why is the sky blue?"]);
    expect(thread.view.messages[0]?.pending).toBe("new");
    const sent = await sending;
    expect(sent.ok).toBe(true);
    await until(() => thread.view.status === "ready" && thread.view.messages.length === 2, "an answer");
    const { messages } = await server.read(thread.id);
    expect(thread.view.messages.map(({ pending: _, branches: __, ...it }) => it)).toEqual(messages);
    expect(thread.view.pending).toBe(0);
    stop();
  });
});
