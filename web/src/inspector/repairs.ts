// SPDX-License-Identifier: Apache-2.0
// repairs.ts: a repair of a request, in words.

import type { Json } from "lockstep-client";

interface Repair {
  readonly count: number;
  readonly ids: readonly string[];
  readonly text: string;
}

function isRepair(json: unknown): json is Repair {
  if (typeof json !== "object" || json === null) return false;
  const { count, ids, text } = json as Partial<Record<keyof Repair, unknown>>;
  return typeof count === "number" && Array.isArray(ids) && typeof text === "string";
}

/** The sentence, and the ids that it is about: the server names the first ones. */
export function repairText(repair: Json): string {
  if (!isRepair(repair)) return typeof repair === "string" ? repair : JSON.stringify(repair);
  const others = repair.count - repair.ids.length;
  const more = others > 0 ? ` and ${others} more` : "";
  return `${repair.text} (${repair.ids.join(", ")}${more})`;
}
