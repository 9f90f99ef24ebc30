// SPDX-License-Identifier: Apache-2.0
// digest.ts: the digest of a path, by which front and server know that they hold the same.
//
// It is needed only where something stored is taken up again, so all of it is loaded only then.

import type { Message } from "./wire.js";

/** Of the path from a root to its last message, in hex. */
export const digestOf = async (path: readonly Message[]): Promise<string> =>
  (await import("./path_hash.js")).hashPath(path);
