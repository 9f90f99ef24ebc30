// SPDX-License-Identifier: Apache-2.0
// sha256.ts: SHA-256 for pages of plain http, where browsers have no `crypto.subtle`.

export { sha256 } from "@noble/hashes/sha2.js";
