// SPDX-License-Identifier: Apache-2.0
// undo.tsx: a bar with the deletions of the last ten seconds, which undoes them.
//
// The client shows a deletion as done and holds it back for ten seconds, also over a reload. The
// bar names those of all threads and tabs of this browser.

import type { JSX } from "react";
import type { Undoable } from "lockstep-client";
import { useUndo } from "lockstep-client/react";

import { chatAddress, go } from "../route.js";

const saidOf = ({ message }: Undoable): string =>
  message === null ? "Thread deleted." : "Message deleted, with all messages below.";

export interface Deletions {
  readonly undoable: readonly Undoable[];
  readonly takeBack: (one: Undoable) => void;
}

/** `alone`: the page shows one conversation, so it goes to a thread that comes back. */
export function useDeletions(alone: boolean, onUndone: () => void): Deletions {
  const { undoable, undo } = useUndo();
  const takeBack = (one: Undoable): void => {
    onUndone();
    void undo(one.id).then((back) => {
      if (back && alone && one.message === null) go(chatAddress(one.thread));
    });
  };
  return { undoable, takeBack };
}

export function UndoBar({ undoable, takeBack }: Deletions): JSX.Element {
  return (
    <div
      role="status"
      aria-label="Deletions"
      className="notices undo"
      hidden={undoable.length === 0}
    >
      {undoable.map((one) => (
        <p key={one.id} className="notice" data-testid="undoable" data-thread={one.thread}>
          <span>{saidOf(one)}</span>
          <button type="button" data-testid="undo" onClick={() => takeBack(one)}>
            Undo
          </button>
        </p>
      ))}
    </div>
  );
}
