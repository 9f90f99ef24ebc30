// SPDX-License-Identifier: Apache-2.0
// results.ts: the results that a caller gets for its change.

import { isDeleted } from "./replica.js";
import type { Result, Settled } from "./types.js";

export const resultOf = ({ outcome, ts, code = "refused", detail = "" }: Settled): Result =>
  outcome === "applied" ? { ok: true, ts: ts ?? null } : { ok: false, code, detail };

/** The client was closed before the outcome came; the change is in the store. */
export const closed: Result = {
  ok: false,
  code: "closed",
  detail: "The next client sends it.",
};

export const gone: Result = { ok: false, ...isDeleted };
