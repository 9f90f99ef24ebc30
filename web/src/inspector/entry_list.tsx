// SPDX-License-Identifier: Apache-2.0
// entry_list.tsx: the list of entries; only rows in sight are drawn.

import { memo } from "react";
import type { JSX, KeyboardEvent } from "react";

import { bytesText, microseconds, timeText } from "./facts.js";
import type { Facts, Origin } from "./facts.js";
import type { Timeline } from "./timeline.js";
import { useRows } from "../window.js";

const ROW = 44;

const KINDS: Readonly<Record<string, string>> = {
  thread_updated: "thread",
  message_put: "message",
  message_created: "answer opened",
  part_started: "part",
  content_appended: "text",
  message_ended: "answer ended",
  message_cut: "cut",
  message_deleted: "deleted",
  head_moved: "head",
  run_queued: "run queued",
  run_started: "run started",
  run_ended: "run ended",
  repairs_noted: "repairs",
};

/** An entry in a few words: only the kinds that do not follow from the others. */
export function kindsText(facts: Facts): string {
  const telling = facts.kinds.filter((kind) => kind !== "head_moved" && kind !== "thread_updated");
  const kinds = telling.length === 0 ? facts.kinds : telling;
  if (kinds.length === 0) return facts.refused ? "refusal" : "nothing new";
  return kinds.map((kind) => KINDS[kind] ?? kind).join(", ");
}

export function originText(origin: Origin): string {
  if (origin.type === "device") return `device ${origin.device.slice(0, 8)}`;
  if (origin.type === "run") return origin.agent || "run";
  return "server";
}

interface EntryListProps {
  readonly timeline: Timeline;
  readonly index: number;
  readonly onIndex: (index: number) => void;
}

/** The step of a key from `index` in a list of `count` rows. */
function stepOf(key: string, index: number, count: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: 10,
    PageUp: -10,
    Home: -index,
    End: count,
  };
  return steps[key];
}

export const EntryList = memo(function EntryList({
  timeline,
  index,
  onIndex,
}: EntryListProps): JSX.Element {
  const { box, onScroll, first, end } = useRows(timeline.length, ROW, index);
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = stepOf(event.key, index, timeline.length);
    if (by === undefined) return;
    event.preventDefault();
    onIndex(index + by);
  };
  return (
    <div
      className="entries"
      ref={box}
      onScroll={onScroll}
      role="listbox"
      tabIndex={0}
      aria-label="Entries"
      data-testid="entries"
      aria-activedescendant={`entry-${index}`}
      onKeyDown={onKeyDown}
    >
      <div className="entries-all" style={{ height: timeline.length * ROW }}>
        {timeline.facts.slice(first, end).map((facts, place) => (
          <EntryRow
            key={first + place}
            facts={facts}
            at={first + place}
            count={timeline.length}
            chosen={first + place === index}
            onIndex={onIndex}
          />
        ))}
      </div>
    </div>
  );
});

interface EntryRowProps extends Pick<EntryListProps, "onIndex"> {
  readonly facts: Facts;
  readonly at: number;
  readonly count: number;
  readonly chosen: boolean;
}

function EntryRow({ facts, at, count, chosen, onIndex }: EntryRowProps): JSX.Element {
  return (
    <div
      className="entry"
      role="option"
      id={`entry-${at}`}
      aria-selected={chosen}
      aria-posinset={at + 1}
      aria-setsize={count}
      data-testid="entry"
      data-index={at}
      data-ts={facts.ts}
      data-cut={facts.kinds.includes("message_cut") ? "" : undefined}
      data-origin={facts.origin.type}
      style={{ height: ROW, transform: `translateY(${at * ROW}px)` }}
      onClick={() => onIndex(at)}
    >
      <span className="entry-kinds">{kindsText(facts)}</span>
      <span className="entry-gap">+{microseconds(facts.gap)}</span>
      <span className="entry-origin">
        {originText(facts.origin)}, {bytesText(facts.bytes)}
      </span>
      <span className="entry-time">{timeText(facts.ts).slice(0, -3)}</span>
    </div>
  );
}
