// SPDX-License-Identifier: Apache-2.0
// equal.ts: deep equality, and memoization by argument.

/** Are two values of JSON equal? An absent member equals an undefined one. */
export const equal = (left: unknown, right: unknown): boolean => {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || !left || !right) return false;
  const [one, other] = [left, right] as Record<string, unknown>[];
  return (
    Array.isArray(left) === Array.isArray(right) &&
    Object.keys({ ...left, ...right }).every((name) => equal(one?.[name], other?.[name]))
  );
};

/** The former value if the new one is equal to it. */
export const keep = <Value>(former: Value | undefined, value: Value): Value =>
  former !== undefined && equal(former, value) ? former : value;

/** Have two lists the same items, by identity? */
export const sameItems = (left: readonly unknown[], right: readonly unknown[]): boolean =>
  left.length === right.length && left.every((item, index) => item === right[index]);

/** `make` with a cache: the same object again while `key` is the same and the rest is equal. */
export const memo = <Key extends object, Rest extends readonly unknown[], Value>(
  make: (key: Key, ...rest: Rest) => Value,
): ((key: Key, ...rest: Rest) => Value) => {
  const made = new WeakMap<Key, { readonly rest: Rest; readonly value: Value }>();
  return (key, ...rest) => {
    const held = made.get(key);
    if (held?.rest.every((item, index) => equal(item, rest[index]))) return held.value;
    const value = make(key, ...rest);
    made.set(key, { rest, value });
    return value;
  };
};
