// SPDX-License-Identifier: Apache-2.0
// thread_row.tsx: one thread of the list, and its actions.
//
// Its prop is the client's thread, which stays the same object until it changes, so `memo` keeps
// React from rendering any row but the one that changes.

import { memo, useState } from "react";
import type { JSX } from "react";
import type { Thread } from "lockstep-client";
import { useClient } from "lockstep-client/react";

import { shortDate } from "../formats.js";
import { IconButton } from "../icons.js";
import { chatAddress } from "../route.js";
import { titleOf } from "./text.js";

interface ThreadRowProps {
  readonly thread: Thread;
  readonly current: boolean;
  /** Its place in the whole list, drawn or not. */
  readonly index: number;
  readonly count: number;
  readonly height: number;
  readonly onChosen: () => void;
  readonly onGone: () => void;
}

export const ThreadRow = memo(function ThreadRow(props: ThreadRowProps): JSX.Element {
  const { thread, current, index, count, height } = props;
  const client = useClient();
  const [renaming, setRenaming] = useState(false);
  const date = new Date(thread.updated / 1000);
  const rename = (title: string | null): void => {
    setRenaming(false);
    if (title !== null && title !== thread.title) void client.thread(thread.id).update({ title });
  };
  return (
    <li
      className="thread"
      data-testid="thread"
      data-thread={thread.id}
      data-running={thread.running ? "" : undefined}
      aria-posinset={index + 1}
      aria-setsize={count}
      style={{ top: index * height, height }}
    >
      {renaming ? (
        <Rename title={thread.title} onDone={rename} />
      ) : (
        <>
          <a
            href={chatAddress(thread.id)}
            aria-current={current ? "page" : undefined}
            onClick={props.onChosen}
          >
            <span
              className="dot"
              role="img"
              aria-label={thread.running ? "An answer is being written" : ""}
              hidden={!thread.running}
            />
            <span className="title" dir="auto">
              {titleOf(thread)}
            </span>
            <time dateTime={date.toISOString()}>{shortDate(date)}</time>
          </a>
          <ThreadActions
            thread={thread}
            onRename={() => setRenaming(true)}
            onGone={() => (current ? props.onGone() : undefined)}
          />
        </>
      )}
    </li>
  );
});

interface ThreadActionsProps {
  readonly thread: Thread;
  readonly onRename: () => void;
  readonly onGone: () => void;
}

function ThreadActions({ thread, onRename, onGone }: ThreadActionsProps): JSX.Element {
  const client = useClient();
  const title = titleOf(thread);
  const remove = (): void => {
    void client.thread(thread.id).delete({ undo: true });
    onGone();
  };
  const archive = (): void => {
    void client.thread(thread.id).update({ archived: !thread.archived });
  };
  return (
    <span className="thread-actions">
      <IconButton icon="edit" label={`Rename ${title}`} onClick={onRename} testId="rename" />
      <IconButton
        icon="archive"
        label={thread.archived ? `Move ${title} out of the archive` : `Archive ${title}`}
        onClick={archive}
        testId="archive"
      />
      <IconButton icon="trash" label={`Delete ${title}`} onClick={remove} testId="delete-thread" />
    </span>
  );
}

interface RenameProps {
  readonly title: string;
  readonly onDone: (title: string | null) => void;
}

export function Rename({ title, onDone }: RenameProps): JSX.Element {
  const [value, setValue] = useState(title);
  return (
    <form
      className="rename"
      onSubmit={(event) => {
        event.preventDefault();
        onDone(value.trim());
      }}
    >
      <input
        aria-label="Title"
        dir="auto"
        autoFocus
        onFocus={(event) => event.target.select()}
        value={value}
        maxLength={200}
        onChange={(event) => setValue(event.target.value)}
        onBlur={() => onDone(value.trim())}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          event.stopPropagation();
          onDone(null);
        }}
      />
    </form>
  );
}
