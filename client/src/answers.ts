// SPDX-License-Identifier: Apache-2.0
// answers.ts: a message that goes on where an earlier one was cut, drawn with it as one answer.

import type { Message } from "./wire.js";

/** Does the message go on with the one before it on the path? */
export const goesOn = (message: Message, before: Message | undefined): boolean =>
  before !== undefined && message.continues === before.id && message.parent === before.id;

/** The messages of a path, those of one answer together. */
export const answersOf = <Item extends Message>(
  path: readonly Item[],
): readonly (readonly Item[])[] => {
  const answers: Item[][] = [];
  for (const message of path) {
    const last = answers.at(-1);
    if (last && goesOn(message, last.at(-1))) last.push(message);
    else answers.push([message]);
  }
  return answers;
};
