// id.ts: names that nobody else has.
//
// On plain http browsers have no `crypto.randomUUID`; `getRandomValues` is everywhere.

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

/** 24 characters of chance, about 124 bits, behind a letter that says what it names. */
export function newId(kind: string): string {
  let id = `${kind}-`;
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  for (const byte of bytes) id += alphabet[byte % 36] ?? "0";
  return id;
}
