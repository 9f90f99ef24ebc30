// SPDX-License-Identifier: Apache-2.0
// repairs_note.tsx: where the model was given something else than the page shows.

import type { JSX } from "react";
import type { Repair, Run } from "lockstep-client";

import { repairCount, repairSentence, unnamed } from "../repairs.js";

/** One line, which opens to a sentence for each kind. */
export function RepairsNote({ runs }: { readonly runs: readonly Run[] }): JSX.Element {
  const repairs = runs.flatMap((run) => run.repairs ?? []);
  const count = repairCount(repairs);
  return (
    <details className="repairs" data-testid="repairs" data-count={count}>
      <summary>
        The model was given {count === 1 ? "1 thing" : `${count} things`} differently
      </summary>
      <ul>
        {repairs.map((repair, index) => (
          <li key={index} data-kind={repair.kind}>
            {repairSentence(repair)} <Places repair={repair} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function Places({ repair }: { readonly repair: Repair }): JSX.Element {
  const others = unnamed(repair);
  return (
    <small>
      {repair.ids.map((id, index) => (
        <Place key={index} id={id} />
      ))}
      {others > 0 ? `and ${others} more` : null}
    </small>
  );
}

/** An id: of a message, a call or a parameter. That of a message leads to it. */
function Place({ id }: { readonly id: string }): JSX.Element {
  const go = (): void => {
    const names = ["data-message", "data-last"].map((name) => `[${name}="${CSS.escape(id)}"]`);
    document.querySelector(names.join())?.scrollIntoView({ block: "center" });
  };
  return (
    <>
      <button type="button" className="place" onClick={go}>
        {id}
      </button>{" "}
    </>
  );
}
