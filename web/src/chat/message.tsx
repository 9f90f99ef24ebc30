// SPDX-License-Identifier: Apache-2.0
// message.tsx: one message and its actions.
//
// Its props do not change with the tokens of another message, so `memo` keeps React from rendering
// any message but the one that grows.

import { memo } from "react";
import type { JSX } from "react";
import type { LiveThread, MessageView } from "lockstep-client";
import type { Painted } from "lockstep-client/react";

import { Icon, IconButton } from "../icons.js";
import { CopyButton } from "../markdown/code.js";
import { Editor } from "./editor.js";
import { PartView } from "./parts.js";
import { sentenceFor, textOf, withText } from "./text.js";

interface MessageProps {
  readonly message: MessageView;
  readonly live: LiveThread;
  readonly painted: Painted;
  /** Stop was pressed, and this message belongs to the run that is being stopped. */
  readonly frozen: boolean;
  /** A user's message without an answer, and without a run that could bring one. */
  readonly unanswered: boolean;
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

export const MessageItem = memo(function MessageItem(props: MessageProps): JSX.Element {
  const { message, editing, onEditing } = props;
  const name = message.author ?? NAMES[message.role] ?? message.role;
  const leave = (): void => {
    props.toComposer();
    onEditing(message.id, false);
  };
  return (
    <li
      className="message"
      data-testid="message"
      data-message={message.id}
      data-role={message.role}
      data-status={message.status}
      data-pending={message.pending ?? undefined}
    >
      <article aria-label={name}>
        <h2 className="who">
          {name}
          <Marks message={message} frozen={props.frozen} />
        </h2>
        {editing ? (
          <MessageEditor {...props} onLeave={leave} />
        ) : (
          <>
            <Parts {...props} />
            <Actions {...props} onEdit={() => onEditing(message.id, true)} onLeave={leave} />
          </>
        )}
      </article>
    </li>
  );
});

type LeaveProps = MessageProps & { readonly onLeave: () => void };

function MessageEditor({ message, live, agent, onLeave }: LeaveProps): JSX.Element {
  const edit = (text: string, resend: boolean): void => {
    onLeave();
    const parts = withText(message, text);
    void live.edit(message.id, { parts }, resend ? { resend, agent } : undefined);
  };
  return (
    <Editor
      text={textOf(message)}
      resend={message.role === "user"}
      onCancel={onLeave}
      onSave={(text) => edit(text, false)}
      onSend={(text) => edit(text, true)}
    />
  );
}

function Parts({ message, painted, frozen }: MessageProps): JSX.Element {
  const open = message.status === "open";
  const last = message.parts.length - 1;
  const sentence = sentenceFor(message);
  return (
    <div className="parts">
      {message.parts.map((part, index) => (
        <PartView
          key={index}
          message={message.id}
          index={index}
          part={part}
          open={open && index === last}
          frozen={frozen}
          plain={message.role !== "assistant"}
          painted={painted}
        />
      ))}
      {open && message.parts.length === 0 ? (
        <p className="waiting">Waiting for the first word…</p>
      ) : null}
      {sentence === null ? null : (
        <p className="waiting" data-testid="sentence">
          {sentence}
        </p>
      )}
    </div>
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
  message,
  frozen,
}: {
  readonly message: MessageView;
  readonly frozen: boolean;
}): JSX.Element {
  const ended = ENDED[message.status];
  return (
    <>
      {ended === undefined ? null : (
        <span className="mark" data-mark={message.status}>
          {ended}
        </span>
      )}
      {frozen && message.status === "open" ? (
        <span className="mark" data-mark="stopping">
          stopping
        </span>
      ) : null}
      {message.pending === null ? null : (
        <span className="mark" data-mark="pending">
          {PENDING[message.pending]}
        </span>
      )}
    </>
  );
}

function Actions(props: LeaveProps & { readonly onEdit: () => void }): JSX.Element {
  const { message, live, agent } = props;
  const open = message.status === "open";
  return (
    <div className="actions">
      {message.branches.length > 1 ? <Branches message={message} live={live} /> : null}
      {props.unanswered ? (
        <button
          type="button"
          className="retry"
          data-testid="retry"
          onClick={() => void live.regenerate(message.id, { agent })}
        >
          <Icon name="redo" /> Try again
        </button>
      ) : null}
      <CopyButton text={textOf(message)} label="Copy message" />
      {open ? null : <IconButton icon="edit" label="Edit" onClick={props.onEdit} testId="edit" />}
      {message.role === "assistant" && !open ? (
        <IconButton
          icon="redo"
          label="Answer again"
          testId="regenerate"
          onClick={() => void live.regenerate(message.id, { agent })}
        />
      ) : null}
      {open ? null : (
        <IconButton
          icon="trash"
          label="Delete with all messages below"
          testId="delete-message"
          onClick={() => {
            props.onLeave();
            void live.remove(message.id, { undo: true });
          }}
        />
      )}
    </div>
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
