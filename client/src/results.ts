// SPDX-License-Identifier: Apache-2.0
// results.ts: what whoever asked for a change is told.

import { isDeleted } from "./replica.js";
import type { Result, Settled } from "./types.js";

export const resultOf = ({ outcome, ts, code = "refused", detail = "" }: Settled): Result =>
  outcome === "applied" ? { ok: true, ts: ts ?? null } : { ok: false, code, detail };

/** The client was closed before the outcome came. */
export const closed: Result = {
  ok: false,
  code: "closed",
  detail: "Kept, and sent by the next client.",
};

export const gone: Result = { ok: false, ...isDeleted };
