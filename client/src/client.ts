// client.ts: all threads of one browser (or one process): who holds what, and who is told.
//
// A change goes the same way always: shown, numbered and kept by the store, sent by the session of
// its thread in the tab that leads, taken off when its outcome came.

import { systemClock } from "./clock.js";
import { digestOf } from "./digest.js";
import { feedOf } from "./feed.js";
import { httpOf } from "./http.js";
import { newId } from "./id.js";
import { type Link, netLink } from "./link.js";
import { listenersOf } from "./listeners.js";
import { liveOf } from "./live.js";
import { pathTo, treeOf } from "./path.js";
import { type Session, sessionOf } from "./session.js";
import { openSocket } from "./socket.js";
import type { ThreadState } from "./state.js";
import type { Tabs } from "./tabs.js";
import type {
  Client,
  ConnectionView,
  LiveThread,
  Options,
  PendingChange,
  Result,
  Store,
  Settled,
} from "./types.js";
import { onHide, onWake } from "./wake.js";
import type { Cursor, Message } from "./wire.js";

const connecting: ConnectionView = {
  state: "connecting",
  leader: false,
  transport: null,
  retry: null,
};

export const clientOf = (
  options: Options,
  url: string,
  opening: Store | Promise<Store>,
): Client => {
  const { clock = systemClock, random = Math.random } = options;
  const http = httpOf(url, options);
  const listeners = listenersOf();
  const threads = new Map<string, { readonly session: Session; readonly live: LiveThread }>();
  const answers = new Map<number, (result: Result) => void>();
  let store: Store | undefined;
  let link: Link | undefined;
  let tabs: Tabs | undefined;
  let provisional = 0;
  let over = false;

  // --- Beginning ---------------------------------------------------------------------------------

  const ready = (async () => (store = await opening))();
  let adding: Promise<unknown> = ready;
  let writing: Promise<unknown> = ready;

  // A connection of this tab's own: alone, or as the one that leads.
  const open = (): Link => {
    const web = options.WebSocket ?? (globalThis.WebSocket as typeof WebSocket | undefined);
    return netLink({
      clock,
      random,
      socket: web && options.transport !== "sse" ? openSocket(url, http, web) : null,
      events: async () => (await import("./events.js")).openEvents(http),
      onWake,
    });
  };

  // Alone, or with the other tabs.
  const join = async ({ shared }: Store): Promise<void> => {
    const may = options.tabs !== false && shared;
    const loaded = may && (await import("./tabs.js").catch(() => null));
    if (over) return;
    if (loaded && loaded.canShare()) {
      tabs = loaded.joinTabs(`${shared} ${url}`, newId("t"), {
        onWake,
        open,
        added: (change) => made(change.thread).session.add(change),
        settled: settledElsewhere,
        renumbered,
        dropped: (thread) => sessionKnown(thread)?.deleted(),
        leads: () => void takeOver(),
      });
      link = tabs.link;
    } else {
      link = open();
      void takeOver();
    }
    link.subscribe(connectionChanged);
    connectionChanged();
  };
  void ready.then(join);

  // What was not sent, before a reload or by the tab that led till now, is ours to send.
  const takeOver = async (): Promise<void> => {
    for (const change of (await store?.pending()) ?? []) {
      if (!change.refused) made(change.thread).session.add(change);
    }
    connectionChanged();
  };

  const connection = () => link?.view ?? connecting;
  const online = () => !over && connection().state === "online";

  const connectionChanged = (): void => {
    for (const { session } of threads.values()) session.connected(online(), connection().leader);
    feed.act();
    listeners.tell();
  };

  // Nothing is asked before it is known whom to ask.
  const send: Link["send"] = (request, sink) => link?.send(request, sink) ?? (() => undefined);

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
  });

  const sessionKnown = (id: string) => threads.get(id)?.session;

  const made = (id: string): { readonly session: Session; readonly live: LiveThread } => {
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
      dropped() {
        session.deleted();
        tabs?.dropped(id);
        // Who deletes a thread has no use for what was to be said in it.
        for (const { op } of session.view.refused) session.dismiss(op);
      },
    });
    const both = { session, live };
    threads.set(id, both);
    session.connected(online(), connection().leader);
    void load(session);
    return both;
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

  const add = (change: Omit<PendingChange, "op">): Promise<Result> => {
    const former = --provisional;
    const { session } = made(change.thread);
    session.add({ ...change, op: former });
    return new Promise((resolve) => {
      adding = adding.then(async () => {
        const kept = await (await ready).add(change);
        if (over) return resolve(closed);
        answers.set(kept.op, resolve);
        const known = session.add(kept, former);
        if (known) answer([known]);
        tabs?.added(kept);
      });
    });
  };

  const settled = (thread: string, outcomes: readonly Settled[]): void => {
    write((to) => to.settle(thread, outcomes));
    answer(outcomes);
    tabs?.settled(thread, outcomes);
  };

  const settledElsewhere = (thread: string, outcomes: readonly Settled[]): void => {
    sessionKnown(thread)?.settle(outcomes);
    answer(outcomes);
  };

  const answer = (outcomes: readonly Settled[]): void => {
    for (const outcome of outcomes) {
      const { op = 0 } = outcome;
      answers.get(op)?.(resultOf(outcome));
      answers.delete(op);
    }
  };

  const renumber = async (
    thread: string,
    ops: readonly number[],
    seen: Cursor | null,
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
      const told = answers.get(op);
      const now = changes[at];
      if (told && now) answers.set(now.op, told);
      answers.delete(op);
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
    reconnect() {
      http.renew();
      link?.reconnect();
    },
    async close() {
      if (over) return;
      over = true;
      unwatch();
      feed.end();
      for (const { session } of threads.values()) session.end();
      link?.close();
      for (const told of answers.values()) told(closed);
      answers.clear();
      await Promise.allSettled([adding, writing]);
      store?.close();
    },
  };
};

const closed: Result = {
  ok: false,
  code: "closed",
  detail: "Kept, and sent by the next client.",
};

const resultOf = ({ outcome, ts, code = "refused", detail = "" }: Settled): Result =>
  outcome === "applied" ? { ok: true, ts: ts ?? null } : { ok: false, code, detail };

const headPath = (state: ThreadState): readonly Message[] =>
  pathTo(treeOf(state), state.thread?.head ?? null);
