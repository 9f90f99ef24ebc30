// SPDX-License-Identifier: Apache-2.0
// tab.ts: a tab of a simulated browser: a client in its own process.

import { createClient, type Loading } from "../../../src/client.js";
import { createHeld } from "../../../src/held.js";
import { share } from "../../../src/sharing.js";
import type { Client, LiveThread, Result } from "../../../src/types.js";
import type { Disk } from "./disk.js";
import type { FakeServer } from "./fake_server.js";
import { Process, type World } from "./world.js";

const slowest = 400;

interface Said {
  readonly text: string;
  readonly thread: string;
  result: Result | null;
}

/** A tab, its view, and the changes that were made in it. */
export class Tab {
  readonly process: Process;
  readonly client: Client;
  readonly lives: readonly LiveThread[];
  readonly said: Said[] = [];
  closed = false;

  constructor(world: World, server: FakeServer, disk: Disk, threads: readonly string[]) {
    const slowness = world.random() < 0.3 ? slowest : world.delay(60);
    const process = (this.process = new Process(world, slowness));
    const sharing: Awaited<ReturnType<Loading["sharing"]>> = {
      canShare: () => true,
      share: (name, tab, host) => share(name, tab, host, process.browser),
    };
    const loading: Loading = {
      sharing: () => process.later(() => sharing),
      held: async () => {
        await process.later(() => undefined);
        if (world.lacksUndo) throw new Error("404");
        return { createHeld };
      },
    };
    const options = { ...server.optionsFor(process), clock: process.clock, random: world.random };
    const store = process.later(() => disk.storeOf(process));
    this.client = createClient(options, "http://simulated", store, loading);
    this.lives = threads.map((it) => this.client.thread(it));
    for (const live of this.lives) live.subscribe(() => void live.view);
  }

  say(world: World, text: string): void {
    const live = this.lives[Math.floor(world.random() * this.lives.length)] as LiveThread;
    const said: Said = { text, thread: live.id, result: null };
    this.said.push(said);
    void live.sendMessage(text).then((result) => (said.result = result));
  }

  /** Deletes some message, with time to undo. */
  remove(world: World): void {
    const live = this.lives[Math.floor(world.random() * this.lives.length)] as LiveThread;
    const { messages } = live.view;
    const some = messages[Math.floor(world.random() * messages.length)];
    if (some) void live.remove(some.id, { undo: true });
  }

  close(): void {
    this.closed = true;
    void this.client.close();
  }
}
