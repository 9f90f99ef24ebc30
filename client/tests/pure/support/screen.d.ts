// SPDX-License-Identifier: Apache-2.0
// The functions of the other front that the laws use. It is written from the protocol's text alone.

declare module "*/screen.mjs" {
  import type { DiffFrame, EntryFrame, Message, Run, Thread } from "../../../src/wire.js";

  export class Screen {
    thread: Thread | null;
    messages: Map<string, Message>;
    runs: Map<string, Run>;
    ts: number;
    clone(): Screen;
    applyDiff(frames: readonly DiffFrame[]): void;
    applyEntry(entry: EntryFrame): void;
  }
}
