// SPDX-License-Identifier: Apache-2.0
// streams.ts: reads bodies as they arrive.

import { problemOf } from "./problem.js";
import type { Http } from "./http.js";
import type { EntryFrame } from "../wire.js";

/** The text of a body, piece by piece. */
export async function* textOf(answer: Response): AsyncGenerator<string> {
  const reader = answer.body?.getReader();
  if (reader === undefined) return;
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** Its whole lines; text after the last line end is dropped. */
async function* linesOf(answer: Response): AsyncGenerator<readonly string[]> {
  let rest = "";
  for await (const text of textOf(answer)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (lines.length > 0) yield lines;
  }
}

/** A thread's entries, in batches, as they arrive. */
export async function* entriesOf(
  http: Http,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly EntryFrame[]> {
  const answer = await http.ask(path, { accept: "application/x-ndjson", signal });
  if (!answer.ok) {
    const { code, detail } = await problemOf(answer);
    throw new Error(`${code}: ${detail ?? ""}`);
  }
  for await (const lines of linesOf(answer)) {
    const frames = lines.map((it) => JSON.parse(it) as EntryFrame);
    const entries = frames.filter((it) => it.frame === "entry");
    if (entries.length > 0) yield entries;
  }
}
