// SPDX-License-Identifier: Apache-2.0
// sharing.ts: what this tab makes of what the others tell.
//
// Loaded where tabs can share. It takes values of the core from its host, not from modules: what both
// imported would be a chunk of its own, and the core larger.

import { type Browser, joinTabs, type TabEvents, type Tabs } from "./net/tabs.js";
import type { Queue } from "./queue.js";
import type { Held } from "./held.js";
import type { Session } from "./session_face.js";
import type { ConnectionView, PendingChange, Store } from "./types.js";

export { canShare } from "./net/tabs.js";

/** What the other tabs need of the client. */
export interface SharingHost extends Pick<TabEvents, "open" | "onWake" | "after"> {
  readonly connection: ConnectionView;
  readonly ready: Promise<Store>;
  readonly queue: Queue;
  readonly held: Pick<Held, "heard" | "look"> | null;
  /** The threads that were looked at; `loaded`: what the store had of one is in it. */
  readonly made: ReadonlyMap<string, { readonly session: Session; readonly loaded: Promise<void> }>;
  session(thread: string): Session;
  /** What the store has is this tab's to send. */
  leads(): Promise<void>;
}

/** `name`: what the tabs share; `tab`: what no other tab is called. */
export const share = (name: string, tab: string, host: SharingHost, browser?: Browser): Tabs => {
  const { queue, held } = host;
  const known = (thread: string) => host.made.get(thread)?.session;
  const tabs: Tabs = joinTabs(
    name,
    tab,
    {
      connecting: host.connection,
      onWake: (task) => host.onWake(task),
      after: (milliseconds, task) => host.after(milliseconds, task),
      open: () => host.open(),
      // Who says it has not heard its outcome, and who hears it may not have either.
      added(change) {
        const take = () => {
          const outcome = host.session(change.thread).add(change);
          if (outcome) tabs.settled(change.thread, [outcome]);
        };
        // Who sends must not have missed what was said before it: the store has all of it, in order.
        if (host.connection.leader) void host.leads().then(take);
        else take();
      },
      settled(thread, outcomes) {
        known(thread)?.settle(outcomes);
        queue.answer(outcomes);
      },
      renumbered: (...renumbered) => queue.renumbered(...renumbered),
      dropped: (thread) => known(thread)?.deleted(),
      held: (outcome) => held?.heard(outcome),
      forgotten: (thread, messages) => known(thread)?.forgetLost(messages),
      leads() {
        void held?.look();
        return host.leads();
      },
      follows() {
        void catchUp(host, tabs);
        void held?.look();
      },
    },
    browser,
  );
  return tabs;
};

// Another tab leads. What this one has said and got no outcome of is said again, to be answered;
// what others had said and the store has no more was answered while nobody told us.
const catchUp = async ({ queue, made, ready }: SharingHost, tabs: Tabs): Promise<void> => {
  for (const { change } of queue.asked.values()) tabs.added(change);
  await Promise.all([...made.values()].map(({ loaded }) => loaded));
  const shown = [...made.values()].flatMap(({ session }) =>
    session.pending.flatMap(({ op }) => (op > 0 ? { session, op } : [])),
  );
  const kept = await (await ready).pending();
  for (const { session, op } of shown) {
    const left: PendingChange | undefined = kept.find((it) => it.op === op);
    if (left?.refused) session.add(left);
    else if (!left && !queue.asked.has(op)) session.settle([{ op, outcome: "applied" }]);
  }
  for (const change of kept) made.get(change.thread)?.session.add(change);
};
