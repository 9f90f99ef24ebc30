// SPDX-License-Identifier: Apache-2.0
// undo.tsx: what was deleted a moment ago, and a way to get it back.
//
// The client shows a deletion as done and holds it back for ten seconds, over a reload too. The bar names
// those of all threads and tabs of this browser.

import type { JSX } from "react";
import type { Undoable } from "lockstep-client";
import { useUndo } from "lockstep-client/react";

import { chatAddress, go } from "../route.js";

const saidOf = ({ message }: Undoable): string =>
  message === null ? "Thread deleted." : "Message deleted, with all that follows it.";

interface UndoBarProps {
  readonly onUndone: () => void;
  /** Does this page show whichever thread comes back? */
  readonly alone: boolean;
}

export function UndoBar({ onUndone, alone }: UndoBarProps): JSX.Element {
  const { undoable, undo } = useUndo();
  const take = (one: Undoable): void => {
    onUndone();
    void undo(one.id).then((back) => {
      if (back && alone && one.message === null) go(chatAddress(one.thread));
    });
  };
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
          <button type="button" data-testid="undo" onClick={() => take(one)}>
            Undo
          </button>
        </p>
      ))}
    </div>
  );
}
