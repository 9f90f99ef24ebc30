// SPDX-License-Identifier: Apache-2.0
// message.tsx: one message, or an answer of several that go on with each other, and its actions.
//
// Its props do not change with the tokens of another message, so `memo` keeps React from rendering
// any message but the one that grows.

import { memo } from "react";
import type { JSX } from "react";
import type { LiveThread, MessageView } from "lockstep-client";
import type { Painted } from "lockstep-client/react";

import { Icon, IconButton } from "../icons.js";
import { CopyButton } from "../markdown/code.js";
import { ResumeNote } from "./call_actions.js";
import { textOfPieces } from "./drawn.js";
import type { Drawn } from "./drawn.js";
import { Editor } from "./editor.js";
import { endNote, sentenceFor } from "./ends.js";
import { PartView } from "./parts.js";
import { RepairsNote } from "./repairs_note.js";
import { asking } from "./sending.js";
import { withText } from "./text.js";

interface MessageProps {
  readonly drawn: Drawn;
  readonly live: LiveThread;
  readonly painted: Painted;
  /** Stop was pressed, and the last message belongs to the run that is being stopped. */
  readonly frozen: boolean;
  /** A user's message without an answer, and without a run that could bring one. */
  readonly unanswered: boolean;
  /** What models are given in place of its answer, which ended before a word. */
  readonly missing: string | null;
  /** Can the answer go on? */
  readonly cut: boolean;
  readonly editing: boolean;
  readonly onEditing: (message: string, editing: boolean) => void;
  /** Moves the focus to the composer, after an edit or a deletion. */
  readonly toComposer: () => void;
  readonly agent: string;
}

const NAMES: Readonly<Record<string, string>> = {
  user: "You",
  assistant: "Answer",
  system: "System",
  tool: "Tool",
};

export const MessageItem = memo(function MessageItem(props: MessageProps): JSX.Element | null {
  const { messages } = props.drawn;
  const [first] = messages;
  const last = messages.at(-1);
  if (first === undefined || last === undefined) return null;
  const name = first.author ?? NAMES[first.role] ?? first.role;
  const pending = messages.find((message) => message.pending !== null)?.pending ?? null;
  return (
    <li
      className="message"
      data-testid="message"
      data-message={first.id}
      data-last={last === first ? undefined : last.id}
      data-role={first.role}
      data-status={last.status}
      data-pending={pending ?? undefined}
    >
      <article aria-label={name}>
        <h2 className="who">
          {name}
          <Marks status={last.status} pending={pending} frozen={props.frozen} />
        </h2>
        {props.editing ? (
          <MessageEditor {...props} first={first} />
        ) : (
          <>
            <Parts {...props} />
            <Notes {...props} last={last} />
            <Actions {...props} first={first} last={last} />
          </>
        )}
      </article>
    </li>
  );
});

/** Edits the whole answer: its first message gets the text, and those that go on lose theirs. */
function MessageEditor(props: MessageProps & { readonly first: MessageView }): JSX.Element {
  const { drawn, first, live, agent } = props;
  const leave = (): void => {
    props.toComposer();
    props.onEditing(first.id, false);
  };
  const edit = (text: string, resend: boolean): void => {
    leave();
    const parts = withText(first, text);
    void live.edit(first.id, { parts }, resend ? { resend, ...asking(agent) } : undefined);
    for (const { id, parts: own } of drawn.messages.slice(1)) {
      const rest = own.filter((part) => part.type !== "text");
      if (rest.length < own.length) void live.edit(id, { parts: rest });
    }
  };
  return (
    <Editor
      text={textOfPieces(drawn.pieces)}
      resend={first.role === "user"}
      onCancel={leave}
      onSave={(text) => edit(text, false)}
      onSend={(text) => edit(text, true)}
    />
  );
}

function Parts({ drawn, painted, frozen, live }: MessageProps): JSX.Element {
  const { messages, pieces, moved } = drawn;
  const last = messages.at(-1);
  const open = last?.status === "open" ? last : undefined;
  const sentence = sentenceFor(messages);
  return (
    <div className="parts">
      {pieces.map(({ message, index, part, before, result, call }) => (
        <PartView
          key={`${message} ${index}`}
          message={message}
          index={index}
          part={part}
          open={open?.id === message && index === open.parts.length - 1}
          frozen={frozen && message === last?.id}
          plain={last?.role !== "assistant"}
          painted={painted}
          before={before}
          result={result?.part.content ?? null}
          resultIndex={result?.message === message ? result.index : undefined}
          call={open?.id === message ? null : call}
          live={live}
        />
      ))}
      {moved === 0 ? null : (
        <p className="waiting" data-testid="moved">
          {moved === 1
            ? "The result is shown at its call."
            : "The results are shown at their calls."}
        </p>
      )}
      {open?.parts.length === 0 ? <p className="waiting">Waiting for the first word…</p> : null}
      {sentence === null ? null : (
        <p className="waiting" data-testid="sentence">
          {sentence}
        </p>
      )}
    </div>
  );
}

function Notes({ drawn, last, missing }: MessageProps & { readonly last: MessageView }) {
  const end = endNote(last);
  return (
    <>
      {end === null ? null : (
        <p className="end-note" data-testid="end-note">
          {end}
        </p>
      )}
      <ResumeNote resume={drawn.resume} />
      {drawn.repaired.length === 0 ? null : <RepairsNote runs={drawn.repaired} />}
      {missing === null ? null : (
        <p className="missing" data-testid="missing">
          {missing}
        </p>
      )}
    </>
  );
}

const ENDED: Readonly<Record<string, string>> = {
  stopped: "stopped",
  failed: "failed",
  interrupted: "interrupted",
};
const PENDING: Readonly<Record<string, string>> = {
  new: "not sent yet",
  edited: "edit not sent yet",
  deleted: "deletion not sent yet",
};

function Marks({
  status,
  pending,
  frozen,
}: Pick<MessageView, "status" | "pending"> & { readonly frozen: boolean }): JSX.Element {
  const ended = ENDED[status];
  return (
    <>
      {ended === undefined ? null : (
        <span className="mark" data-mark={status}>
          {ended}
        </span>
      )}
      {frozen && status === "open" ? (
        <span className="mark" data-mark="stopping">
          stopping
        </span>
      ) : null}
      {pending === null ? null : (
        <span className="mark" data-mark="pending">
          {PENDING[pending]}
        </span>
      )}
    </>
  );
}

type ActionsProps = MessageProps & { readonly first: MessageView; readonly last: MessageView };

/** They act on the whole answer. */
function Actions(props: ActionsProps): JSX.Element {
  const { drawn, first, last, live, agent } = props;
  const open = last.status === "open";
  return (
    <div className="actions">
      {drawn.messages.map((message) =>
        message.branches.length > 1 ? (
          <Branches key={message.id} message={message} live={live} />
        ) : null,
      )}
      <Further {...props} />
      <CopyButton text={textOfPieces(drawn.pieces)} label="Copy message" />
      {open ? null : (
        <IconButton
          icon="edit"
          label="Edit"
          testId="edit"
          onClick={() => props.onEditing(first.id, true)}
        />
      )}
      {last.role === "assistant" && !open ? (
        <IconButton
          icon="redo"
          label="Answer again"
          testId="regenerate"
          onClick={() => void live.regenerate(last.id, asking(agent))}
        />
      ) : null}
      {open ? null : (
        <IconButton
          icon="trash"
          label="Delete with all messages below"
          testId="delete-message"
          onClick={() => {
            props.toComposer();
            void live.remove(first.id, { undo: true });
          }}
        />
      )}
      {last.model === undefined ? null : (
        <small className="model" data-testid="model" title="The model that answered">
          {last.model}
        </small>
      )}
    </div>
  );
}

/** The actions that bring the rest of the answer, or the answer. */
function Further({ last, live, agent, cut, unanswered }: ActionsProps): JSX.Element | null {
  if (cut) {
    return (
      <button
        type="button"
        className="retry"
        data-testid="continue"
        onClick={() => void live.continueMessage(last.id, asking(agent))}
      >
        <Icon name="right" /> Continue
      </button>
    );
  }
  if (!unanswered) return null;
  return (
    <button
      type="button"
      className="retry"
      data-testid="retry"
      onClick={() => void live.regenerate(last.id, asking(agent))}
    >
      <Icon name="redo" /> Try again
    </button>
  );
}

interface BranchesProps {
  readonly message: MessageView;
  readonly live: LiveThread;
}

function Branches({ message, live }: BranchesProps): JSX.Element {
  const { branches } = message;
  const at = branches.indexOf(message.id);
  const go = (to: number): void => {
    const id = branches[to];
    if (id !== undefined) live.show(id);
  };
  return (
    <span className="branches" role="group" aria-label="Branches" data-testid="branches">
      <IconButton
        icon="left"
        label="Previous branch"
        disabled={at <= 0}
        onClick={() => go(at - 1)}
      />
      <span aria-live="off">
        {at + 1} / {branches.length}
      </span>
      <IconButton
        icon="right"
        label="Next branch"
        disabled={at >= branches.length - 1}
        onClick={() => go(at + 1)}
      />
    </span>
  );
}
