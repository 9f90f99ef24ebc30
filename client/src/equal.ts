// SPDX-License-Identifier: Apache-2.0
// equal.ts: what is the same, and is then not made anew.

/** Are two values of JSON the same? Absent and undefined say the same. */
export const equal = (left: unknown, right: unknown): boolean => {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || !left || !right) return false;
  const [one, other] = [left, right] as Record<string, unknown>[];
  return (
    Array.isArray(left) === Array.isArray(right) &&
    Object.keys({ ...left, ...right }).every((name) => equal(one?.[name], other?.[name]))
  );
};

/** The former value if the new one says the same. */
export const keep = <Value>(former: Value | undefined, value: Value): Value =>
  former !== undefined && equal(former, value) ? former : value;

/** Are two lists the same, item by item, by identity? */
export const sameItems = (left: readonly unknown[], right: readonly unknown[]): boolean =>
  left.length === right.length && left.every((item, index) => item === right[index]);

/** `make`, but the same object again for as long as it is made of the same. */
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
