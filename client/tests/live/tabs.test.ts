// SPDX-License-Identifier: Apache-2.0
// tabs.test.ts: several tabs of one browser.

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { indexedDbStore } from "../../src/index.js";
import { FakeLocks } from "./lib/locks.js";
import { agree, push, type Scene, shown, staged, words } from "./lib/scene.js";
import { type Server, until } from "./lib/server.js";

globalThis.IDBKeyRange ??= IDBKeyRange;

describe("tabs of one browser", { timeout: 20_000 }, () => {
  let server: Server;
  let scene: Scene;
  let browsers = 0;

  beforeAll(() => {
    Object.defineProperty(navigator, "locks", { value: new FakeLocks(), configurable: true });
  });
  staged((stage) => ({ server, scene } = stage));
  afterAll(() => Reflect.deleteProperty(navigator, "locks"));

  /** Opens tabs that show one thread; each has its own network, which counts its sockets. */
  const browser = (turns = true) => {
    const name = `browser-${++browsers}`;
    const indexedDB = new IDBFactory();
    const thread = scene.fresh();
    return {
      thread,
      tab: () => scene.front(thread, { store: indexedDbStore(name, { indexedDB, turns }) }),
    };
  };

  test("three tabs have one device, one socket and one view", async () => {
    const { tab } = browser();
    const tabs = [tab(), tab(), tab()];
    await until(() => tabs.every((it) => it.client.connection.state === "online"), "all online");
    expect(tabs.filter((it) => it.client.connection.leader)).toHaveLength(1);
    expect(new Set(tabs.map((it) => it.client.device)).size).toBe(1);
    const [one, two, three] = tabs as [(typeof tabs)[0], (typeof tabs)[0], (typeof tabs)[0]];
    const results = await Promise.all(
      tabs.map((it, at) => it.live.update({ title: `title ${at}` })),
    );
    // Each is sent once, by the tab that leads.
    for (const at of [0, 1, 2]) {
      const sent = tabs
        .flatMap((it) => it.network.sent)
        .filter((it) => it.includes(`"title ${at}"`));
      expect(sent).toHaveLength(1);
    }
    // A thread begins with its first message or field, from any tab.
    expect(results.every((it) => it.ok)).toBe(true);
    const sent = await two.live.sendMessage("from the second", push);
    if (!sent.ok) throw new Error(sent.code);
    await scene.answer(two.live.id, sent.run, words(30));
    await agree(server, one.live, two.live, three.live);
    expect(shown(three.live)).toEqual(["from the second", words(30).join("")]);
    expect(tabs.reduce((sum, it) => sum + it.network.sockets, 0)).toBe(1);
  });

  test("when the leading tab goes another takes over, and nothing is lost or doubled", async () => {
    const { tab, thread } = browser();
    const [first, second, third] = [tab(), tab(), tab()];
    await until(() => third.client.connection.state === "online", "the third is online");
    const sent = await second.live.sendMessage("go on", push);
    if (!sent.ok) throw new Error(sent.code);
    const whole = words(120).join("");
    const writing = scene.answer(thread, sent.run, words(120), 5);
    await until(() => (shown(third.live)[1] ?? "").length > 50, "it is being written");
    const leading = [first, second, third].find((it) => it.client.connection.leader);
    expect(leading).toBe(first);
    const seen: string[] = [];
    third.live.subscribe(() => seen.push(shown(third.live)[1] ?? ""));
    void third.live.update({ title: "said while it goes" });
    await first.client.close();
    await until(() => second.client.connection.leader, "the second leads");
    await writing;
    await agree(server, second.live, third.live);
    expect(shown(third.live)[1]).toBe(whole);
    expect(seen.every((it) => whole.startsWith(it))).toBe(true);
    expect((await server.read(thread)).thread.title).toBe("said while it goes");
    expect(second.network.sockets).toBe(1);
    expect(third.network.sockets).toBe(0);
  });

  test("a change of a tab that has gone is sent by those that stay", async () => {
    const { tab, thread } = browser();
    const [first, second] = [tab(), tab()];
    await until(() => second.client.connection.state === "online", "both are online");
    await first.live.sendMessage("begin", push);
    first.network.goDown();
    await until(() => second.client.connection.state === "offline", "the leader is cut off");
    void second.live.update({ title: "last words" });
    await until(() => first.live.view.pending === 1, "the leader knows it");
    await second.client.close();
    first.network.down = false;
    first.client.reconnect();
    await until(() => first.live.view.pending === 0, "it was sent");
    expect((await server.read(thread)).thread.title).toBe("last words");
  });

  test("without locks each tab is a device, and a queue that was left is taken over", async () => {
    const { tab, thread } = browser(false);
    const [first, second] = [tab(), tab()];
    await first.live.sendMessage("begin", push);
    await until(() => shown(second.live).length === 1, "the second shows it");
    expect(first.client.device).not.toBe(second.client.device);
    first.network.goDown();
    void first.live.update({ title: "left behind" });
    await until(() => first.live.view.pending === 1, "it is kept");
    await new Promise((over) => setTimeout(over, 50));
    const left = first.client.device;
    await first.client.close();
    second.network.goDown();
    void second.live.update({ archived: true });
    await until(() => second.live.view.pending === 1, "the second has a queue, too");
    await new Promise((over) => setTimeout(over, 50));
    const third = tab();
    await until(
      async () => (await server.read(thread)).thread.title === "left behind",
      "it is sent",
    );
    expect(third.client.device).toBe(left);
    expect(second.client.device).not.toBe(left);
    const fourth = tab();
    await until(() => fourth.client.device !== "", "the fourth has a device");
    expect([left, second.client.device]).not.toContain(fourth.client.device);
  });

  test("a tab that is closed no longer has its thread followed", async () => {
    const { tab } = browser();
    const [first, second] = [tab(), tab()];
    const other = second.client.thread(scene.fresh());
    other.subscribe(() => undefined);
    await other.update({ title: "followed by the second alone" });
    const follows = () => first.network.sent.filter((it) => it.includes(`"${other.id}"`)).length;
    expect(follows()).toBeGreaterThan(0);
    const cancels = () => first.network.sent.filter((it) => it.includes('"cancel"')).length;
    const before = cancels();
    await second.client.close();
    await until(() => cancels() > before, "what it had asked for is cancelled");
  });

  test("lost messages that one tab gives up are given up in all tabs", async () => {
    const { tab, thread } = browser();
    const [first, second] = [tab(), tab()];
    await first.live.edit("before", "before the backup");
    server.backUp();
    await first.live.edit("after", "after the backup");
    await agree(server, first.live, second.live);
    await server.restore();
    first.client.reconnect();
    const lost = (it: typeof first) => it.live.view.lost.map(({ id }) => id);
    await until(() => lost(first).length + lost(second).length === 2, "both tabs show it as lost");
    second.live.forgetLost();
    await until(() => lost(first).length === 0, "the other tab has heard of it");
    const third = tab();
    await agree(server, first.live, second.live, third.live);
    expect([...lost(first), ...lost(second), ...lost(third)]).toEqual([]);
    expect((await server.read(thread)).messages.map(({ id }) => id)).toEqual(["before"]);
  });
});
