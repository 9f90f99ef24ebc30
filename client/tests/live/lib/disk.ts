// SPDX-License-Identifier: Apache-2.0
// disk.ts: the disk that the tabs of one simulated browser share.
//
// Each tab has its own store over it. A request happens after a delay, in the order of the tab's
// requests, completely or not at all; the tab gets the answer later still. So a tab that crashes
// between the two has stored something without learning it.

import { memoryStore } from "../../../src/store/memory.js";
import type { Store } from "../../../src/types.js";
import type { Process } from "./world.js";

export class Disk {
  /** The store that all tabs see. It is never closed. */
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
