// thread_list.tsx: all threads, latest change first, and what can be done to one.

import { useState } from "react";
import type { JSX } from "react";
import type { Thread } from "lockstep-client";
import { useClient, useThreads } from "lockstep-client/react";

import { IconButton } from "../icons.js";
import { chatAddress } from "../route.js";

interface ThreadListProps {
  readonly current: string | null;
  readonly onNew: () => void;
  readonly onChosen: () => void;
}

export const titleOf = (thread: Thread | null): string => thread?.title || "New thread";

export function ThreadList({ current, onNew, onChosen }: ThreadListProps): JSX.Element {
  const { threads, status, error } = useThreads();
  const living = threads.filter((thread) => !thread.archived);
  const archived = threads.filter((thread) => thread.archived);
  const item = (thread: Thread): JSX.Element => (
    <ThreadItem
      key={thread.id}
      thread={thread}
      current={thread.id === current}
      onChosen={onChosen}
      onGone={onNew}
    />
  );
  return (
    <>
      <ul className="threads" role="list" data-testid="threads" data-status={status}>
        {living.map(item)}
      </ul>
      {status === "loading" && threads.length === 0 ? <p className="hint">Loading…</p> : null}
      {status === "error" ? (
        <p className="hint" role="alert">
          {error?.detail ?? error?.code}
        </p>
      ) : null}
      {status === "ready" && living.length === 0 ? <p className="hint">No threads yet.</p> : null}
      {archived.length === 0 ? null : (
        <details className="archived">
          <summary>Archived ({archived.length})</summary>
          <ul className="threads" role="list">
            {archived.map(item)}
          </ul>
        </details>
      )}
    </>
  );
}

interface ThreadItemProps {
  readonly thread: Thread;
  readonly current: boolean;
  readonly onChosen: () => void;
  readonly onGone: () => void;
}

function ThreadItem({ thread, current, onChosen, onGone }: ThreadItemProps): JSX.Element {
  const client = useClient();
  const [renaming, setRenaming] = useState(false);
  const title = titleOf(thread);
  if (renaming) {
    return (
      <li className="thread">
        <Rename
          title={thread.title}
          onDone={(value) => {
            setRenaming(false);
            if (value !== null && value !== thread.title)
              void client.thread(thread.id).update({ title: value });
          }}
        />
      </li>
    );
  }
  return (
    <li
      className="thread"
      data-testid="thread"
      data-thread={thread.id}
      data-running={thread.running ? "" : undefined}
    >
      <a
        href={chatAddress(thread.id)}
        aria-current={current ? "page" : undefined}
        onClick={onChosen}
      >
        <span
          className="dot"
          role="img"
          aria-label={thread.running ? "An answer is being written" : ""}
          hidden={!thread.running}
        />
        <span className="title" dir="auto">
          {title}
        </span>
        <time dateTime={dateOf(thread).toISOString()}>{shortDate(dateOf(thread))}</time>
      </a>
      <ThreadActions
        thread={thread}
        onRename={() => setRenaming(true)}
        onGone={() => (current ? onGone() : undefined)}
      />
    </li>
  );
}

interface ThreadActionsProps {
  readonly thread: Thread;
  readonly onRename: () => void;
  readonly onGone: () => void;
}

function ThreadActions({ thread, onRename, onGone }: ThreadActionsProps): JSX.Element {
  const client = useClient();
  const title = titleOf(thread);
  const remove = (): void => {
    if (!confirm(`Delete “${title}” for ever, on all devices?`)) return;
    void client.thread(thread.id).delete();
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
        label={thread.archived ? `Take ${title} from the archive` : `Archive ${title}`}
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

const dateOf = (thread: Thread): Date => new Date(thread.updated / 1000);

function shortDate(date: Date): string {
  const today = new Date().toDateString() === date.toDateString();
  return today
    ? date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
}
