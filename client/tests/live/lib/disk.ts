// SPDX-License-Identifier: Apache-2.0
// disk.ts: what the tabs of one simulated browser keep in common.
//
// Each tab has a store of its own over it: what is asked for happens after a while, in the order in
// which the tab asked, all of it or nothing, and the tab hears of it later still. A tab that crashes
// between the two has kept what it never learnt to be kept.

import { memoryStore } from "../../../src/store/memory.js";
import type { Store } from "../../../src/types.js";
import type { Process } from "./world.js";

export class Disk {
  /** What all see. It is never closed. */
  readonly kept: Store = memoryStore();

  storeOf(process: Process): Store {
    const inTurn = process.inTurn();
    const { kept } = this;
    const slowly =
      <Args extends readonly unknown[], Value>(task: (...args: Args) => Promise<Value>) =>
      (...args: Args): Promise<Value> =>
        new Promise((resolve, reject) => {
          inTurn(() => {
            void task(...args).then((value) => process.later(() => resolve(value)), reject);
          });
        });
    return {
      shared: "disk",
      device: kept.device,
      add: slowly(kept.add),
      settle: slowly(kept.settle),
      renumber: slowly(kept.renumber),
      pending: slowly(kept.pending),
      thread: slowly(kept.thread),
      keepThread: slowly(kept.keepThread),
      dropThread: slowly(kept.dropThread),
      held: slowly(kept.held),
      threads: slowly(kept.threads),
      keepThreads: slowly(kept.keepThreads),
      close: () => undefined,
    };
  }
}
