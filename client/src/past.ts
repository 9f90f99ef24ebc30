// SPDX-License-Identifier: Apache-2.0
// past.ts: reads of a thread that are not followed. Loaded at the first call.

import type { Http } from "./net/http.js";
import type { PastView, Result, RunContext } from "./types.js";
import type { Timestamp } from "./wire.js";

export { entriesOf } from "./net/streams.js";

/** `path`: the thread's address. */
export const pastOf = async (
  http: Http,
  path: string,
  ts: Timestamp,
): Promise<Result<{ past: PastView }>> => {
  const result = await http.value<PastView>(`${path}?at=${ts}`);
  return result.ok ? { ok: true, ts, past: result.value } : result;
};

export const contextOf = async (
  http: Http,
  path: string,
  run: string,
): Promise<Result<{ context: RunContext }>> => {
  const name = encodeURIComponent(run);
  const result = await http.value<RunContext>(`${path}/runs/${name}/context`);
  return result.ok ? { ok: true, ts: null, context: result.value } : result;
};
