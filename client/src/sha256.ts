// SPDX-License-Identifier: Apache-2.0
// sha256.ts: SHA-256 for pages that browsers give no `crypto.subtle`: those of plain http.

export { sha256 } from "@noble/hashes/sha2.js";
