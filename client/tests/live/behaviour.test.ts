// SPDX-License-Identifier: Apache-2.0
// behaviour.test.ts: how the client behaves with the real server.

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { describe, expect, test } from "vitest";

import { indexedDbStore } from "../../src/index.js";
import { agree, push, type Scene, served, shown, staged, textsOf, words } from "./lib/scene.js";
import { type Server, until } from "./lib/server.js";

globalThis.IDBKeyRange ??= IDBKeyRange;

describe("with a real server", { timeout: 20_000 }, () => {
  let server: Server;
  let scene: Scene;

  staged((stage) => ({ server, scene } = stage));

  test.each(["websocket", "sse"] as const)("a message is answered over %s", async (transport) => {
    const { live, client } = scene.front(scene.fresh(), { transport });
    const sending = live.sendMessage("Why is the sky blue?", push);
    expect(shown(live)).toEqual(["Why is the sky blue?"]);
    expect(live.view.messages[0]?.pending).toBe("new");
    const sent = await sending;
    if (!sent.ok) throw new Error(sent.code);
    expect(client.connection.transport).toBe(transport);
    await scene.answer(live.id, sent.run, words(20));
    await agree(server, live);
    expect(shown(live)).toEqual(["Why is the sky blue?", words(20).join("")]);
    expect(live.view.status).toBe("ready");
  });

  test("a front that looks at a thread that is not there sees it as soon as it is", async () => {
    const id = scene.fresh();
    const second = scene.front(id);
    await until(() => second.live.view.status === "ready", "it is known not to be there");
    const first = scene.front(id);
    await first.live.sendMessage("here", push);
    await until(() => shown(second.live).length === 1, "the other one shows it");
  });

  test("no character is missing or doubled after a hundred cuts", async () => {
    const { live, network } = scene.front(scene.fresh());
    const sent = await live.sendMessage("count", push);
    if (!sent.ok) throw new Error(sent.code);
    let cuts = 0;
    const cutting = setInterval(() => {
      if (cuts < 100 && live.view.run !== null) {
        network.cut();
        cuts += 1;
      }
    }, 25);
    const seen: string[] = [];
    live.subscribe(() => seen.push(shown(live)[1] ?? ""));
    while (cuts < 100) {
      await scene.answer(live.id, sent.run, words(300), 10);
      break;
    }
    clearInterval(cutting);
    await agree(server, live);
    const whole = words(300).join("");
    expect(shown(live)[1]).toBe(whole);
    expect(seen.every((it) => whole.startsWith(it))).toBe(true);
    expect(cuts).toBe(100);
  });

  test("messages sent offline survive a reload, and count once, in order", async () => {
    const id = scene.fresh();
    const indexedDB = new IDBFactory();
    const store = () => indexedDbStore("offline", { indexedDB, turns: true });
    const kept = async () => {
      const reader = await store();
      const changes = await reader.pending();
      reader.close();
      return changes.length;
    };
    const other = scene.front(id);
    const first = await other.live.sendMessage("one", push);
    if (!first.ok) throw new Error(first.code);
    await scene.answer(id, first.run, ["answer one"]);
    const before = scene.front(id, { store: store() });
    await agree(server, before.live, other.live);
    const [question, answer] = before.live.view.messages.map((it) => it.id);

    before.network.goDown();
    void before.live.edit(question ?? "", "one, edited");
    void before.live.edit(answer ?? "", "answer, edited");
    void before.live.sendMessage("two", push);
    expect(shown(before.live)).toEqual(["one, edited", "answer, edited", "two"]);
    await until(async () => (await kept()) === 3, "all are kept");
    await before.client.close();

    const after = scene.front(id, { store: store() });
    after.network.goDown();
    await until(() => after.live.view.pending === 3, "they came back");
    expect(shown(after.live)).toEqual(["one, edited", "answer, edited", "two"]);
    expect(shown(other.live)).toEqual(["one", "answer one"]);
    after.network.down = false;
    after.client.reconnect();
    await until(() => after.live.view.pending === 0, "all are answered");
    const run = after.live.view.run?.id ?? "";
    await scene.answer(id, run, ["answer two"]);
    await agree(server, after.live, other.live);
    expect(shown(other.live)).toEqual(["one, edited", "answer, edited", "two", "answer two"]);
    await until(async () => (await kept()) === 0, "nothing is kept any more");
  });

  test("fifty turns written offline on each of two devices all arrive, in their order", async () => {
    const id = scene.fresh();
    const fronts = [scene.front(id, {}, 1), scene.front(id, {}, 2)];
    await fronts[0]?.live.edit("begin", "begin");
    await agree(server, ...fronts.map((it) => it.live));
    for (const { network } of fronts) network.goDown();
    const said = fronts.map(({ live }, by) => {
      const texts = Array.from({ length: 50 }, (_, at) => `${by}: ${at}`);
      return { texts, results: texts.map((it) => live.sendMessage(it, push)) };
    });
    const answering = answerAll(scene, id, 100);
    for (const { network, client } of fronts) {
      network.down = false;
      client.reconnect();
    }
    for (const { results } of said) {
      expect((await Promise.all(results)).filter((it) => !it.ok)).toEqual([]);
    }
    await answering;
    await agree(server, ...fronts.map((it) => it.live));
    const texts = textsOf(await served(server, id));
    for (const own of said) {
      expect(texts.filter((it) => own.texts.includes(it))).toEqual(own.texts);
    }
  });

  test("a stopped answer reads as the user saw it, on every front and on the server", async () => {
    const id = scene.fresh();
    const [one, two] = [scene.front(id), scene.front(id)];
    const sent = await one.live.sendMessage("tell", push);
    if (!sent.ok) throw new Error(sent.code);
    const writing = scene.answer(id, sent.run, words(200), 5);
    await until(() => (shown(one.live)[1] ?? "").length > 100, "some of it is there");
    const { cursor } = one.live.view;
    const message = one.live.view.messages[1]?.id ?? "";
    const text = shown(one.live)[1] ?? "";
    one.network.delay = 100;
    one.live.markSeen(cursor ?? "", [{ message, part: 0, length: 37 }]);
    await until(() => (shown(one.live)[1] ?? "").length > text.length + 40, "more of it came");
    const stopping = one.live.stop();
    expect(one.live.view.stopping).toBe(true);
    expect(shown(one.live)[1]).toBe(text.slice(0, 37));
    const shownSince = new Set<string | undefined>();
    one.live.subscribe(() => shownSince.add(shown(one.live)[1]));
    expect((await stopping).ok).toBe(true);
    await writing;
    await agree(server, one.live, two.live);
    expect(textsOf(await served(server, id))[1]).toBe(text.slice(0, 37));
    expect([...shownSince]).toEqual([text.slice(0, 37)]);
  });

  test("a run that the server has not heard of can be stopped", async () => {
    const { live, network } = scene.front(scene.fresh());
    const first = await live.sendMessage("first", push);
    if (first.ok) await live.stop(first.run);
    network.goDown();
    const sending = live.sendMessage("never mind", push);
    await until(() => live.view.status === "submitted", "it is asked for");
    const stopping = live.stop();
    expect(live.view.status).toBe("ready");
    network.down = false;
    expect([(await sending).ok, (await stopping).ok]).toEqual([true, true]);
    await agree(server, live);
    expect((await server.read(live.id)).runs.map((it) => it.status)).toEqual([
      "stopped",
      "stopped",
    ]);
  });

  test("a new answer is a branch, and an edited question is another", async () => {
    const { live } = scene.front(scene.fresh());
    const answerNow = async (text: string) => {
      await until(() => live.view.run !== null, "it runs");
      await scene.answer(live.id, live.view.run?.id ?? "", [text]);
      await agree(server, live);
    };
    void live.sendMessage("question", push);
    await answerNow("one");
    void live.regenerate(undefined, push);
    await answerNow("two");
    expect(shown(live)).toEqual(["question", "two"]);
    const [question, answer] = live.view.messages;
    expect(answer?.branches).toHaveLength(2);
    live.show(answer?.branches[0] ?? "");
    expect(shown(live)).toEqual(["question", "one"]);
    void live.sendMessage("below the first", push);
    await answerNow("three");
    expect(shown(live)).toEqual(["question", "one", "below the first", "three"]);
    void live.edit(question?.id ?? "", "another question", { ...push, resend: true });
    await answerNow("four");
    expect(shown(live)).toEqual(["another question", "four"]);
    expect(live.branches(question?.id ?? "")).toHaveLength(2);
    const stopped = await live.sendMessage("unanswered", push);
    if (stopped.ok) await live.stop(stopped.run);
    void live.regenerate(undefined, push);
    await answerNow("five");
    expect(shown(live)).toEqual(["another question", "four", "unanswered", "five"]);
    await expect(live.edit("nobody", "x", { resend: true })).rejects.toThrow("no message");
  });

  test("a change that spoils its request is refused alone", async () => {
    const { live, network } = scene.front(scene.fresh());
    await live.sendMessage("first", push);
    network.goDown();
    const good = live.update({ title: "good" });
    const bad = live.change({ type: "delete_message", message: "not an id" });
    const known = live.change({ type: "delete_message", message: "nobody" });
    const later = live.update({ metadata: { later: true } });
    network.down = false;
    expect((await good).ok).toBe(true);
    expect((await later).ok).toBe(true);
    expect(await bad).toMatchObject({ ok: false, code: "invalid" });
    expect(await known).toMatchObject({ ok: false, code: "unknown_message" });
    expect(live.view.refused.map((it) => it.code).sort()).toEqual(["invalid", "unknown_message"]);
    for (const { op } of live.view.refused) live.dismiss(op);
    expect(live.view.refused).toEqual([]);
    expect((await server.read(live.id)).thread.title).toBe("good");
  });

  test("a refused change is shown until it is dismissed, over reloads", async () => {
    const indexedDB = new IDBFactory();
    const store = () => indexedDbStore("refused", { indexedDB, turns: true });
    const id = scene.fresh();
    const first = scene.front(id, { store: store() });
    await first.live.edit("first", "put, and so made");
    const edited = await first.live.edit("not an id", "what I wrote");
    expect(edited).toMatchObject({ ok: false });
    await first.live.update({ title: "taken" });
    await first.client.close();

    const second = scene.front(id, { store: store() });
    await until(() => second.live.view.refused.length === 1, "it is told again");
    const [refused] = second.live.view.refused;
    expect(refused).toMatchObject({ code: "invalid" });
    expect(JSON.stringify(refused?.change)).toContain("what I wrote");
    expect(second.live.view.pending).toBe(0);
    await agree(server, second.live);
    second.live.dismiss(refused?.op ?? 0);
    expect(second.live.view.refused).toEqual([]);
    await second.client.close();

    const third = scene.front(id, { store: store() });
    await agree(server, third.live);
    expect(third.live.view.refused).toEqual([]);
    expect((await (await store()).pending()).length).toBe(0);
  });

  test("an answer goes on through a kill of the server", async () => {
    const { live } = scene.front(scene.fresh());
    await live.sendMessage("before", push);
    await server.kill();
    const sending = live.sendMessage("while it is gone", push);
    await server.launch();
    expect((await sending).ok).toBe(true);
    await until(() => live.view.pending === 0, "it is answered");
  });

  test("a deleted thread has the phase of one, and its pending changes are refused", async () => {
    const id = scene.fresh();
    const [one, two] = [scene.front(id), scene.front(id)];
    await one.live.sendMessage("gone soon", push);
    await until(() => shown(two.live).length === 1, "both show it");
    two.network.goDown();
    const sending = two.live.update({ title: "never" });
    expect((await one.live.delete()).ok).toBe(true);
    two.network.down = false;
    expect(await sending).toMatchObject({ ok: false, code: "deleted" });
    expect(one.live.view.error?.code).toBe("deleted");
    expect(two.live.view.error?.code).toBe("deleted");
    expect(await two.live.sendMessage("too late")).toMatchObject({ ok: false, code: "deleted" });
  });

  test("deleting a thread drops all its local data", async () => {
    const store = await indexedDbStore("deleted", { indexedDB: new IDBFactory(), turns: true });
    const id = scene.fresh();
    const { live } = scene.front(id, { store });
    await live.edit("first", "there");
    expect((await live.edit("not an id", "refused")).ok).toBe(false);
    await until(async () => (await store.pending()).length === 1, "it is kept");
    expect((await live.delete()).ok).toBe(true);
    expect(live.view).toMatchObject({ refused: [], messages: [] });
    await until(async () => (await store.pending()).length === 0, "nothing is kept");
    expect(await store.thread(id)).toBeNull();
  });

  test("the list of threads is live", async () => {
    const { client } = scene.front(scene.fresh());
    const list = client.threads();
    list.subscribe(() => undefined);
    const id = scene.fresh();
    const { live } = scene.front(id);
    await live.sendMessage("listed", push);
    await until(() => list.view.threads[0]?.id === id, "the new one is the first");
    await live.update({ title: "renamed" });
    await until(() => list.view.threads[0]?.title === "renamed", "it has its new name");
    await live.delete();
    await until(() => !list.view.threads.some((it) => it.id === id), "it is gone");
  });

  test("the past, a run's context and all entries can be read", async () => {
    const { live } = scene.front(scene.fresh());
    const sent = await live.sendMessage("one", push);
    if (!sent.ok || sent.ts === null) throw new Error("not sent");
    await scene.answer(live.id, sent.run, ["two"]);
    const past = await live.at(sent.ts);
    expect(past.ok && textsOf(past.past.messages)).toEqual(["one"]);
    const entries = [];
    for await (const batch of live.entries()) entries.push(...batch);
    expect(entries[0]?.ts).toBe(sent.ts);
    expect(entries.at(-1)?.events.at(-1)?.type).toBe("run_ended");
    expect((await live.context("nobody")).ok).toBe(false);
  });
});

/** A back end that answers `count` runs, one after the other, with a word each. */
async function answerAll(scene: Scene, thread: string, count: number): Promise<void> {
  const seen = new Set<string>();
  while (seen.size < count) {
    const { runs } = await scene.server.read(thread);
    const run = runs.find((it) => it.status === "running" && !seen.has(it.id));
    if (run) await scene.answer(thread, run.id, ["so"]);
    if (run) seen.add(run.id);
    else await new Promise((over) => setTimeout(over, 2));
  }
}
