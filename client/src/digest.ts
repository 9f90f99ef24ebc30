// SPDX-License-Identifier: Apache-2.0
// digest.ts: the digest of a path, with which front and server check that their copies are equal.
//
// Only a stored copy needs it, so its code is loaded only then.

import type { Message } from "./wire.js";

/** The digest of a path from a root to a message, in hex. */
export const digestOf = async (path: readonly Message[]): Promise<string> =>
  (await import("./path_hash.js")).hashPath(path);
