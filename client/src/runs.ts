// SPDX-License-Identifier: Apache-2.0
// runs.ts: sorts the runs of a thread; cached until they change.

import { memo } from "./equal.js";
import type { ThreadState } from "./state.js";
import type { QueuedTurn } from "./types.js";
import type { Run } from "./wire.js";

export interface Runs {
  readonly running: Run | undefined;
  readonly queued: readonly QueuedTurn[];
  /** The run that started last. */
  readonly last: Run | undefined;
  /** Turns that waited behind it and ended unanswered. */
  readonly unsent: readonly QueuedTurn[];
}

export const runsOf = memo((byId: ThreadState["runs"]): Runs => {
  const runs = [...byId.values()];
  let last: Run | undefined;
  for (const run of runs) if (startOf(run) > startOf(last)) last = run;
  const isUnsent = ({ started, input, status, ended = 0 }: Run) =>
    !started &&
    input &&
    ["failed", "interrupted", "superseded"].includes(status) &&
    ended > startOf(last);
  return {
    running: runs.find((run) => run.status === "running"),
    queued: runs.filter((run) => run.status === "queued").map((run) => turnOf(run)),
    last,
    unsent: runs.filter(isUnsent).map((run) => turnOf(run)),
  };
});

const startOf = (run: Run | undefined) => run?.started ?? 0;

const turnOf = memo(({ id, input = [] }: Run): QueuedTurn => ({ run: id, input, pending: false }));
