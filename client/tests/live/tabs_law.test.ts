// SPDX-License-Identifier: Apache-2.0
// tabs_law.test.ts: however tabs come and go, each change of a tab counts once.
//
// Tabs of one simulated browser start slowly, send at once, close, crash, and lose the network, by
// seed, on a stepped clock. In every order of leaders and new tabs, each change that the store took
// reaches the server once, its caller gets the outcome, and all tabs show the same in the end, also
// after deletions that were undone.

import { describe, expect, test, vi } from "vitest";

import { Disk } from "./lib/disk.js";
import { FakeServer } from "./lib/fake_server.js";
import { textsOf } from "./lib/scene.js";
import { Tab } from "./lib/tab.js";
import { World } from "./lib/world.js";

// The real one runs on another thread, so no seed could repeat its timing.
vi.mock("../../src/digest.js", () => ({ digestOf: async () => null }));

const threadIds = ["tea", "milk"];

/** The life of one browser, and its checks at the end. */
async function live(seed: number): Promise<void> {
  const world = new World(seed);
  const server = new FakeServer(world);
  const disk = new Disk();
  const tabs: Tab[] = [];
  const open = () => tabs.filter((it) => it.process.alive && !it.closed);
  // A view is one object until it changes: React would render for ever if each read gave another.
  const unsteady: string[] = [];
  const look = ({ client }: Tab) => {
    if (client.connection !== client.connection) unsteady.push("connection");
    if (client.undoable !== client.undoable) unsteady.push("undoable");
  };
  const begin = () => {
    const tab = new Tab(world, server, disk, threadIds);
    tabs.push(tab);
    tab.client.subscribe(() => look(tab));
  };

  begin();
  for (let turn = 0; turn < 40; turn += 1) {
    const all = open();
    const some = all[Math.floor(world.random() * all.length)];
    const chance = world.random();
    if (!some || (chance < 0.2 && all.length < 5)) begin();
    // A user who opens a page to send something sends it at once.
    if (chance < 0.2) open().at(-1)?.say(world, `turn ${turn}`);
    else if (chance < 0.65) some?.say(world, `turn ${turn}`);
    else if (chance < 0.72) some?.process.crash();
    else if (chance < 0.8 && some) {
      some.closed = true;
      void some.client.close();
    } else if (chance < 0.85) server.cut();
    else if (chance < 0.9) server.down = !server.down;
    else if (chance < 0.96) some?.remove(world);
    else void some?.client.undo(some.client.undoable[0]?.id ?? "");
    if (server.down) server.cut();
    await world.run(world.delay(world.random() < 0.5 ? 50 : 1_000));
  }
  server.down = false;
  if (open().length === 0) begin();
  await world.run(180_000);

  const last = open();
  expect(unsteady).toEqual([]);
  expect(last.map((it) => it.client.connection.state)).toEqual(last.map(() => "online"));
  expect(last.filter((it) => it.client.connection.leader)).toHaveLength(1);
  expect(server.connections).toBe(1);
  expect(await disk.kept.pending()).toEqual([]);
  expect(await disk.kept.held()).toEqual([]);
  expect([...server.taken.values()].filter((times) => times !== 1)).toEqual([]);
  for (const thread of threadIds) {
    const texts = server.textsOf(thread);
    expect(new Set(texts).size).toBe(texts.length);
    for (const tab of tabs) {
      const own = tab.said.filter((it) => it.thread === thread);
      for (const { text, result } of own) {
        // The changes of a tab that is gone may not have reached the store.
        if (last.includes(tab)) expect(result, text).toMatchObject({ ok: true });
        if (result?.ok && !server.wasDeleted(thread, result)) expect(texts).toContain(text);
      }
      const order = own.map((it) => it.text).filter((it) => texts.includes(it));
      expect(texts.filter((it) => order.includes(it))).toEqual(order);
    }
    for (const { client } of last) {
      const { view } = client.thread(thread);
      expect(view.pending).toBe(0);
      expect(textsOf(view.messages)).toEqual(texts);
    }
  }
  for (const { client } of last) void client.close();
}

// LOCKSTEP_SEEDS=2000 runs more seeds.
const seeds = Number(process.env["LOCKSTEP_SEEDS"] ?? 40);

describe("tabs that come and go", { timeout: 600_000 }, () => {
  test(`a change of a tab counts once, whichever tab leads (${seeds} seeds)`, async () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      await live(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
    }
  });
});
