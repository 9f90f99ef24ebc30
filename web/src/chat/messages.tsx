// SPDX-License-Identifier: Apache-2.0
// messages.tsx: the messages of a thread, in order, and the notes between them.

import { Fragment, useEffect, useMemo, useRef, useState } from "react";
import type { JSX } from "react";
import type { ThreadView } from "lockstep-client";
import { useConnection } from "lockstep-client/react";

import { drawnOf } from "./drawn.js";
import type { Drawn } from "./drawn.js";
import { canContinue, isUnanswered, lastDropped, missingAnswers } from "./ends.js";
import { MessageItem } from "./message.js";

/** The last 100 messages are drawn, and 100 more at each click on "earlier". */
const DRAWN = 100;

/** Has the server answered that the thread does not exist? */
export const isUnknown = (view: ThreadView): boolean =>
  view.status === "ready" &&
  view.thread === null &&
  view.error === null &&
  view.messages.length === 0 &&
  view.pending === 0;

function NoThread({ id }: { readonly id: string }): JSX.Element {
  return (
    <p className="empty" data-testid="unknown-thread">
      There is no thread <code>{id}</code>. A message that you write here begins it.
    </p>
  );
}

type HandedOn = "live" | "painted" | "agent" | "onEditing" | "toComposer";

export interface MessagesProps extends Pick<Parameters<typeof MessageItem>[0], HandedOn> {
  readonly view: ThreadView;
  readonly fresh: boolean;
  readonly edited: ReadonlySet<string>;
}

export function Messages({ view, fresh, edited, ...handedOn }: MessagesProps): JSX.Element {
  const [drawn, setDrawn] = useState(DRAWN);
  const { state } = useConnection();
  const all = useDrawn(view);
  const missing = useMemo(() => missingAnswers(view), [view]);
  const dropped = useMemo(() => lastDropped(view), [view]);
  const hidden = Math.max(0, all.length - drawn);
  if (all.length === 0) {
    const waiting = view.status === "loading" && !fresh;
    if (isUnknown(view) && !fresh) return <NoThread id={view.id} />;
    return <p className="empty">{waiting ? "Loading…" : "No messages yet."}</p>;
  }
  return (
    <>
      {hidden === 0 ? null : (
        <button type="button" className="earlier" onClick={() => setDrawn(drawn + DRAWN)}>
          {hidden} earlier
        </button>
      )}
      <ol className="messages" role="list" data-testid="messages">
        {all.slice(hidden).map((one) => (
          <Fragment key={one.messages[0]?.id}>
            <MessageItem
              {...handedOn}
              drawn={one}
              editing={edited.has(one.messages[0]?.id ?? "")}
              missing={missing.get(one.messages.at(-1)?.id ?? "") ?? null}
              cut={canContinue(view, one.messages)}
              unanswered={one.messages.length === 1 && isUnanswered(view, placeOf(view, one))}
              frozen={isFrozen(view, one)}
            />
            {one.messages.some(({ id }) => id === dropped) ? <Dropped /> : null}
          </Fragment>
        ))}
      </ol>
      {/* Without a connection no answer can come: the banner shows the waiting changes. */}
      {view.status === "submitted" && (state === "online" || view.pending === 0) ? (
        <p className="waiting" data-testid="waiting">
          Waiting for the answer…
        </p>
      ) : null}
    </>
  );
}

/** The answers of the view; those that did not change are the same objects. */
function useDrawn({ messages, runs }: ThreadView): readonly Drawn[] {
  const former = useRef<readonly Drawn[]>([]);
  const drawn = useMemo(() => drawnOf({ messages, runs }, former.current), [messages, runs]);
  useEffect(() => {
    former.current = drawn;
  }, [drawn]);
  return drawn;
}

const placeOf = ({ messages }: ThreadView, { messages: [first] }: Drawn): number =>
  messages.findLastIndex((message) => message === first);

function isFrozen({ stopping, run }: ThreadView, { messages }: Drawn): boolean {
  const last = messages.at(-1);
  return stopping && last?.role !== "user" && (last?.run === run?.id || last?.status === "open");
}

function Dropped(): JSX.Element {
  return (
    <li className="dropped" data-testid="dropped">
      <span>The model was not given what is above this line.</span>
    </li>
  );
}
