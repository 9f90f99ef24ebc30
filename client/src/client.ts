// SPDX-License-Identifier: Apache-2.0
// client.ts: all threads of one browser (or one process): who holds what, and who is told.
//
// A change goes the same way always: shown, numbered and kept by the store, sent by the session of
// its thread in the tab that leads, taken off when its outcome came. Nothing is read of the store or
// kept in it before this tab hears the others.

import { systemClock } from "./clock.js";
import { digestOf } from "./digest.js";
import { feedOf } from "./feed.js";
import { heldOf, type Turn } from "./held.js";
import { httpOf } from "./net/http.js";
import { newId } from "./id.js";
import { connecting, type Link, netLink } from "./net/link.js";
import { listenersOf } from "./listeners.js";
import { liveOf } from "./live.js";
import { headPath } from "./path.js";
import { closed, gone, resultOf } from "./results.js";
import { type Session, sessionOf } from "./session.js";
import { openSocket } from "./net/socket.js";
import type { Tabs } from "./net/tabs.js";
import type {
  Client,
  HeldDeletion,
  LiveThread,
  Options,
  PendingChange,
  Result,
  Store,
  Settled,
} from "./types.js";
import { onHide, onOffline, onWake } from "./net/wake.js";
import type { Cursor } from "./wire.js";

interface Made {
  readonly session: Session;
  readonly live: LiveThread;
  /** What the store had of it is in it. */
  readonly loaded: Promise<void>;
}

interface Asked {
  readonly change: PendingChange;
  readonly resolve: (result: Result) => void;
}

export const clientOf = (
  options: Options,
  url: string,
  opening: Store | Promise<Store>,
  loadTabs: () => Promise<Pick<typeof import("./net/tabs.js"), "canShare" | "joinTabs">> = () =>
    import("./net/tabs.js"),
): Client => {
  const { clock = systemClock, random = Math.random } = options;
  const http = httpOf(url, options);
  const listeners = listenersOf();
  const threads = new Map<string, Made>();
  /** What this client has said and nobody answered. */
  const asked = new Map<number, Asked>();
  let store: Store | undefined;
  let link: Link | undefined;
  let tabs: Tabs | undefined;
  let provisional = 0;
  let hiding: readonly HeldDeletion[] = [];
  let over = false;

  // --- Beginning ---------------------------------------------------------------------------------

  // A connection of this tab's own: alone, or as the one that leads.
  const open = (): Link => {
    const web = options.WebSocket ?? (globalThis.WebSocket as typeof WebSocket | undefined);
    return netLink({
      clock,
      random,
      socket: web && options.transport !== "sse" ? openSocket(url, http, web) : null,
      events: async () => (await import("./net/events.js")).openEvents(http),
      onWake,
      onOffline,
    });
  };

  // Alone, or with the other tabs.
  const join = async ({ shared }: Store): Promise<void> => {
    const may = options.tabs !== false && shared;
    const loaded = may && (await loadTabs().catch(() => null));
    try {
      tabs = loaded && loaded.canShare() ? together(loaded, `${shared} ${url}`) : undefined;
    } catch {
      // A page without an origin of its own has no channel.
    }
    // Closed already: what was said till then is still told to the other tabs.
    if (over && !tabs) return;
    link = tabs?.link ?? open();
    link.subscribe(connectionChanged);
    if (!tabs) void takeOver();
    connectionChanged();
  };

  const together = ({ joinTabs }: Awaited<ReturnType<typeof loadTabs>>, name: string): Tabs =>
    joinTabs(name, newId("t"), {
      onWake,
      after: clock.after.bind(clock),
      open,
      added: addedElsewhere,
      settled: settledElsewhere,
      renumbered,
      dropped: (thread) => sessionKnown(thread)?.deleted(),
      held: held.heard,
      forgotten: (thread, messages) => sessionKnown(thread)?.forgetLost(messages),
      leads() {
        void held.look();
        return takeOver();
      },
      follows() {
        void catchUp();
        void held.look();
      },
    });

  const ready = (async () => {
    store = await opening;
    await join(store);
    return store;
  })();
  let adding: Promise<unknown> = ready;
  let writing: Promise<unknown> = ready;

  // What was not sent, before a reload or by the tab that led till now, is ours to send.
  const takeOver = async (): Promise<void> => {
    await writing;
    for (const change of (await store?.pending()) ?? []) {
      const { thread, refused } = change;
      const known = refused ? null : made(thread).session.add(change);
      // Its outcome was told, and who told it has gone before the store knew.
      if (known) settled(thread, [known]);
    }
    connectionChanged();
  };

  // Another tab leads. What this one has said and got no outcome of is said again, to be answered;
  // what others had said and the store has no more was answered while nobody told us.
  const catchUp = async (): Promise<void> => {
    for (const { change } of asked.values()) tabs?.added(change);
    await Promise.all([...threads.values()].map(({ loaded }) => loaded));
    const shown = [...threads.values()].flatMap(({ session }) =>
      session.unanswered.map((op) => ({ session, op })),
    );
    const kept = (await store?.pending()) ?? [];
    for (const { session, op } of shown) {
      const left = kept.find((it) => it.op === op);
      if (left?.refused) session.add(left);
      else if (!left && !asked.has(op)) session.settle([{ op, outcome: "applied" }]);
    }
    for (const change of kept) sessionKnown(change.thread)?.add(change);
  };

  const connection = () => link?.view ?? connecting;
  const online = () => !over && connection().state === "online";

  const connectionChanged = (): void => {
    for (const { session } of threads.values()) session.connected(online(), connection().leader);
    feed.act();
    held.act();
    listeners.tell();
  };

  // Nothing is asked before it is known whom to ask.
  const send: Link["send"] = (request, sink) => link?.send(request, sink) ?? (() => undefined);

  // --- Deletions that can be undone --------------------------------------------------------------

  const held = heldOf({
    clock,
    store: () => ready,
    leads: () => !over && connection().leader,
    async send({ thread, message, seen }, turn) {
      if (message !== null) {
        const change = { type: "delete_message", message, if_unchanged: true } as const;
        return add({ thread, change, seen }, turn);
      }
      return (await turn.mine()) ? made(thread).live.delete() : gone;
    },
    changed(deletions) {
      hiding = deletions;
      for (const { session } of threads.values()) hide(session);
      feed.refresh();
      listeners.tell();
    },
    tell: (outcome) => tabs?.held(outcome),
  });
  void ready.then(held.look);

  const hiddenIn = (thread: string) => hiding.filter((it) => it.thread === thread);

  const hide = (session: Session): void => {
    const all = hiddenIn(session.id).map((it) => it.message);
    session.hide(
      all.filter((it) => it !== null),
      all.includes(null),
    );
  };

  // --- Threads -----------------------------------------------------------------------------------

  const feed = feedOf({
    http,
    clock,
    online,
    send,
    kept: async () => (await ready).threads(),
    keep: (list) => write((to) => to.keepThreads(list)),
    appeared: (thread) => sessionKnown(thread)?.appeared(),
    removed: (thread) => sessionKnown(thread)?.deleted(),
    hidden: (thread) => hiddenIn(thread).some((it) => it.message === null),
  });

  const sessionKnown = (id: string) => threads.get(id)?.session;

  const made = (id: string): Made => {
    const known = threads.get(id);
    if (known) return known;
    if (!/^[A-Za-z0-9._:-]{1,128}$/.test(id) || id === "." || id === "..") {
      throw new Error(`${JSON.stringify(id)} is no thread's id.`);
    }
    const { add: subscribe, tell } = listenersOf((any) => session.watch(any));
    const session: Session = sessionOf(id, {
      device: () => store?.device ?? "",
      sync: (request, sink) => send({ sync: request }, sink),
      after: clock.after.bind(clock),
      random,
      settled,
      renumber: (thread, ops, seen) => void renumber(thread, ops, seen),
      keep: (thread) => write((to) => to.keepThread(thread)),
      drop: (thread) => write((to) => to.dropThread(thread)),
      missing: feed.want,
      changed: tell,
    });
    const live = liveOf(session, {
      http,
      subscribe,
      author: options.author,
      add,
      hold: (message) => held.hold(id, message, session.seen().cursor),
      forgetLost() {
        const messages = session.view.lost.map((it) => it.id);
        session.forgetLost(messages);
        tabs?.forgotten(id, messages);
      },
      dropped() {
        session.deleted();
        tabs?.dropped(id);
        // Who deletes a thread has no use for what was to be said in it.
        for (const { op } of session.view.refused) session.dismiss(op);
      },
    });
    const all = { session, live, loaded: load(session) };
    threads.set(id, all);
    hide(session);
    session.connected(online(), connection().leader);
    return all;
  };

  const load = async (session: Session): Promise<void> => {
    const from = await ready;
    const [stored, pending] = await Promise.all([from.thread(session.id), from.pending()]);
    session.load(stored, pending);
    // The digest only guards what was stored; without it there is still the cursor.
    session.start(stored && (await digestOf(headPath(session.state)).catch(() => null)));
  };

  // What is stored is stored in order; a store that fails costs the copy, nothing else.
  const write = (task: (to: Store) => Promise<unknown>): void => {
    writing = writing.then(async () => task(await ready)).catch(() => undefined);
  };

  // --- Changes -----------------------------------------------------------------------------------

  const add = (change: Omit<PendingChange, "op">, turn?: Turn): Promise<Result> => {
    const former = --provisional;
    const { session } = made(change.thread);
    if (hiddenIn(change.thread).some((it) => it.message === null)) return Promise.resolve(gone);
    // What is said stands on what is shown.
    if (!turn) held.flush(change.thread);
    session.add({ ...change, op: former });
    return new Promise((resolve) => {
      adding = adding.then(async () => {
        if (turn && !(await turn.mine())) {
          session.settle([{ op: former, outcome: "dismissed" }]);
          return resolve(gone);
        }
        const kept = await (await ready).add(change);
        await turn?.kept();
        if (over) {
          tabs?.added(kept);
          return resolve(closed);
        }
        asked.set(kept.op, { change: kept, resolve });
        const known = session.add(kept, former);
        if (known) answer([known]);
        else tabs?.added(kept);
      });
    });
  };

  const settled = (thread: string, outcomes: readonly Settled[]): void => {
    write((to) => to.settle(thread, outcomes));
    answer(outcomes);
    tabs?.settled(thread, outcomes);
  };

  // Who says it has not heard its outcome, and who hears it may not have either.
  const addedElsewhere = (change: PendingChange): void => {
    const take = () => {
      const known = made(change.thread).session.add(change);
      if (known) tabs?.settled(change.thread, [known]);
    };
    // Who sends must not have missed what was said before it: the store has all of it, in order.
    if (connection().leader) void takeOver().then(take);
    else take();
  };

  const settledElsewhere = (thread: string, outcomes: readonly Settled[]): void => {
    sessionKnown(thread)?.settle(outcomes);
    answer(outcomes);
  };

  const answer = (outcomes: readonly Settled[]): void => {
    for (const outcome of outcomes) {
      const { op = 0 } = outcome;
      asked.get(op)?.resolve(resultOf(outcome));
      asked.delete(op);
    }
  };

  const renumber = async (
    thread: string,
    ops: readonly number[],
    seen: Cursor | null | undefined,
  ): Promise<void> => {
    const changes = await (await ready).renumber(thread, ops, seen);
    renumbered(thread, changes, ops);
    tabs?.renumbered(thread, changes, ops);
  };

  const renumbered = (
    thread: string,
    changes: readonly PendingChange[],
    former: readonly number[],
  ): void => {
    for (const [at, op] of former.entries()) {
      const told = asked.get(op);
      const change = changes[at];
      if (told && change) asked.set(change.op, { ...told, change });
      asked.delete(op);
    }
    made(thread).session.renumbered(changes, former);
  };

  const unwatch = onHide(() => {
    for (const { session } of threads.values()) session.keepNow();
  });

  return {
    get device() {
      return store?.device ?? "";
    },
    get connection() {
      return connection();
    },
    subscribe: listeners.add,
    thread: (id) => made(id).live,
    threads: () => feed,
    get undoable() {
      return held.undoable;
    },
    undo: held.undo,
    reconnect() {
      http.renew();
      link?.reconnect();
    },
    async close() {
      if (over) return;
      over = true;
      unwatch();
      feed.end();
      const holding = held.end();
      for (const { session } of threads.values()) session.end();
      for (const { resolve } of asked.values()) resolve(closed);
      asked.clear();
      // The others look into the store when this tab has gone: all that it keeps is kept by then.
      await Promise.allSettled([adding, writing, holding]);
      link?.close();
      store?.close();
    },
  };
};
