// SPDX-License-Identifier: Apache-2.0
// thread_list.tsx: all threads, latest change first, and a search.
//
// Only the rows in sight are drawn, so the cost of a token does not grow with the list. The
// browser's search finds only drawn rows, so the field above the list searches all of it. Each row
// names its place in the whole list for screen readers, and arrow keys and Tab go through all of
// it.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { FocusEvent, HTMLAttributes, JSX, KeyboardEvent, RefObject } from "react";
import type { Thread } from "lockstep-client";
import { useThreads } from "lockstep-client/react";

import { chatAddress, go } from "../route.js";
import { placesOf, useListWindow } from "./list_window.js";
import { titleOf } from "./text.js";
import { ThreadRow } from "./thread_row.js";

interface ThreadListProps {
  readonly current: string | null;
  readonly onNew: () => void;
  readonly onChosen: () => void;
  /** The search field. */
  readonly find: RefObject<HTMLInputElement | null>;
}

const searched = new WeakMap<Thread, string>();
const plain = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** The text that a search reads, made once for each version of a thread. */
function searchedOf(thread: Thread): string {
  const text = searched.get(thread) ?? plain(titleOf(thread));
  searched.set(thread, text);
  return text;
}

/** The threads whose titles contain each word. Pure. */
export function found(threads: readonly Thread[], query: string): readonly Thread[] {
  const words = plain(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return threads;
  return threads.filter((thread) => words.every((word) => searchedOf(thread).includes(word)));
}

export function ThreadList({ current, onNew, onChosen, find }: ThreadListProps): JSX.Element {
  const { threads, status, error } = useThreads();
  const [query, setQuery] = useState("");
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const all = useMemo(() => found(threads, query), [threads, query]);
  const living = all.filter((thread) => !thread.archived);
  const archived = all.filter((thread) => thread.archived);
  const shared = { box, current, onChosen, onGone: onNew };
  const searching = query.trim() !== "";
  return (
    <>
      {threads.length === 0 ? null : (
        <Find
          field={find}
          query={query}
          first={all[0]}
          onQuery={setQuery}
          onLeave={() => box.current?.querySelector<HTMLElement>(".thread > a")?.focus()}
        />
      )}
      <p className="offscreen" role="status">
        {searching ? `${all.length} ${all.length === 1 ? "thread" : "threads"} found` : ""}
      </p>
      <div className="list" ref={box} data-testid="list">
        <Rows {...shared} threads={living} testId="threads" status={status} label="Threads" />
        {status === "loading" && threads.length === 0 ? <p className="hint">Loading…</p> : null}
        {status === "error" ? (
          <p className="hint" role="alert">
            {error?.detail ?? error?.code}
          </p>
        ) : null}
        {status === "ready" && living.length === 0 ? (
          <p className="hint">{searching ? "No thread found." : "No threads yet."}</p>
        ) : null}
        {archived.length === 0 ? null : (
          <details className="archived" open={open || searching}>
            <summary
              onClick={(event) => {
                event.preventDefault();
                setOpen(!open);
              }}
            >
              Archived ({archived.length})
            </summary>
            {open || searching ? (
              <Rows {...shared} threads={archived} label="Archived" above={living.length} />
            ) : null}
          </details>
        )}
      </div>
    </>
  );
}

interface FindProps {
  readonly field: RefObject<HTMLInputElement | null>;
  readonly query: string;
  readonly first: Thread | undefined;
  readonly onQuery: (query: string) => void;
  readonly onLeave: () => void;
}

function Find({ field, query, first, onQuery, onLeave }: FindProps): JSX.Element {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape" && query !== "") onQuery("");
    else if (event.key === "ArrowDown") onLeave();
    else if (event.key === "Enter" && first !== undefined) go(chatAddress(first.id));
    else return;
    event.preventDefault();
  };
  return (
    <input
      ref={field}
      type="search"
      className="find"
      data-testid="find-thread"
      aria-label="Find a thread"
      placeholder="Find a thread"
      dir="auto"
      value={query}
      onChange={(event) => onQuery(event.target.value)}
      onKeyDown={onKeyDown}
    />
  );
}

interface RowsProps {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly threads: readonly Thread[];
  readonly current: string | null;
  readonly onChosen: () => void;
  readonly onGone: () => void;
  readonly label: string;
  /** The number of rows of the list above it. */
  readonly above?: number | undefined;
  readonly testId?: string | undefined;
  readonly status?: string | undefined;
}

/** The place to which a key goes from `at` in a list of `count` rows. */
function goal(key: string, at: number, count: number): number | null {
  if (key === "ArrowDown") return Math.min(count - 1, at + 1);
  if (key === "ArrowUp") return Math.max(0, at - 1);
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : null;
}

type Handlers = Pick<HTMLAttributes<HTMLElement>, "onFocus" | "onBlur" | "onKeyDown">;

/** The row with the focus, which the keys move; -1: no row. It is drawn wherever the list is. */
function useHeldRow(
  threads: readonly Thread[],
  list: RefObject<HTMLElement | null>,
): readonly [at: number, handlers: Handlers] {
  const [held, setHeld] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const at = held === null ? -1 : threads.findIndex((thread) => thread.id === held);
  useLayoutEffect(() => {
    if (wanted.current === null || wanted.current !== held) return;
    wanted.current = null;
    const row = `[data-thread="${CSS.escape(held)}"] > a`;
    list.current?.querySelector<HTMLElement>(row)?.focus();
  }, [held, list]);
  const onFocus = (event: FocusEvent<HTMLElement>): void => {
    setHeld(event.target.closest<HTMLElement>("[data-thread]")?.dataset["thread"] ?? null);
  };
  // Not for a step within the list, nor while another window has the focus.
  const onBlur = (event: FocusEvent<HTMLElement>): void => {
    if (!document.hasFocus() || list.current?.contains(event.relatedTarget) === true) return;
    setHeld(null);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const plainKey = !event.altKey && !event.ctrlKey && !event.metaKey;
    if (!plainKey || !(event.target instanceof HTMLAnchorElement)) return;
    const next = threads[goal(event.key, at, threads.length) ?? -1];
    if (next === undefined) return;
    event.preventDefault();
    // The row may not be drawn yet: it takes the focus once it is.
    wanted.current = next.id;
    setHeld(next.id);
  };
  return [at, { onFocus, onBlur, onKeyDown }];
}

function Rows(props: RowsProps): JSX.Element {
  const { box, threads, current, onChosen, onGone } = props;
  const { list, row, span, bring } = useListWindow(box, threads.length, props.above ?? 0);
  const [at, handlers] = useHeldRow(threads, list);
  useCurrentInSight(threads, current, bring);
  return (
    <ul
      ref={list}
      className="threads"
      role="list"
      aria-label={props.label}
      data-testid={props.testId}
      data-status={props.status}
      style={{ height: threads.length * row }}
      {...handlers}
    >
      {placesOf(span, at).map((index) => {
        const thread = threads[index];
        return thread === undefined ? null : (
          <ThreadRow
            key={thread.id}
            thread={thread}
            current={thread.id === current}
            index={index}
            count={threads.length}
            height={row}
            onChosen={onChosen}
            onGone={onGone}
          />
        );
      })}
    </ul>
  );
}

/** Scrolls the current thread into sight once, when it becomes the current one. */
function useCurrentInSight(
  threads: readonly Thread[],
  current: string | null,
  bring: (index: number) => void,
): void {
  const brought = useRef<string | null>(null);
  useEffect(() => {
    if (brought.current === current) return;
    const index = threads.findIndex((thread) => thread.id === current);
    if (index === -1) return;
    brought.current = current;
    bring(index);
  }, [threads, current, bring]);
}
