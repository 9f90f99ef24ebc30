// SPDX-License-Identifier: Apache-2.0
// id.ts: names that nobody else has.
//
// On plain http browsers have no `crypto.randomUUID`; `getRandomValues` is everywhere.

/** 24 characters of chance, about 124 bits, behind a letter that says what it names. */
export const newId = (kind: string): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return `${kind}-${Array.from(bytes, (byte) => (byte % 36).toString(36)).join("")}`;
};
