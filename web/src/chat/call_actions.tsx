// SPDX-License-Identifier: Apache-2.0
// call_actions.tsx: a person in the loop: decides whether a call may be made, and answers one.
//
// The first decision and the first answer count, on any device. A second one is refused, and the
// page says so among the refused changes; what counts is shown here by then.

import { useId, useState } from "react";
import type { FormEvent, JSX } from "react";
import type { CallState, LiveThread, Resume } from "lockstep-client";

interface CallProps {
  readonly live: LiveThread;
  /** Of the message. */
  readonly message: string;
  /** Of the call. */
  readonly id: string;
  readonly name: string;
}

const WORDS: Readonly<Record<CallState, string>> = {
  asked: "Waits for an answer.",
  needs_approval: "Needs your approval.",
  approved: "Approved. Waits for an answer.",
  denied: "Denied.",
  running: "Is being worked on.",
  answered: "",
  failed: "The tool failed.",
  expired: "The time for an answer is over.",
  passed: "",
};

export function CallActions(
  props: CallProps & { readonly state: CallState; readonly reason: string },
): JSX.Element | null {
  const { state, reason } = props;
  const words = WORDS[state];
  if (words === "") return null;
  const answerable = state === "asked" || state === "approved" || state === "expired";
  return (
    <div className="call-actions" data-testid="call" data-state={state}>
      <p role="status">
        {words} {reason === "" ? null : <q dir="auto">{reason}</q>}
      </p>
      {state === "needs_approval" ? <Decision {...props} /> : null}
      {answerable ? <Answer {...props} /> : null}
    </div>
  );
}

function Decision({ live, message, id, name }: CallProps): JSX.Element {
  const [denying, setDenying] = useState(false);
  const approve = (always: boolean): void =>
    void live.decideTool(message, id, "approved", always ? { always } : {});
  if (denying) {
    return (
      <Field
        label={`Why not? The model is told the reason.`}
        send="Deny"
        optional
        onCancel={() => setDenying(false)}
        onSend={(reason) => void live.decideTool(message, id, "denied", reason ? { reason } : {})}
      />
    );
  }
  return (
    <div className="call-buttons" role="group" aria-label={`Decide the call of ${name}`}>
      <button
        type="button"
        className="primary"
        data-testid="approve"
        onClick={() => approve(false)}
      >
        Approve
      </button>
      <button type="button" data-testid="deny" onClick={() => setDenying(true)}>
        Deny…
      </button>
      <button type="button" data-testid="always" onClick={() => approve(true)}>
        Always for this tool in this thread
      </button>
    </div>
  );
}

function Answer({ live, message, id, name }: CallProps): JSX.Element {
  const [open, setOpen] = useState(false);
  if (!open) {
    return (
      <div className="call-buttons">
        <button type="button" data-testid="answer-call" onClick={() => setOpen(true)}>
          Answer it yourself…
        </button>
      </div>
    );
  }
  return (
    <Field
      label={`The result of ${name}`}
      send="Send the result"
      onCancel={() => setOpen(false)}
      onSend={(content) => void live.answerTool(message, id, content)}
      onFail={(content) => void live.answerTool(message, id, content, { failed: true })}
    />
  );
}

interface FieldProps {
  readonly label: string;
  readonly send: string;
  /** May it be empty? */
  readonly optional?: boolean | undefined;
  readonly onSend: (text: string) => void;
  readonly onFail?: ((text: string) => void) | undefined;
  readonly onCancel: () => void;
}

function Field(props: FieldProps): JSX.Element {
  const [text, setText] = useState("");
  const field = useId();
  const empty = text.trim() === "" && props.optional !== true;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!empty) props.onSend(text);
  };
  const { onFail } = props;
  return (
    <form className="call-field" onSubmit={submit}>
      <label htmlFor={field}>{props.label}</label>
      <textarea
        id={field}
        data-testid="call-field"
        dir="auto"
        rows={2}
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="call-buttons">
        <button type="submit" className="primary" data-testid="call-send" disabled={empty}>
          {props.send}
        </button>
        {onFail === undefined ? null : (
          <button type="button" disabled={empty} onClick={() => onFail(text)}>
            Send as an error
          </button>
        )}
        <button type="button" onClick={props.onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}

const GIVEN_UP: Readonly<Record<string, string>> = {
  moved_on: "The conversation went on before all calls were answered.",
  head_left: "The thread shows another branch now, so the answers start nothing.",
  expired: "The time for answers is over: they start nothing by themselves any more.",
  stopped: "The waiting was stopped: answers start nothing by themselves.",
  too_many: "Too many runs wait: answers start nothing by themselves.",
  no_agent: "The agent is not there any more: answers start nothing by themselves.",
  taken: "Answers start nothing by themselves.",
};

/** How an answer with open calls goes on. */
export function ResumeNote({ resume }: { readonly resume: Resume | null }): JSX.Element | null {
  if (resume === null) return null;
  const { status, why = "" } = resume;
  if (status !== "waiting" && status !== "given_up") return null;
  return (
    <p className="end-note" data-testid="resume" data-status={status}>
      {status === "waiting"
        ? "The model goes on when all its calls are answered."
        : (GIVEN_UP[why] ?? "Answers start nothing by themselves.")}
    </p>
  );
}
