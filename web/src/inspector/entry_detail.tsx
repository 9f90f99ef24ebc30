// SPDX-License-Identifier: Apache-2.0
// entry_detail.tsx: one entry: its origin, its events, and the text that it cut.

import { memo } from "react";
import type { JSX } from "react";
import type { EntryFrame } from "lockstep-client";

import type { Cut } from "./cuts.js";
import { bytesText, dateText, microseconds, timeText } from "./facts.js";
import type { Origin } from "./facts.js";
import { kindsText } from "./entry_list.js";
import type { Timeline } from "./timeline.js";

interface EntryDetailProps {
  readonly timeline: Timeline;
  readonly index: number;
}

const UNITS_MAX = 4_000;

export const EntryDetail = memo(function EntryDetail({
  timeline,
  index,
}: EntryDetailProps): JSX.Element | null {
  const entry = timeline.entries[index];
  const facts = timeline.facts[index];
  if (entry === undefined || facts === undefined) return null;
  const text = JSON.stringify({ events: entry.events, acks: entry.acks }, null, 2);
  const cuts = [...timeline.cuts.values()].flat().filter((cut) => cut.index === index);
  return (
    <div data-testid="entry-detail" data-index={index}>
      <h2>
        Entry {index + 1} <small>{kindsText(facts)}</small>
      </h2>
      <dl className="facts">
        <dt>Time</dt>
        <dd>
          {dateText(facts.ts)} {timeText(facts.ts)}
        </dd>
        <dt>Timestamp</dt>
        <dd>
          <code>{facts.ts}</code>
        </dd>
        <dt>After</dt>
        <dd>{microseconds(facts.gap)}</dd>
        <dt>Size</dt>
        <dd>{bytesText(facts.bytes)}</dd>
        <dt>From</dt>
        <dd data-testid="origin">
          <From origin={facts.origin} />
        </dd>
      </dl>
      {cuts.map((cut) => (
        <CutDetail key={cut.message} cut={cut} />
      ))}
      {facts.refused ? <p className="notice">{refusalsText(entry)}</p> : null}
      <details>
        <summary>The entry as JSON</summary>
        <pre className="raw" tabIndex={0} aria-label="The entry as JSON">
          {text.length > UNITS_MAX ? `${text.slice(0, UNITS_MAX)}\n…` : text}
        </pre>
      </details>
    </div>
  );
});

function From({ origin }: { readonly origin: Origin }): JSX.Element {
  if (origin.type === "server") return <>server</>;
  if (origin.type === "run") {
    return (
      <>
        run <code>{origin.run}</code>, agent <code>{origin.agent}</code>
      </>
    );
  }
  return (
    <>
      device <code>{origin.device}</code>, change {origin.ops.join(", ")}
      {origin.user === "" ? null : (
        <>
          , user <code>{origin.user}</code>
        </>
      )}
    </>
  );
}

function CutDetail({ cut }: { readonly cut: Cut }): JSX.Element {
  return (
    <div className="cut" data-testid="cut-detail" data-message={cut.message}>
      <h3>Text that was cut</h3>
      {cut.parts.length === 0 ? (
        <p className="hint">No text was cut: the user had seen all of it.</p>
      ) : null}
      {cut.parts.map((part) => (
        <p key={part.part} className="past-text">
          <span data-testid="cut-kept">
            {part.kept.length > 400 ? `…${part.kept.slice(-400)}` : part.kept}
          </span>
          <del data-testid="cut-gone">{part.cut}</del>
        </p>
      ))}
      <p className="legend">
        Seen by the user; <del>written by the model and never seen</del>
      </p>
    </div>
  );
}

function refusalsText({ acks = [] }: EntryFrame): string {
  return acks
    .filter((ack) => ack.outcome === "refused")
    .map((ack) => `Change ${ack.op} refused: ${ack.code ?? ""}`)
    .join(". ");
}
