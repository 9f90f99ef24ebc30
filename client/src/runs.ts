// runs.ts: what the runs of a thread say together; found once for as long as they do not change.

import type { ThreadState } from "./state.js";
import type { QueuedTurn } from "./types.js";
import type { Run } from "./wire.js";

export interface Runs {
  readonly running: Run | null;
  readonly queued: readonly QueuedTurn[];
  /** The one that started last. */
  readonly last: Run | null;
  /** Turns that waited behind it, and that nothing came of. */
  readonly unsent: readonly QueuedTurn[];
}

const found = new WeakMap<ThreadState["runs"], Runs>();

export function runsOf(runs: ThreadState["runs"]): Runs {
  let held = found.get(runs);
  if (!held) found.set(runs, (held = find([...runs.values()])));
  return held;
}

function find(runs: readonly Run[]): Runs {
  let last: Run | null = null;
  for (const run of runs) if ((run.started ?? -1) > (last?.started ?? -1)) last = run;
  const since = last?.started ?? 0;
  const dropped = (run: Run) =>
    run.started === undefined &&
    run.input !== undefined &&
    (run.status === "interrupted" || run.status === "superseded") &&
    (run.ended ?? 0) > since;
  return {
    running: runs.find((run) => run.status === "running") ?? null,
    queued: runs.filter((run) => run.status === "queued").map(turnOf),
    last,
    unsent: runs.filter(dropped).map(turnOf),
  };
}

const turns = new WeakMap<Run, QueuedTurn>();

function turnOf(run: Run): QueuedTurn {
  let turn = turns.get(run);
  if (!turn) turns.set(run, (turn = { run: run.id, input: run.input ?? [], pending: false }));
  return turn;
}
