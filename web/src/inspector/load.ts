// SPDX-License-Identifier: Apache-2.0
// load.ts: reads a thread's whole log into a timeline without blocking the page.

import { useEffect, useState } from "react";
import type { LiveThread } from "lockstep-client";

import { Timeline } from "./timeline.js";

/** In milliseconds. A user notices a task above 50 ms; a slice leaves room for drawing. */
const SLICE = 8;

export type Loading =
  | { readonly state: "loading"; readonly timeline: Timeline | null; readonly count: number }
  | { readonly state: "ready"; readonly timeline: Timeline; readonly count: number }
  | {
      readonly state: "failed";
      readonly timeline: null;
      readonly count: number;
      readonly why: string;
    };

const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

async function read(
  live: LiveThread,
  signal: AbortSignal,
  onCount: (n: number) => void,
): Promise<Timeline> {
  const timeline = new Timeline(live.id);
  let began = performance.now();
  for await (const batch of live.entries({ signal })) {
    for (const entry of batch) {
      timeline.add(entry);
      if (performance.now() - began < SLICE) continue;
      onCount(timeline.length);
      await pause();
      if (signal.aborted) return timeline;
      began = performance.now();
    }
  }
  timeline.finish();
  return timeline;
}

/** `version`: a new value reads the log again. */
export function useTimeline(live: LiveThread, version: number): Loading {
  const [loading, setLoading] = useState<Loading>({ state: "loading", timeline: null, count: 0 });
  useEffect(() => {
    const abort = new AbortController();
    const said = (next: Loading): void => {
      if (!abort.signal.aborted) setLoading(next);
    };
    read(live, abort.signal, (count) => {
      if (abort.signal.aborted) return;
      setLoading((now) =>
        now.state === "ready" ? now : { state: "loading", timeline: null, count },
      );
    }).then(
      (timeline) => said({ state: "ready", timeline, count: timeline.length }),
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        said({ state: "failed", timeline: null, count: 0, why });
      },
    );
    return () => abort.abort();
  }, [live, version]);
  return loading;
}
