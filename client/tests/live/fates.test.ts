// SPDX-License-Identifier: Apache-2.0
// fates.test.ts: tokens, and a server that is restored to an earlier state.

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { afterEach, describe, expect, test } from "vitest";

import { indexedDbStore } from "../../src/index.js";
import { agree, Scene, shown, textsOf } from "./lib/scene.js";
import { Server, until } from "./lib/server.js";

globalThis.IDBKeyRange ??= IDBKeyRange;

const push = { agent: "push" };

describe("with a server of its own", { timeout: 20_000 }, () => {
  let server: Server;
  let scene: Scene;

  const start = async (options: Parameters<typeof Server.start>[0] = {}) => {
    server = await Server.start(options);
    scene = new Scene(server);
  };
  afterEach(async () => {
    await scene?.dispose();
    await server?.dispose();
  });

  test("after a restore lost messages are shown and offered, and pending changes are sent", async () => {
    await start();
    const id = scene.fresh();
    const { live, network } = scene.front(id);
    await live.sendMessage("one", push);
    await until(() => live.view.run !== null, "it runs");
    await scene.answer(id, live.view.run?.id ?? "", ["answer one"]);
    await agree(server, live);
    server.backUp();
    const second = await live.sendMessage("two", push);
    if (!second.ok) throw new Error(second.code);
    await scene.answer(id, second.run, ["answer two"]);
    await agree(server, live);
    network.goDown();
    const offline = live.update({ title: "said on what is lost" });
    await server.restore();
    network.down = false;
    expect((await offline).ok).toBe(true);
    expect(shown(live)).toEqual(["one", "answer one"]);
    expect(live.view.lost.map((it) => it.role)).toEqual(["user", "assistant"]);
    expect((await live.offerLost()).ok).toBe(true);
    await agree(server, live);
    expect(shown(live)).toEqual(["one", "answer one", "two", "answer two"]);
    expect(live.view.lost).toEqual([]);
    const other = scene.front(id);
    await agree(server, live, other.live);
    expect((await server.read(id)).thread.title).toBe("said on what is lost");
  });

  test("a server that lacks a thread does not remove it from the client", async () => {
    await start();
    server.backUp();
    const { live, network } = scene.front(scene.fresh());
    const sent = await live.sendMessage("only here", push);
    if (!sent.ok) throw new Error(sent.code);
    await scene.answer(live.id, sent.run, ["an answer"]);
    await agree(server, live);
    network.goDown();
    await server.restore();
    network.down = false;
    await until(() => live.view.lost.length === 2, "all of it is lost");
    expect((await live.offerLost()).ok).toBe(true);
    await agree(server, live);
    expect(shown(live)).toEqual(["only here", "an answer"]);
  });

  test("lost messages stay lost over a reload, until the user gives them up", async () => {
    await start();
    const indexedDB = new IDBFactory();
    const store = () => indexedDbStore("lost", { indexedDB, turns: true });
    const id = scene.fresh();
    const first = scene.front(id, { store: store() });
    await first.live.edit("before", "before the backup");
    await agree(server, first.live);
    server.backUp();
    await first.live.edit("after", "after the backup");
    await agree(server, first.live);
    first.network.goDown();
    await server.restore();
    first.network.down = false;
    first.client.reconnect();
    await until(() => first.live.view.lost.length === 1, "it is lost");
    await first.client.close();

    const second = scene.front(id, { store: store() });
    await agree(server, second.live);
    expect(textsOf(second.live.view.lost)).toEqual(["after the backup"]);
    second.live.forgetLost();
    expect(second.live.view.lost).toEqual([]);
    await second.client.close();

    const third = scene.front(id, { store: store() });
    await agree(server, third.live);
    expect(third.live.view.lost).toEqual([]);
  });

  test("a token opens the connection, a wrong one gets an error that names it", async () => {
    await start({ tokens: true });
    let token = "wrong";
    const asked: string[] = [];
    const source = () => {
      asked.push(token);
      return token;
    };
    const { live, client } = scene.front(scene.fresh(), { token: source });
    await until(() => client.connection.state === "unauthorized", "it is refused");
    expect(asked).toEqual(["wrong", "wrong"]);
    const sending = live.sendMessage("kept", push);
    token = server.token ?? "";
    client.reconnect();
    expect((await sending).ok).toBe(true);
    expect(client.connection.state).toBe("online");
    // A socket can't carry a token, so it is opened with a ticket.
    const headers = { authorization: `Bearer ${token}` };
    const ticket = await fetch(`${server.url}/v1/tickets`, { method: "POST", headers });
    expect(client.connection.transport).toBe(ticket.ok ? "websocket" : "sse");
    const none = scene.front(scene.fresh());
    await until(() => none.client.connection.state === "unauthorized", "none is refused, too");
  });
});
