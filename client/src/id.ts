// SPDX-License-Identifier: Apache-2.0
// id.ts: unique ids.
//
// On plain http browsers have no `crypto.randomUUID`; `getRandomValues` is everywhere.

/** 24 random characters, about 124 bits, behind a letter for the kind of object. */
export const newId = (kind: string): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return `${kind}-${Array.from(bytes, (byte) => (byte % 36).toString(36)).join("")}`;
};
