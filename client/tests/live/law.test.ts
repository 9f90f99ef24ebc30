// SPDX-License-Identifier: Apache-2.0
// law.test.ts: on any network, after any actions, all fronts agree and no change counts twice.

import { describe, expect, test } from "vitest";

import type { LiveThread, Result } from "../../src/types.js";
import { seeded } from "./lib/network.js";
import { agree, type Scene, staged, textsOf } from "./lib/scene.js";
import { pause, type Server, until } from "./lib/server.js";

type Front = ReturnType<Scene["front"]>;

/** The actions of a user, which the test checks at the end. */
interface Said {
  readonly text: string;
  readonly by: number;
  readonly result: Promise<Result>;
}

describe("on a hostile network", { timeout: 40_000 }, () => {
  let server: Server;
  let scene: Scene;

  staged((stage) => ({ server, scene } = stage));

  // LOCKSTEP_SEEDS=100 runs more seeds.
  const seeds = Array.from(
    { length: Number(process.env["LOCKSTEP_SEEDS"] ?? 3) },
    (_, at) => at + 1,
  );

  test.each(seeds)("all agree in the end, each change once (%i)", async (seed) => {
    const random = seeded(seed);
    const id = scene.fresh();
    const transports = ["websocket", "sse", "websocket"] as const;
    const fronts = transports.map((transport, at) =>
      scene.front(id, { transport, random: seeded(seed * 10 + at) }, seed * 100 + at),
    );
    const written = new Set<string>();
    let over = false;
    const producing = produce(scene, fronts[0]?.live as LiveThread, server, written, () => over);
    for (const { network } of fronts) {
      network.cuts = 0.05;
      network.delay = 10;
    }
    const said: Said[] = [];
    for (let turn = 0; turn < 40; turn += 1) {
      const by = Math.floor(random() * fronts.length);
      act(fronts[by] as Front, by, turn, random, said);
      await pause(random() * 30);
    }
    for (const { network, client } of fronts) {
      network.cuts = network.delay = 0;
      network.down = false;
      network.cut();
      client.reconnect();
    }
    const results = await Promise.all(said.map((it) => it.result));
    await until(
      async () => (await server.read(id)).runs.every((run) => run.ended !== undefined),
      "all runs are over",
    );
    over = true;
    await producing;
    await agree(server, ...fronts.map((it) => it.live));
    const { messages, runs } = await server.read(id);
    const texts = [
      ...textsOf(messages),
      ...runs.flatMap((run) => run.input ?? []).map((it) => it.text),
    ];
    said.forEach(({ text }, at) => {
      const times = texts.filter((it) => it === text).length;
      // A turn that was stopped while it waited is dropped with its input.
      if (results[at]?.ok) expect(times, text).toBeLessThanOrEqual(1);
      else expect(times, text).toBe(0);
    });
    inOrder(said, texts);
  });
});

function act(
  { live, network }: Front,
  by: number,
  turn: number,
  random: () => number,
  said: Said[],
) {
  const chance = random();
  const text = `turn ${turn} of ${by}`;
  const { messages, cursor } = live.view;
  const some = messages[Math.floor(random() * messages.length)];
  if (chance < 0.35 || some === undefined) {
    said.push({ text, by, result: live.sendMessage(text, { agent: "push" }) });
  } else if (chance < 0.5) said.push({ text, by: -1, result: live.edit(some.id, text) });
  else if (chance < 0.65) void live.stop();
  else if (chance < 0.7) void live.remove(some.id);
  else if (chance < 0.75) void live.regenerate(undefined, { agent: "push" });
  else if (chance < 0.8) void live.continueMessage(undefined, { agent: "push" });
  else if (chance < 0.85 && cursor !== null) live.markSeen(cursor);
  else if (chance < 0.92) network.down = !network.down;
  else network.cut();
}

/** The messages of one front are in the order in which it sent them. */
function inOrder(said: readonly Said[], texts: readonly (string | undefined)[]): void {
  for (const by of new Set(said.map((it) => it.by))) {
    if (by < 0) continue;
    const own = said.filter((it) => it.by === by).map((it) => it.text);
    const found = texts.filter((it): it is string => it !== undefined && own.includes(it));
    expect(found).toEqual(own.filter((it) => found.includes(it)));
  }
}

/** Answers every run, as a back end would, until the test ends it. */
async function produce(
  scene: Scene,
  { id }: LiveThread,
  server: Server,
  written: Set<string>,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const runs = await server.read(id).then(
      (it) => it.runs,
      () => [],
    );
    const run = runs.find((it) => it.status === "running" && !written.has(it.id));
    if (run === undefined) {
      await pause(5);
      continue;
    }
    written.add(run.id);
    await scene.answer(
      id,
      run.id,
      Array.from({ length: 12 }, (_, at) => `${at} `),
      4,
    );
  }
}
