// SPDX-License-Identifier: Apache-2.0
// path.ts: the tree of messages, and the branch of it that is shown.
//
// A device shows a path: from a root to the head of the thread, or to the tip of another branch
// that its user has chosen.

import type { ThreadState } from "./state.js";
import type { Message } from "./wire.js";

/** A tree of messages: of a state, or of a state with unanswered changes. */
export interface Tree {
  readonly head: string | null;
  message(id: string): Message | undefined;
  /** Ids in the order in which they were made; of `null`: the roots. The same list if unchanged. */
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

/** Reuses the index: `next` has the same tree, because a token changes no places. */
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

/** Is the message `above` itself, or below it? Every message is below `null`. */
export const liesBelow = (tree: Known, id: string | null, above: string | null): boolean =>
  above === null || pathTo(tree, id).some((it) => it.id === above);

const messageAt = (tree: Known, id: string | null) => (id === null ? undefined : tree.message(id));

/** The end of the branch through a message: the head if it lies below, else the newest message. */
export const tipOf = (tree: Tree, id: string): string => {
  if (liesBelow(tree, tree.head, id)) return tree.head as string;
  let tip = id;
  for (let next: string | undefined = id; next; next = tree.children(next).at(-1)) tip = next;
  return tip;
};

/** The path on the screen; `shown` is this device's choice of a branch. */
export const pathLookedAt = (tree: Tree, shown: string | null): readonly Message[] =>
  pathTo(tree, messageAt(tree, shown) ? tipOf(tree, shown as string) : tree.head);

/** The ids of a message's siblings in order, its own included; empty if it is not there. */
export const siblingsOf = (tree: Tree, id: string): readonly string[] => {
  const message = tree.message(id);
  return message ? tree.children(message.parent) : none;
};

/** From the root to the thread's head. */
export const headPath = (state: ThreadState): readonly Message[] =>
  pathTo(treeOf(state), state.thread?.head ?? null);
