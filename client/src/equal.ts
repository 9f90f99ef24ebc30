// equal.ts: are two values of JSON the same? Absent and undefined say the same.

export function equal(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || !left || !right) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const name of names) {
    const one = (left as Record<string, unknown>)[name];
    if (!equal(one, (right as Record<string, unknown>)[name])) return false;
  }
  return true;
}

/** Are two lists the same, item by item, by identity? */
export function sameItems(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}
