// SPDX-License-Identifier: Apache-2.0
// sharing.ts: applies the messages of other tabs to this one.
//
// Loaded where tabs can share. Its host hands in the values of the core that it needs: a module
// imported by both would become a chunk of its own, and make the core larger.

import { type Browser, joinTabs, type TabEvents, type Tabs } from "./net/tabs.js";
import type { Queue } from "./queue.js";
import type { Held } from "./held.js";
import type { Session } from "./session_face.js";
import type { ConnectionView, PendingChange, Store } from "./types.js";

export { canShare } from "./net/tabs.js";

/** The part of the client that messages of other tabs change. */
export interface SharingHost extends Pick<TabEvents, "open" | "onWake" | "after"> {
  readonly connection: ConnectionView;
  readonly ready: Promise<Store>;
  readonly queue: Queue;
  readonly held: Pick<Held, "heard" | "look"> | null;
  /** The threads in use; `loaded` resolves when the session has the copy of the store. */
  readonly made: ReadonlyMap<string, { readonly session: Session; readonly loaded: Promise<void> }>;
  session(thread: string): Session;
  /** This tab leads: it sends the changes in the store. */
  leads(): Promise<void>;
}

/** `name`: the same in all tabs that share; `tab`: unique to this one. */
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
      // The sending tab has no outcome of it. If this tab has one, it sends it.
      added(change) {
        const take = () => {
          const outcome = host.session(change.thread).add(change);
          if (outcome) tabs.settled(change.thread, [outcome]);
        };
        // The leader may have missed earlier changes; the store has all of them, in order.
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

// Another tab leads. This tab sends its unanswered changes again, to get their outcomes. A change
// of another tab that is no longer in the store was answered, and this tab missed the message.
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
