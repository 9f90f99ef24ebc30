// SPDX-License-Identifier: Apache-2.0
// cuts.test.ts: the text that a cut removed is compared with the message at the cut.

import { emptyState } from "lockstep-client";
import type { EntryFrame, Message } from "lockstep-client";
import { expect, it } from "vitest";

import { cutsIn } from "../src/inspector/cuts.js";

const message = (text: string): Message => ({
  id: "m",
  parent: null,
  role: "assistant",
  parts: [{ type: "text", text }],
  status: "open",
  created: 1,
  updated: 1,
  metadata: {},
});

it("a message that its entry put before it cut it is cut as it was put", () => {
  const before = { ...emptyState("t"), messages: new Map([["m", message("old")]]) };
  const entry: EntryFrame = {
    frame: "entry",
    ts: 2,
    prev: 1,
    events: [
      { type: "message_put", message: message("put anew") },
      { type: "message_cut", message: "m", keep: [3], status: "stopped" },
    ],
  } as EntryFrame;
  const [cut] = cutsIn(before, entry, 0);
  expect(cut?.parts).toEqual([{ part: 0, type: "text", kept: "put", cut: " anew" }]);
});
