// SPDX-License-Identifier: Apache-2.0
// runs.tsx: the input of each model, and a check that the fronts showed the same.
//
// It compares two digests that were computed in different ways: of the path that went to the model,
// and of the path that this page folds from the entries up to the start of the run.

import { Fragment, memo, useEffect, useMemo, useState } from "react";
import type { JSX } from "react";
import { digestOf } from "lockstep-client";
import type { LiveThread, Resume, RunContext } from "lockstep-client";

import { microseconds } from "./facts.js";
import { repairText } from "../repairs.js";
import { PastMessage } from "./state_view.js";
import { pathTo, runTimes } from "./timeline.js";
import type { RunTimes, Timeline } from "./timeline.js";

interface RunsProps {
  readonly timeline: Timeline;
  readonly live: LiveThread;
  readonly onIndex: (index: number) => void;
}

export const Runs = memo(function Runs({ timeline, live, onIndex }: RunsProps): JSX.Element {
  const runs = useMemo(() => runTimes(timeline), [timeline]);
  const [chosen, setChosen] = useState<string | null>(runs.at(-1)?.run.id ?? null);
  const found = runs.find((one) => one.run.id === chosen) ?? null;
  return (
    <div data-testid="runs">
      <h2>What the model saw</h2>
      {runs.length === 0 ? (
        <p className="hint">No run yet.</p>
      ) : (
        <label className="run-choice">
          <span className="offscreen">Run</span>
          <select
            value={chosen ?? ""}
            data-testid="run-choice"
            onChange={(event) => setChosen(event.target.value)}
          >
            {runs.map(({ run }, index) => (
              <option key={run.id} value={run.id}>
                {index + 1}. {run.agent}, {run.status}
              </option>
            ))}
          </select>
        </label>
      )}
      {found === null ? null : (
        <RunDetail
          key={found.run.id}
          times={found}
          timeline={timeline}
          live={live}
          onIndex={onIndex}
        />
      )}
    </div>
  );
});

type Asked =
  | { readonly state: "asked" }
  | { readonly state: "refused"; readonly why: string }
  | {
      readonly state: "there";
      readonly context: RunContext;
      readonly digest: string;
      readonly folded: string;
    };

function useContextOf(times: RunTimes, timeline: Timeline, live: LiveThread): Asked {
  const [asked, setAsked] = useState<Asked>({ state: "asked" });
  useEffect(() => {
    let here = true;
    const { run } = times;
    const ask = async (): Promise<Asked> => {
      const answer = await live.context(run.id);
      if (!answer.ok) return { state: "refused", why: answer.detail || answer.code };
      const state = timeline.stateAt(timeline.indexAt(run.context_ts ?? 0));
      const [digest, folded] = await Promise.all([
        digestOf(answer.context.path),
        digestOf(pathTo(state, run.head)),
      ]);
      return { state: "there", context: answer.context, digest, folded };
    };
    ask().then(
      (value) => here && setAsked(value),
      (error: unknown) => here && setAsked({ state: "refused", why: String(error) }),
    );
    return () => {
      here = false;
    };
  }, [times, timeline, live]);
  return asked;
}

/** A run that another writer took over, or that waits for people. */
function HowItWent({ run, former }: Pick<RunTimes, "run" | "former">): JSX.Element {
  return (
    <>
      {run.attempt === 1 ? null : (
        <>
          <dt>Attempt</dt>
          <dd data-testid="attempt">
            {run.attempt}, by <code>{run.agent}</code>
          </dd>
        </>
      )}
      {former.map(({ agent, error }, at) => (
        <Fragment key={at}>
          <dt>In place of</dt>
          <dd data-testid="former">
            <code>{agent}</code>, which failed: {error.code}: {error.detail}
          </dd>
        </Fragment>
      ))}
      {run.resume === undefined ? null : (
        <>
          <dt>Answers</dt>
          <dd data-testid="resume">{waitingOf(run.resume)}</dd>
        </>
      )}
    </>
  );
}

type RunDetailProps = RunsProps & { readonly times: RunTimes };

function RunDetail({ times, timeline, live, onIndex }: RunDetailProps): JSX.Element {
  const { run } = times;
  const asked = useContextOf(times, timeline, live);
  const time = (value: number | null): string => (value === null ? "not yet" : microseconds(value));
  return (
    <>
      <dl className="facts">
        <dt>Run</dt>
        <dd>
          <code>{run.id}</code>
        </dd>
        <dt>Model</dt>
        <dd data-testid="model">{run.model ?? "not named"}</dd>
        <HowItWent run={run} former={times.former} />
        {run.finish_reason === undefined ? null : (
          <>
            <dt>Ended by</dt>
            <dd data-testid="finish-reason">{run.finish_reason}</dd>
          </>
        )}
        {run.continues === undefined ? null : (
          <>
            <dt>Continues</dt>
            <dd>
              <code>{run.continues}</code>
            </dd>
          </>
        )}
        <dt>Waited</dt>
        <dd>{time(times.waited)}</dd>
        <dt>First word</dt>
        <dd>{time(times.firstWord)}</dd>
        <dt>In all</dt>
        <dd>{time(times.total)}</dd>
        {run.error === undefined ? null : (
          <>
            <dt>Error</dt>
            <dd>
              {run.error.code}: {run.error.detail}
            </dd>
          </>
        )}
      </dl>
      {run.context_ts === undefined ? null : (
        <button type="button" onClick={() => onIndex(timeline.indexAt(run.context_ts ?? 0))}>
          Go to its start
        </button>
      )}
      {asked.state === "asked" ? <p className="hint">Asking…</p> : null}
      {asked.state === "refused" ? <p className="hint">{asked.why}</p> : null}
      {asked.state === "there" ? <ContextView asked={asked} /> : null}
    </>
  );
}

/** How the run waits for the answers to its calls. */
function waitingOf({ status, next, why }: Resume): string {
  if (status === "asked") return "the run goes on when its calls are answered";
  if (status === "waiting") return "the run waits for them";
  return status === "resumed" ? `${next} went on` : `given up: ${why}`;
}

/** How the request differs from the path. Runs of 0.1.0 have plain texts. */
function Repairs({ repairs }: { readonly repairs: RunContext["repairs"] }): JSX.Element | null {
  if (repairs.length === 0) return null;
  return (
    <details data-testid="repairs">
      <summary>Repairs, {repairs.length}: the request differs from the path</summary>
      <ul>
        {repairs.map((repair, index) => (
          <li key={index}>{repairText(repair)}</li>
        ))}
      </ul>
    </details>
  );
}

function ContextView({
  asked,
}: {
  readonly asked: Extract<Asked, { state: "there" }>;
}): JSX.Element {
  const { context, digest, folded } = asked;
  const same = digest === folded;
  return (
    <div
      className="context"
      data-testid="context"
      data-digest={digest}
      data-same={same ? "" : undefined}
    >
      <p className={same ? "verdict" : "verdict differs"}>
        {same
          ? "The model saw the same as the fronts showed."
          : "The model saw something else than the fronts showed."}
        <code>{digest}</code>
        {same ? null : <code>{folded}</code>}
      </p>
      <details open>
        <summary>Path, {context.path.length} messages</summary>
        <div data-testid="context-path">
          {context.path.slice(-50).map((message) => (
            <PastMessage key={message.id} message={message} cut={null} />
          ))}
        </div>
      </details>
      <Repairs repairs={context.repairs} />
      <details>
        <summary>The request, as the server sent it</summary>
        <pre className="raw" tabIndex={0} data-testid="sent" aria-label="The request's body">
          {JSON.stringify(context.sent, null, 2)}
        </pre>
      </details>
    </div>
  );
}
