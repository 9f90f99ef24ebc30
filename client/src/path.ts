// SPDX-License-Identifier: Apache-2.0
// path.ts: the tree of messages, and the branch of it that is looked at.
//
// What is looked at is a path: from a root to the head of the thread, or, on a device that looks at
// another branch, to that branch's tip.

import type { ThreadState } from "./state.js";
import type { Message } from "./wire.js";

/** A tree of messages: of a state, or of a state with changes that are not acknowledged. */
export interface Tree {
  readonly head: string | null;
  message(id: string): Message | undefined;
  /** Ids, in the order in which they were made; of `null`: the roots. The same list if it is. */
  children(parent: string | null): readonly string[];
}

type Messages = ThreadState["messages"];
type Children = ReadonlyMap<string | null, readonly string[]>;

const none: readonly string[] = [];
const indexes = new WeakMap<Messages, Children>();

const childrenIn = (messages: Messages): Children => {
  let index = indexes.get(messages);
  if (!index) {
    const made = new Map<string | null, string[]>();
    for (const { id, parent } of messages.values()) {
      const siblings = made.get(parent);
      if (siblings) siblings.push(id);
      else made.set(parent, [id]);
    }
    indexes.set(messages, (index = made));
  }
  return index;
};

/** The messages of `next` stand where they stood: a token changes no tree. */
export const inheritTree = (former: Messages, next: Messages): void => {
  const index = indexes.get(former);
  if (index) indexes.set(next, index);
};

export const treeOf = (state: Pick<ThreadState, "messages" | "thread">): Tree => ({
  head: state.thread?.head ?? null,
  message: (id) => state.messages.get(id),
  children: (parent) => childrenIn(state.messages).get(parent) ?? none,
});

type Known = Pick<Tree, "message">;

/** From a root to the message, both included; empty if it is not there. */
export const pathTo = (tree: Known, id: string | null): readonly Message[] => {
  const path: Message[] = [];
  for (let at = messageAt(tree, id); at; at = messageAt(tree, at.parent)) path.push(at);
  return path.reverse();
};

/** Is the message the other one, or below it? Below `null` lies everything. */
export const liesBelow = (tree: Known, id: string | null, above: string | null): boolean =>
  above === null || pathTo(tree, id).some((it) => it.id === above);

const messageAt = (tree: Known, id: string | null) => (id === null ? undefined : tree.message(id));

/** Where the branch through a message ends: at the head if that lies below, else at the newest. */
export const tipOf = (tree: Tree, id: string): string => {
  if (liesBelow(tree, tree.head, id)) return tree.head as string;
  let tip = id;
  for (let next: string | undefined = id; next; next = tree.children(next).at(-1)) tip = next;
  return tip;
};

/** The path that is looked at; `shown` is this device's own choice of a branch. */
export const pathLookedAt = (tree: Tree, shown: string | null): readonly Message[] =>
  pathTo(tree, messageAt(tree, shown) ? tipOf(tree, shown as string) : tree.head);

/** A message's siblings in order, itself among them; empty if it is not there. */
export const siblingsOf = (tree: Tree, id: string): readonly string[] => {
  const message = tree.message(id);
  return message ? tree.children(message.parent) : none;
};

/** From the root to the thread's head. */
export const headPath = (state: ThreadState): readonly Message[] =>
  pathTo(treeOf(state), state.thread?.head ?? null);
