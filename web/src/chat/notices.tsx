// SPDX-License-Identifier: Apache-2.0
// notices.tsx: notices about problems: the connection, refused changes, turns that wait or have no
// answer, lost messages, failed runs.

import { useEffect, useState } from "react";
import type { JSX } from "react";
import type {
  ChangeBody,
  FilePart,
  LiveThread,
  QueuedTurn,
  RefusedChange,
  ThreadView,
} from "lockstep-client";
import { useClient, useConnection } from "lockstep-client/react";

import { IconButton } from "../icons.js";
import { inputFiles, inputText, reasonOf, shownText, textOf } from "./text.js";

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

/** Shown only if connecting takes longer than a blink. */
function useLate(active: boolean, milliseconds: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!active) {
      setLate(false);
      return undefined;
    }
    const timer = setTimeout(() => setLate(true), milliseconds);
    return () => clearTimeout(timer);
  }, [active, milliseconds]);
  return active && late;
}

/** The text of the banner; empty: there is no problem to show. */
function connectionText(state: string, connecting: boolean, stuck: boolean): string {
  if (state === "offline") return "No connection.";
  if (connecting) return "Connecting…";
  return stuck ? "Waiting for the server." : "";
}

export function ConnectionBanner(props: {
  readonly pending: number;
  /** Has this device received the thread? */
  readonly received: boolean;
}): JSX.Element {
  const { pending, received } = props;
  const client = useClient();
  const { state, transport } = useConnection();
  const connecting = useLate(state === "connecting", 1000);
  const stuck = useLate(state === "online" && pending > 0, 2000);
  const text = connectionText(state, connecting, stuck);
  return (
    <div
      role="status"
      className="banner"
      data-testid="connection"
      data-state={state}
      data-transport={transport ?? undefined}
      hidden={text === ""}
    >
      <span>
        {text}{" "}
        {pending === 0 ? (
          received ? (
            "You can read and change everything here."
          ) : (
            "Your changes are kept here until then."
          )
        ) : (
          <span data-testid="pending-count" data-count={pending}>
            {count(pending, "change waits", "changes wait")} to be sent.
          </span>
        )}
      </span>
      <button type="button" onClick={() => client.reconnect()} data-testid="reconnect">
        Try now
      </button>
    </div>
  );
}

const CHANGES: Readonly<Record<ChangeBody["type"], string>> = {
  start_run: "Message",
  put_message: "Edit",
  delete_message: "Deletion",
  stop_run: "Stop",
  answer_call: "Answer to a call",
  decide_call: "Decision",
  move_head: "Move",
  update_thread: "Change of the thread",
};

const nameOf = (change: ChangeBody): string =>
  "continue" in change && change.continue !== undefined ? "Continue" : CHANGES[change.type];

function saidIn(change: ChangeBody): string {
  if (change.type === "start_run") return shownText(change.input);
  if (change.type === "put_message") return textOf(change.message);
  if (change.type === "answer_call") return change.content;
  if (change.type === "update_thread") return change.title ?? "";
  return "";
}

/** Sends the change again, after the user has seen the newer content. */
function sayAgain(live: LiveThread, change: ChangeBody): void {
  if (change.type === "delete_message") void live.remove(change.message);
  if (change.type !== "put_message" || change.message.id === undefined) return;
  const { id, text = "", parts, metadata } = change.message;
  void live.edit(id, parts === undefined ? text : { parts }, { metadata });
}

/** Puts a turn back into the composer. */
export type Restore = (text: string, files: readonly FilePart[]) => void;

interface RefusedProps {
  readonly refused: readonly RefusedChange[];
  readonly live: LiveThread;
  readonly onRestore: Restore;
}

export function Refused({ refused, live, onRestore }: RefusedProps): JSX.Element | null {
  if (refused.length === 0) return null;
  return (
    <ul className="notices" aria-label="Refused changes" role="list">
      {refused.map(({ op, change, code, detail, now }) => {
        const said = saidIn(change);
        return (
          <li
            key={op}
            className="notice danger"
            role="alert"
            data-testid="refused"
            data-code={code}
          >
            <div>
              <strong>{nameOf(change)} refused.</strong> {reasonOf(code, detail)}
              {said === "" ? null : <q dir="auto">{said.slice(0, 200)}</q>}
              {now ? (
                <>
                  {" "}
                  The message is now: <q dir="auto">{textOf(now).slice(0, 200)}</q>
                </>
              ) : null}
            </div>
            {now ? (
              <button
                type="button"
                onClick={() => {
                  sayAgain(live, change);
                  live.dismiss(op);
                }}
              >
                {change.type === "delete_message" ? "Delete it" : "Use mine"}
              </button>
            ) : null}
            {said !== "" && change.type === "start_run" ? (
              <button
                type="button"
                onClick={() => {
                  onRestore(inputText(change.input), inputFiles(change.input));
                  live.dismiss(op);
                }}
              >
                Write again
              </button>
            ) : null}
            <IconButton icon="close" label="Dismiss" onClick={() => live.dismiss(op)} />
          </li>
        );
      })}
    </ul>
  );
}

interface QueuedProps {
  readonly queued: readonly QueuedTurn[];
  readonly live: LiveThread;
}

export function Queued({ queued, live }: QueuedProps): JSX.Element | null {
  if (queued.length === 0) return null;
  return (
    <ol className="queued" aria-label="Turns that wait" role="list">
      {queued.map((turn) => (
        <li key={turn.run} data-testid="queued" data-run={turn.run}>
          <span className="mark">{turn.pending ? "queued, not sent yet" : "queued"}</span>
          <p dir="auto">{shownText(turn.input)}</p>
          <IconButton icon="close" label="Take it back" onClick={() => void live.stop(turn.run)} />
        </li>
      ))}
    </ol>
  );
}

interface UnsentProps {
  readonly unsent: readonly QueuedTurn[];
  readonly onRestore: Restore;
}

/** Turns that waited when an earlier one failed: they get an answer only if they are sent again. */
export function Unsent({ unsent, onRestore }: UnsentProps): JSX.Element | null {
  if (unsent.length === 0) return null;
  return (
    <ol className="queued" aria-label="Turns that were not answered" role="list">
      {unsent.map((turn) => (
        <li key={turn.run} data-testid="unsent" data-run={turn.run}>
          <span className="mark">not answered, because an earlier turn failed</span>
          <p dir="auto">{shownText(turn.input)}</p>
          <button
            type="button"
            onClick={() => onRestore(inputText(turn.input), inputFiles(turn.input))}
          >
            Write again
          </button>
        </li>
      ))}
    </ol>
  );
}

export function Lost({
  view,
  live,
}: {
  readonly view: ThreadView;
  readonly live: LiveThread;
}): JSX.Element | null {
  if (view.lost.length === 0) return null;
  return (
    <div className="notice" role="alert" data-testid="lost">
      <div>
        <strong>The server was restored to an earlier state.</strong>{" "}
        {count(view.lost.length, "message is", "messages are")} only in this browser now.
        <details>
          <summary>Show</summary>
          {view.lost.map((message) => (
            <blockquote key={message.id} dir="auto">
              {textOf(message)}
            </blockquote>
          ))}
        </details>
      </div>
      <button type="button" onClick={() => void live.offerLost()}>
        Put back
      </button>
      <button type="button" onClick={() => live.forgetLost()}>
        Forget
      </button>
    </div>
  );
}

export function ThreadError({ view }: { readonly view: ThreadView }): JSX.Element | null {
  const { error } = view;
  if (error === null || error.code === "unknown_thread") return null;
  return (
    <p className="notice danger" role="alert" data-testid="thread-error" data-code={error.code}>
      {error.code === "deleted" ? "This thread is deleted." : reasonOf(error.code, error.detail)}
    </p>
  );
}
