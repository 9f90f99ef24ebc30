// SPDX-License-Identifier: Apache-2.0
// state_view.tsx: the thread at an entry, with the cut text struck through after the kept text.
//
// It shows the path to the head of that moment. The text is plain, as in the log. Of a long part
// and of a long path it draws the end. The box is aligned to its end by CSS: scrolling it there
// would make the browser lay out the page at every step of a scrub.

import { memo, useMemo, useState } from "react";
import type { JSX } from "react";
import type { Message, Part, ThreadState } from "lockstep-client";

import { endNote } from "../chat/ends.js";
import { contentOf } from "./cuts.js";
import type { Cut } from "./cuts.js";
import { countText } from "./facts.js";
import { pathTo } from "./timeline.js";
import type { Timeline } from "./timeline.js";

/** The last 10 messages of the path are drawn: changes are mostly there. */
const DRAWN = 10;

/** The last 2,000 units of a part are drawn, or all of them on request. */
const TAIL = 2_000;

interface StateViewProps {
  readonly timeline: Timeline;
  readonly state: ThreadState;
  readonly index: number;
}

export const StateView = memo(function StateView({
  timeline,
  state,
  index,
}: StateViewProps): JSX.Element {
  const path = useMemo(() => pathTo(state, state.thread?.head), [state]);
  const others = state.messages.size - path.length;
  const [drawn, setDrawn] = useState(DRAWN);
  const hidden = Math.max(0, path.length - drawn);
  const waiting = [...state.runs.values()].filter((run) => run.status === "queued");
  return (
    <>
      <h2>
        State{" "}
        <small>
          {state.messages.size} messages{others > 0 ? `, ${others} on other branches` : ""}
        </small>
      </h2>
      <div className="state" tabIndex={0} role="region" aria-label="Messages at this moment">
        <div className="state-all">
          {hidden === 0 ? null : (
            <button type="button" onClick={() => setDrawn(drawn + 5 * DRAWN)}>
              {hidden} earlier
            </button>
          )}
          {path.slice(hidden).map((message) => (
            <PastMessage key={message.id} message={message} cut={timeline.cutOf(message, index)} />
          ))}
        </div>
      </div>
      {waiting.length === 0 ? null : <p className="hint">{waiting.length} turns wait.</p>}
    </>
  );
});

interface PastMessageProps {
  readonly message: Message;
  readonly cut: Cut | null;
}

export const PastMessage = memo(function PastMessage({
  message,
  cut,
}: PastMessageProps): JSX.Element {
  const end = endNote(message);
  const gone = cut === null ? [] : cut.parts.filter((part) => part.part >= message.parts.length);
  return (
    <article
      className="past"
      data-testid="past-message"
      data-message={message.id}
      data-status={message.status}
    >
      <h3>
        {message.author ?? message.role}
        {message.model === undefined ? null : <small> {message.model}</small>}
        {message.status === "complete" ? null : (
          <span className="mark" data-mark={message.status}>
            {message.status}
          </span>
        )}
      </h3>
      {message.parts.map((part, index) => (
        <PastPart
          key={index}
          part={part}
          cut={cut?.parts.find((one) => one.part === index)?.cut ?? ""}
        />
      ))}
      {gone.map((part) => (
        <p key={part.part} className="past-text" dir="auto" data-type={part.type}>
          <del data-testid="cut">{part.cut}</del>
        </p>
      ))}
      {end === null ? null : <p className="legend">{end}</p>}
      {cut === null ? null : (
        <p className="legend">
          Seen by the user; <del>written by the model and never seen</del>
        </p>
      )}
    </article>
  );
});

function PastPart({ part, cut }: { readonly part: Part; readonly cut: string }): JSX.Element {
  const [whole, setWhole] = useState(false);
  const content = contentOf(part);
  const hidden = whole || content.length <= TAIL * 1.5 ? 0 : content.length - TAIL;
  return (
    <div className="past-part" data-type={part.type}>
      {part.type === "text" ? null : <small>{labelOf(part)}</small>}
      {hidden === 0 ? null : (
        <button type="button" onClick={() => setWhole(true)}>
          {countText(hidden)} units before this
        </button>
      )}
      <p className="past-text" dir="auto">
        <span data-testid="kept">{hidden === 0 ? content : content.slice(hidden)}</span>
        {cut === "" ? null : <del data-testid="cut">{cut}</del>}
      </p>
    </div>
  );
}

function labelOf(part: Part): string {
  if (part.type === "tool_call") return `call of ${part.name}`;
  if (part.type === "tool_result") return `result of ${part.call}`;
  if (part.type === "data") return `data ${part.name}`;
  return part.type;
}
