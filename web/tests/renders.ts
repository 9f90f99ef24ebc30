// SPDX-License-Identifier: Apache-2.0
// renders.ts: counts which components React renders, through its interface for developer tools.
//
// Import it before React, which looks for the tools when it is loaded.

interface Fiber {
  readonly tag: number;
  readonly type: unknown;
  readonly flags: number;
  readonly alternate: Fiber | null;
  readonly child: Fiber | null;
  readonly sibling: Fiber | null;
}

/** Function, class, forwardRef, memo, simple memo. */
const COMPONENTS = new Set([0, 1, 11, 14, 15]);
const PERFORMED_WORK = 1;

const counts = new Map<string, number>();

function nameOf(type: unknown): string {
  if (typeof type === "function") return type.name;
  if (typeof type === "object" && type !== null) {
    if ("type" in type) return nameOf(type.type);
    if ("render" in type) return nameOf(type.render);
  }
  return "unknown";
}

function walk(fiber: Fiber): void {
  const before = fiber.alternate;
  const rendered = before === null || (fiber.flags & PERFORMED_WORK) !== 0;
  if (COMPONENTS.has(fiber.tag) && rendered) {
    const name = nameOf(fiber.type);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  // The same children: React did not go below.
  if (before !== null && before.child === fiber.child) return;
  for (let child = fiber.child; child !== null; child = child.sibling) walk(child);
}

Object.assign(globalThis, {
  __REACT_DEVTOOLS_GLOBAL_HOOK__: {
    supportsFiber: true,
    inject: () => 1,
    onCommitFiberUnmount: () => undefined,
    onPostCommitFiberRoot: () => undefined,
    onCommitFiberRoot: (_id: number, root: { readonly current: Fiber }) => walk(root.current),
  },
});

/** How often each component rendered during the task. */
export function rendersOf(action: () => void): ReadonlyMap<string, number> {
  counts.clear();
  action();
  return new Map(counts);
}

export const sumOf = (renders: ReadonlyMap<string, number>): number =>
  [...renders.values()].reduce((sum, one) => sum + one, 0);
