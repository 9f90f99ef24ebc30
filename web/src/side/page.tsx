// SPDX-License-Identifier: Apache-2.0
// page.tsx: two fronts on one thread, each with a network that the user can make bad.
//
// Two clients in one page, each with its own device and store, like two phones. The line above them
// shows whether both agree, and the last input of the model.

import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { JSX } from "react";
import { connect, digestOf, memoryStore } from "lockstep-client";
import type { Client, ThreadView } from "lockstep-client";
import { LockstepProvider, useConnection, useThread } from "lockstep-client/react";

import { Conversation } from "../chat/conversation.js";
import { useAgent } from "../chat/page.js";
import { textOf } from "../chat/text.js";
import { Icon } from "../icons.js";
import { chatAddress, inspectAddress, nameThread, newThreadId, sideAddress } from "../route.js";
import { storedToken } from "../signed_in.js";
import { fetchOver, Network, socketOver } from "./network.js";

interface Front {
  readonly name: string;
  readonly client: Client;
  readonly network: Network;
}

function makeFront(name: string): Front {
  const network = new Network();
  const client = connect({
    token: storedToken(),
    store: memoryStore(),
    tabs: false,
    fetch: fetchOver(network),
    WebSocket: socketOver(network),
  });
  return { name, client, network };
}

function useFronts(): readonly [Front, Front] | null {
  const [fronts, setFronts] = useState<readonly [Front, Front] | null>(null);
  useEffect(() => {
    const made = [makeFront("Left"), makeFront("Right")] as const;
    setFronts(made);
    return () => {
      for (const front of made) void front.client.close();
    };
  }, []);
  return fronts;
}

export default function SideBySidePage({
  thread,
}: {
  readonly thread: string | null;
}): JSX.Element {
  const fronts = useFronts();
  useEffect(() => {
    if (thread === null) nameThread("side-by-side", sideAddress(newThreadId()));
  }, [thread]);
  const [agent] = useAgent();
  return (
    <div className="sides" data-testid="side-by-side">
      <header className="bar">
        <a
          className="icon-link"
          href={thread === null ? "#/" : chatAddress(thread)}
          aria-label="Back to the chat"
          title="Back to the chat"
        >
          <Icon name="left" />
        </a>
        <h1>Two fronts, one thread</h1>
        {thread === null ? null : (
          <a className="bar-link" href={inspectAddress(thread)}>
            <Icon name="inspect" /> <span>Inspect</span>
          </a>
        )}
      </header>
      {fronts === null || thread === null ? null : (
        <>
          <Verdict fronts={fronts} thread={thread} />
          <main className="fronts">
            {fronts.map((front) => (
              <LockstepProvider key={front.name} client={front.client}>
                <FrontPanel front={front} thread={thread} agent={agent} />
              </LockstepProvider>
            ))}
          </main>
        </>
      )}
    </div>
  );
}

interface FrontPanelProps {
  readonly front: Front;
  readonly thread: string;
  readonly agent: string;
}

function NetworkRow({ front }: { readonly front: Front }): JSX.Element {
  const { network, name } = front;
  const view = useSyncExternalStore(network.subscribe, () => network.view);
  const connection = useConnection();
  return (
    <div className="network" role="group" aria-label={`Network of the ${name.toLowerCase()} front`}>
      <b>{name}</b>
      <span className="mark" data-testid="network-state">
        {view.cut ? "cut" : connection.state}
      </span>
      <label>
        <span>Delay</span>
        <input
          type="range"
          min={0}
          max={5000}
          step={100}
          value={view.delay}
          data-testid="delay"
          aria-label="Delay in milliseconds, each way"
          aria-valuetext={`${view.delay} ms`}
          onChange={(event) => network.setDelay(Number(event.target.value))}
        />
        <output>{view.delay} ms</output>
      </label>
      {view.cut ? (
        <button
          type="button"
          className="primary"
          data-testid="restore"
          onClick={() => {
            network.restore();
            front.client.reconnect();
          }}
        >
          Restore
        </button>
      ) : (
        <button type="button" data-testid="cut-network" onClick={() => network.cut()}>
          Cut
        </button>
      )}
    </div>
  );
}

function FrontPanel({ front, thread, agent }: FrontPanelProps): JSX.Element {
  const { name } = front;
  return (
    <section
      className="front"
      aria-label={`${name} front`}
      data-testid={`front-${name.toLowerCase()}`}
    >
      <NetworkRow front={front} />
      <Conversation
        thread={thread}
        agent={agent}
        alone={false}
        fresh
        label={`Conversation of the ${name.toLowerCase()} front`}
      />
    </section>
  );
}

/** The ids and contents on the path, without local state: equal on both sides if both agree. */
const shownText = (view: ThreadView): string =>
  JSON.stringify(view.messages.map((message) => [message.id, message.role, message.parts]));

interface VerdictProps {
  readonly fronts: readonly [Front, Front];
  readonly thread: string;
}

function Verdict({ fronts, thread }: VerdictProps): JSX.Element {
  const left = useThread(thread, fronts[0].client);
  const right = useThread(thread, fronts[1].client);
  const same = useMemo(
    () => shownText(left.view) === shownText(right.view),
    [left.view, right.view],
  );
  const saw = useSeenByModel(left.view, right.view, fronts, thread);
  const waits = left.pending + right.pending;
  return (
    <div
      className="agree"
      data-testid="agree"
      data-same={same ? "" : undefined}
      role="status"
      aria-live="off"
    >
      <p>
        <b>{same ? "Both show the same." : "They differ for now."}</b> {left.messages.length} and{" "}
        {right.messages.length} messages
        {waits === 0 ? "" : `; ${waits} ${waits === 1 ? "change waits" : "changes wait"}`}.
      </p>
      <p data-testid="model-saw" data-digest={saw?.digest}>
        {saw === null ? (
          "The model has not been asked yet."
        ) : (
          <>
            The model saw last: {saw.count} {saw.count === 1 ? "message" : "messages"}, ending in{" "}
            <q>{saw.end}</q> <code title={saw.digest}>{saw.digest.slice(0, 12)}</code>
          </>
        )}
      </p>
    </div>
  );
}

interface SeenByModel {
  readonly run: string;
  readonly count: number;
  readonly end: string;
  readonly digest: string;
}

const lastRun = (view: ThreadView): { readonly id: string; readonly at: number } | null => {
  if (view.run !== null) return { id: view.run.id, at: view.run.queued };
  const message = view.messages.findLast((one) => one.run !== undefined);
  return message?.run === undefined ? null : { id: message.run, at: message.created };
};

function useSeenByModel(
  left: ThreadView,
  right: ThreadView,
  fronts: VerdictProps["fronts"],
  thread: string,
): SeenByModel | null {
  const [saw, setSaw] = useState<SeenByModel | null>(null);
  const [a, b] = [lastRun(left), lastRun(right)];
  const latest = a === null || (b !== null && b.at > a.at) ? b : a;
  const client = latest === b && latest !== a ? fronts[1].client : fronts[0].client;
  const run = latest?.id ?? null;
  const begun =
    left.run?.status === "running" ||
    right.run?.status === "running" ||
    (left.run === null && right.run === null);
  useEffect(() => {
    if (run === null || !begun) return undefined;
    let here = true;
    void client
      .thread(thread)
      .context(run)
      .then(
        async (answer) => {
          if (!answer.ok) return;
          const { path } = answer.context;
          const digest = await digestOf(path);
          const last = path.at(-1);
          const end = last === undefined ? "" : textOf(last).slice(-60);
          if (here) setSaw({ run, count: path.length, end, digest });
        },
        () => undefined,
      );
    return () => {
      here = false;
    };
  }, [client, thread, run, begun]);
  return saw;
}
