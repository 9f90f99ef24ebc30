// SPDX-License-Identifier: Apache-2.0
// undo.test.ts: a deletion can be undone for ten seconds, in any tab and over reloads.

import { beforeEach, describe, expect, test, vi } from "vitest";

import type { LiveThread, Result } from "../../src/types.js";
import { Disk } from "./lib/disk.js";
import { FakeServer } from "./lib/fake_server.js";
import { textsOf } from "./lib/scene.js";
import { Tab } from "./lib/tab.js";
import { World } from "./lib/world.js";

vi.mock("../../src/digest.js", () => ({ digestOf: async () => null }));

describe("a deletion that can be undone", () => {
  let world: World;
  let server: FakeServer;
  let disk: Disk;
  let tabs: Tab[];

  const open = async (): Promise<Tab> => {
    const tab = new Tab(world, server, disk, ["t"]);
    tabs.push(tab);
    tab.client.threads().subscribe(() => undefined);
    await world.run(5_000);
    return tab;
  };
  const live = (tab: Tab) => tab.lives[0] as LiveThread;
  const shown = (tab: Tab) => textsOf(live(tab).view.messages);
  const listed = (tab: Tab) =>
    tab.client
      .threads()
      .view.threads.map(({ id }) => id)
      .filter((it) => it === "t");
  const idOf = (tab: Tab, text: string) =>
    live(tab).view.messages.find((it) => textsOf([it])[0] === text)?.id ?? "";

  /** A thread with the messages "one", "two" and "three". */
  const begin = async (): Promise<Tab> => {
    const tab = await open();
    for (const text of ["one", "two", "three"]) {
      void live(tab).sendMessage(text);
      await world.run(1_000);
    }
    expect(server.textsOf("t")).toEqual(["one", "two", "three"]);
    return tab;
  };

  const said = (promise: Promise<Result>): { result: Result | null } => {
    const told: { result: Result | null } = { result: null };
    void promise.then((result) => (told.result = result));
    return told;
  };

  beforeEach(() => {
    world = new World(7);
    server = new FakeServer(world);
    disk = new Disk();
    tabs = [];
  });

  test("is shown as done at once, and sent when its time is over", async () => {
    const tab = await begin();
    const other = await open();
    const told = said(live(tab).remove(idOf(tab, "two"), { undo: true }));
    expect(shown(tab)).toEqual(["one"]);
    expect(tab.client.undoable).toMatchObject([{ thread: "t", message: expect.any(String) }]);
    await world.run(5_000);
    expect(shown(other)).toEqual(["one"]);
    expect(other.client.undoable).toEqual(tab.client.undoable);
    expect(server.textsOf("t")).toEqual(["one", "two", "three"]);
    await world.run(15_000);
    expect(server.textsOf("t")).toEqual(["one"]);
    expect(told.result).toMatchObject({ ok: true });
    expect([tab.client.undoable, other.client.undoable]).toEqual([[], []]);
    expect(await disk.kept.held()).toEqual([]);
    expect([shown(tab), shown(other)]).toEqual([["one"], ["one"]]);
  });

  test("that comes before the store is open is held once it is", async () => {
    const first = await begin();
    const two = idOf(first, "two");
    first.close();
    const tab = new Tab(world, server, disk, ["t"]);
    const told = said(live(tab).remove(two, { undo: true }));
    await world.run(5_000);
    expect(shown(tab)).toEqual(["one"]);
    expect(tab.client.undoable).toHaveLength(1);
    expect(server.textsOf("t")).toEqual(["one", "two", "three"]);
    await world.run(15_000);
    expect(server.textsOf("t")).toEqual(["one"]);
    expect(told.result).toMatchObject({ ok: true });
  });

  test("is sent at once where the chunk that holds it can't be loaded", async () => {
    world.lacksUndo = true;
    const tab = await begin();
    const told = said(live(tab).remove(idOf(tab, "two"), { undo: true }));
    await world.run(1_000);
    expect(server.textsOf("t")).toEqual(["one"]);
    expect(told.result).toMatchObject({ ok: true });
    expect(tab.client.undoable).toEqual([]);
    expect(await tab.client.undo("u")).toBe(false);
    void live(tab).delete({ undo: true });
    await world.run(1_000);
    expect(listed(tab)).toEqual([]);
  });

  test("is undone in any tab, and then nothing was sent", async () => {
    const tab = await begin();
    const other = await open();
    const told = said(live(tab).remove(idOf(tab, "two"), { undo: true }));
    await world.run(5_000);
    const undone = vi.fn();
    void other.client.undo(other.client.undoable[0]?.id ?? "").then(undone);
    await world.run(20_000);
    expect(undone).toHaveBeenCalledWith(true);
    expect(told.result).toMatchObject({ ok: false, code: "undone" });
    for (const it of [tab, other]) expect(shown(it)).toEqual(["one", "two", "three"]);
    expect(server.textsOf("t")).toEqual(["one", "two", "three"]);
  });

  test("is still there after a reload, and can be undone", async () => {
    const tab = await begin();
    void live(tab).remove(idOf(tab, "three"), { undo: true });
    await world.run(2_000);
    tab.process.crash();
    const again = await open();
    expect(shown(again)).toEqual(["one", "two"]);
    void again.client.undo(again.client.undoable[0]?.id ?? "");
    await world.run(20_000);
    expect(shown(again)).toEqual(["one", "two", "three"]);
    expect(server.textsOf("t")).toEqual(["one", "two", "three"]);
  });

  test("is kept where the last tab is closed, and sent by the next one", async () => {
    const tab = await begin();
    const told = said(live(tab).remove(idOf(tab, "three"), { undo: true }));
    await world.run(2_000);
    tab.close();
    await world.run(60_000);
    expect(told.result).toMatchObject({ ok: false, code: "closed" });
    expect(server.textsOf("t")).toEqual(["one", "two", "three"]);
    const next = await open();
    expect(shown(next)).toEqual(["one", "two"]);
    expect(next.client.undoable).toEqual([]);
    expect(server.textsOf("t")).toEqual(["one", "two"]);
  });

  test("is sent first when something is said that stands on it", async () => {
    const tab = await begin();
    void live(tab).remove(idOf(tab, "three"), { undo: true });
    await world.run(2_000);
    void live(tab).sendMessage("instead");
    expect(shown(tab)).toEqual(["one", "two", "instead"]);
    expect(tab.client.undoable).toEqual([]);
    await world.run(6_000);
    expect(server.textsOf("t")).toEqual(["one", "two", "instead"]);
    await world.run(20_000);
    expect(shown(tab)).toEqual(["one", "two", "instead"]);
  });

  test("is not undone once it was sent", async () => {
    const tab = await begin();
    void live(tab).remove(idOf(tab, "three"), { undo: true });
    await world.run(2_000);
    const [held] = tab.client.undoable;
    await world.run(20_000);
    const undone = vi.fn();
    void tab.client.undo(held?.id ?? "").then(undone);
    await world.run(2_000);
    expect(undone).toHaveBeenCalledWith(false);
    expect(server.textsOf("t")).toEqual(["one", "two"]);
  });

  test("is not undone while it is being sent", async () => {
    const tab = await begin();
    server.down = true;
    server.cut();
    const told = said(live(tab).delete({ undo: true }));
    await world.run(2_000);
    const [held] = tab.client.undoable;
    await world.run(20_000);
    const undone = vi.fn();
    void tab.client.undo(held?.id ?? "").then(undone);
    await world.run(2_000);
    expect(undone).toHaveBeenCalledWith(false);
    server.down = false;
    tab.client.reconnect();
    await world.run(30_000);
    expect(told.result).toMatchObject({ ok: true });
    expect(server.deleted.has("t")).toBe(true);
  });

  test("of a thread hides it from the list and refuses changes to it, until it is undone", async () => {
    const tab = await begin();
    const other = await open();
    const told = said(live(tab).delete({ undo: true }));
    await world.run(2_000);
    expect([listed(tab), listed(other)]).toEqual([[], []]);
    for (const it of [tab, other]) {
      expect(live(it).view).toMatchObject({ status: "error", error: { code: "deleted" } });
    }
    const late = said(live(other).sendMessage("too late"));
    await world.run(1_000);
    expect(late.result).toMatchObject({ ok: false, code: "deleted" });
    void other.client.undo(other.client.undoable[0]?.id ?? "");
    await world.run(20_000);
    expect(told.result).toMatchObject({ ok: false, code: "undone" });
    expect([listed(tab), listed(other)]).toEqual([["t"], ["t"]]);
    expect(shown(tab)).toEqual(["one", "two", "three"]);
    expect(server.deleted.has("t")).toBe(false);
  });

  test("of a thread waits for the network, and is then sent once", async () => {
    const tab = await begin();
    server.down = true;
    server.cut();
    const told = said(live(tab).delete({ undo: true }));
    await world.run(60_000);
    expect(told.result).toBeNull();
    expect(live(tab).view.error?.code).toBe("deleted");
    server.down = false;
    tab.client.reconnect();
    await world.run(30_000);
    expect(told.result).toMatchObject({ ok: true });
    expect(server.deleted.has("t")).toBe(true);
    expect(await disk.kept.held()).toEqual([]);
  });
});
