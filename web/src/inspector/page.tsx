// SPDX-License-Identifier: Apache-2.0
// page.tsx: the inspector: plays and scrubs a thread's log like a recording.
//
// The time line is at the top. Below it are the entries, the thread at the chosen entry, and
// details of that entry and of the runs: the text that a stop cut, and the input of the models.

import { useCallback, useEffect, useMemo, useState } from "react";
import type { JSX } from "react";
import type { LiveThread } from "lockstep-client";
import { useClient } from "lockstep-client/react";

import { titleOf } from "../chat/text.js";
import { Icon, IconButton } from "../icons.js";
import { chatAddress } from "../route.js";
import { Chart } from "./chart.js";
import { EntryDetail } from "./entry_detail.js";
import { EntryList } from "./entry_list.js";
import { bytesText, countText, dateText, microseconds, timeText } from "./facts.js";
import { useTimeline } from "./load.js";
import { SPEEDS, usePlayer } from "./play.js";
import type { Player } from "./play.js";
import { Runs } from "./runs.js";
import { StateView } from "./state_view.js";
import type { Timeline } from "./timeline.js";

type Panel = "entries" | "state" | "entry" | "runs";

const PANELS: readonly (readonly [Panel, string])[] = [
  ["entries", "Entries"],
  ["state", "State"],
  ["entry", "Entry"],
  ["runs", "Model"],
];

export default function InspectorPage({ thread }: { readonly thread: string }): JSX.Element {
  const client = useClient();
  const live = useMemo(() => client.thread(thread), [client, thread]);
  const [version, setVersion] = useState(0);
  const loading = useTimeline(live, version);
  const unknown = loading.state === "failed" && loading.why.startsWith("unknown_thread:");
  return (
    <div className="inspector" data-testid="inspector" data-state={loading.state}>
      <header className="bar">
        <a
          className="icon-link"
          href={chatAddress(thread)}
          aria-label="Back to the chat"
          title="Back to the chat"
        >
          <Icon name="left" />
        </a>
        <h1 dir="auto">
          {unknown ? "No such thread" : titleOf(loading.timeline?.last.thread ?? null)}
        </h1>
        <span className="bar-facts">
          {loading.timeline === null ? null : <Summary timeline={loading.timeline} />}
        </span>
        <IconButton
          icon="redo"
          label="Read again"
          onClick={() => setVersion(version + 1)}
          testId="read-again"
        />
      </header>
      {loading.state === "loading" ? (
        <p className="loading" role="status">
          Reading the log… {loading.count > 0 ? loading.count : ""}
        </p>
      ) : null}
      {unknown ? (
        <main className="unknown" data-testid="unknown-thread">
          <p>
            There is no thread <code>{thread}</code>, so there is nothing to inspect.
          </p>
          <p>
            <a href="#/">Go to the threads</a>
          </p>
        </main>
      ) : null}
      {loading.state === "failed" && !unknown ? (
        <p className="notice danger" role="alert">
          {loading.why}
        </p>
      ) : null}
      {loading.state === "ready" && loading.timeline.length === 0 ? (
        <p className="loading">This thread has no entries on the server.</p>
      ) : null}
      {loading.state === "ready" && loading.timeline.length > 0 ? (
        <Inspector key={version} timeline={loading.timeline} live={live} />
      ) : null}
    </div>
  );
}

function Summary({ timeline }: { readonly timeline: Timeline }): JSX.Element {
  const first = timeline.facts[0]?.ts ?? 0;
  const last = timeline.facts.at(-1)?.ts ?? first;
  return (
    <>
      {countText(timeline.length)} entries · {bytesText(timeline.bytes)} ·{" "}
      {microseconds(last - first)} · {dateText(first)}
    </>
  );
}

interface InspectorProps {
  readonly timeline: Timeline;
  readonly live: LiveThread;
}

function Inspector({ timeline, live }: InspectorProps): JSX.Element {
  const [index, setIndex] = useState(timeline.length - 1);
  const [panel, setPanel] = useState<Panel>("state");
  const go = useCallback(
    (to: number) => setIndex(Math.max(0, Math.min(timeline.length - 1, to))),
    [timeline],
  );
  const state = useMemo(() => timeline.stateAt(index), [timeline, index]);
  return (
    <main className="inspector-main">
      <Transport timeline={timeline} index={index} onIndex={go} />
      <div className="tabs" role="tablist" aria-label="Views">
        {PANELS.map(([name, label]) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-controls={`panel-${name}`}
            aria-selected={panel === name}
            onClick={() => setPanel(name)}
          >
            {label}
          </button>
        ))}
      </div>
      <div className="panels" data-panel={panel}>
        <section id="panel-entries" aria-label="Entries">
          <EntryList timeline={timeline} index={index} onIndex={go} />
        </section>
        <section
          id="panel-state"
          aria-label="The thread at this moment"
          data-testid="state"
          data-ts={state.ts}
        >
          <StateView timeline={timeline} state={state} index={index} />
        </section>
        <div className="aside">
          <section id="panel-entry" aria-label="This entry">
            <EntryDetail timeline={timeline} index={index} />
          </section>
          <section id="panel-runs" aria-label="Input of the models">
            <Runs timeline={timeline} live={live} onIndex={go} />
          </section>
        </div>
      </div>
    </main>
  );
}

interface TransportProps {
  readonly timeline: Timeline;
  readonly index: number;
  readonly onIndex: (index: number) => void;
}

function Transport({ timeline, index, onIndex }: TransportProps): JSX.Element {
  const player = usePlayer(timeline, index, onIndex);
  const ts = timeline.facts[index]?.ts ?? 0;
  useSpace(player.toggle);
  return (
    <div className="transport">
      <div className="transport-row">
        <PlayControls player={player} />
        <IconButton
          icon="left"
          label="Previous entry"
          disabled={index <= 0}
          onClick={() => onIndex(index - 1)}
          testId="entry-before"
        />
        <IconButton
          icon="right"
          label="Next entry"
          disabled={index >= timeline.length - 1}
          onClick={() => onIndex(index + 1)}
          testId="entry-after"
        />
        <output className="position" data-testid="position" data-index={index}>
          <b>{timeText(ts)}</b>{" "}
          <small>
            {index + 1} of {timeline.length}
          </small>
        </output>
        <JumpTo timeline={timeline} onIndex={onIndex} ts={ts} />
      </div>
      <Chart timeline={timeline} index={index} />
      <input
        type="range"
        className="scrubber"
        data-testid="scrubber"
        aria-label="Entry"
        min={0}
        max={timeline.length - 1}
        step={1}
        value={index}
        aria-valuetext={`entry ${index + 1} of ${timeline.length}, ${timeText(ts)}`}
        onChange={(event) => {
          player.pause();
          onIndex(Number(event.target.value));
        }}
      />
    </div>
  );
}

function PlayControls({ player }: { readonly player: Player }): JSX.Element {
  return (
    <>
      <button
        type="button"
        className="primary play"
        onClick={player.toggle}
        data-testid="play"
        aria-label={player.playing ? "Pause" : "Play"}
        title={player.playing ? "Pause (Space)" : "Play (Space)"}
      >
        <Icon name={player.playing ? "pause" : "play"} />
      </button>
      <label className="speed">
        <span className="offscreen">Speed</span>
        <select
          value={player.speed}
          data-testid="speed"
          onChange={(event) => player.setSpeed(Number(event.target.value))}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {speed}×
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

/** Space plays and pauses, unless the control with the focus uses it. */
function useSpace(toggle: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== " " || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof HTMLElement ? event.target : null;
      if (target?.closest("button, a, summary, select, textarea, pre, input:not([type=range])"))
        return;
      event.preventDefault();
      toggle();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [toggle]);
}

interface JumpProps {
  readonly timeline: Timeline;
  readonly ts: number;
  readonly onIndex: (index: number) => void;
}

function JumpTo({ timeline, ts, onIndex }: JumpProps): JSX.Element {
  const [text, setText] = useState<string | null>(null);
  return (
    <form
      className="jump"
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = Number((text ?? "").split("@")[0]);
        if (Number.isFinite(wanted) && wanted > 0) onIndex(timeline.indexAt(wanted));
        setText(null);
      }}
    >
      <label>
        <small>Timestamp</small>
        <input
          inputMode="numeric"
          value={text ?? ts}
          data-testid="timestamp"
          spellCheck={false}
          onFocus={(event) => event.target.select()}
          onChange={(event) => setText(event.target.value)}
          onBlur={() => setText(null)}
        />
      </label>
    </form>
  );
}
