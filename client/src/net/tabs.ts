// SPDX-License-Identifier: Apache-2.0
// tabs.ts: one connection, one device and one queue for all tabs of a browser (leader election).
//
// The tab that holds a lock leads: it has the connection, and its sessions send the changes. The
// other tabs send their requests through it, and each follows the threads that it shows, from its
// own cursors. When the leader closes, the next holder of the lock opens a connection, every open
// request gets `lost`, and each tab asks again from its cursors.
//
// A message to the other tabs may reach no tab: the leader may not lead yet, and a tab that crashes
// may have stored a change without telling the others. So the store decides. The leader reads it
// when it begins to lead, when a tab joins, and when a tab is gone (its lock is free). A tab sends
// `hello` to each new leader until the leader answers: then both receive each other's messages, and
// the tab sends requests. When the leader has stored everything that it sent before, it answers
// `kept`: the tab then reads the store too, and sends again each of its changes without outcome.

import type { Outcome } from "../held.js";
import type { Link, Request, Sink } from "./link.js";
import type { ConnectionView, PendingChange, Settled } from "../types.js";

/** The messages of one tab to the others about its changes. */
export interface News {
  added(change: PendingChange): void;
  settled(thread: string, outcomes: readonly Settled[]): void;
  renumbered(thread: string, changes: readonly PendingChange[], former: readonly number[]): void;
  dropped(thread: string): void;
  /** The user has given these up: they leave `lost`. */
  forgotten(thread: string, messages: readonly string[]): void;
  /** The deletions that wait have changed; `done`: the outcome of one. */
  held(done?: Outcome): void;
}

export interface TabEvents extends News {
  /** The view until a leader answers. */
  readonly connecting: ConnectionView;
  /** Opens this tab's own connection. */
  open(): Link;
  /** This tab leads and sends the changes in the store. Again when a tab has come or gone. */
  leads(): Promise<void>;
  /** Another tab leads: each of the two may have missed changes and outcomes of the other. */
  follows(): void;
  /** Calls `task` when the page is visible or online again. */
  onWake(task: () => void): () => void;
  after(milliseconds: number, task: () => void): () => void;
}

export interface Tabs extends News {
  readonly link: Link;
}

type Said =
  | { readonly type: "hello"; readonly from: string }
  | {
      readonly type: "leads";
      readonly from: string;
      readonly view: ConnectionView;
      /** The tab whose `hello` it answers. */
      readonly to?: string | undefined;
    }
  | { readonly type: "kept"; readonly to: string }
  | { readonly type: "send"; readonly from: string; readonly id: number; readonly request: Request }
  | { readonly type: "cancel"; readonly from: string; readonly id: number }
  | {
      readonly type: "frame";
      readonly to: string;
      readonly id: number;
      readonly frame: Parameters<Sink>[0];
    }
  | { readonly type: "wake"; readonly asked: boolean }
  | { readonly type: "news"; readonly news: NewsItem };
type NewsItem = { [Name in keyof News]: readonly [Name, ...Parameters<News[Name]>] }[keyof News];

/** The parts of a browser that its tabs share. */
export interface Browser {
  readonly locks: Pick<LockManager, "request">;
  channel(name: string): BroadcastChannel;
}

const browserOfThisPage = (): Browser => ({
  locks: navigator.locks,
  channel: (name) => new BroadcastChannel(name),
});

/** Has this page locks and channels? Pages of plain http have no locks. */
export const canShare = (): boolean =>
  globalThis.navigator?.locks !== undefined && typeof BroadcastChannel !== "undefined";

/** `name`: the same in all tabs that share; `tab`: unique to this one. */
export const joinTabs = (
  name: string,
  tab: string,
  events: TabEvents,
  browser = browserOfThisPage(),
): Tabs => {
  const link = new SharedLink(name, tab, events, browser);
  const tell = (...news: NewsItem) => link.say({ type: "news", news });
  return {
    link,
    added: (change) => tell("added", change),
    settled: (thread, outcomes) => tell("settled", thread, outcomes),
    renumbered: (thread, changes, former) => tell("renumbered", thread, changes, former),
    dropped: (thread) => tell("dropped", thread),
    held: (outcome) => tell("held", outcome),
    forgotten: (thread, messages) => tell("forgotten", thread, messages),
  };
};

const helloAgain = 1_000;

class SharedLink implements Link {
  readonly #events: TabEvents;
  readonly #tab: string;
  // One is enough: the client is the only subscriber.
  #listener: () => void = () => undefined;
  /** Requests of this tab that the leader carries. */
  readonly #asked = new Map<number, Sink>();
  /** Requests of other tabs that this one carries: their cancel functions, by tab and id. */
  readonly #served = new Map<string, Map<number, () => void>>();
  /** This tab has its own lock: it is free when the tab is gone. */
  #joined = false;
  /** The leader has answered this tab's hello. */
  #met = false;
  #view: ConnectionView;
  /** The view until the leader answers. Kept, because a view stays the same until it changes. */
  #unmet: ConnectionView;
  #real: Link | null = null;
  readonly #locks: Browser["locks"];
  readonly #channel: BroadcastChannel;
  readonly #name: string;
  #leader = "";
  #requests = 0;
  #release: () => void = () => undefined;
  #unwatch: () => void = () => undefined;
  #cancelHello: () => void = () => undefined;
  #over = false;

  constructor(name: string, tab: string, events: TabEvents, browser: Browser) {
    this.#name = name;
    this.#tab = tab;
    this.#events = events;
    this.#view = this.#unmet = events.connecting;
    this.#locks = browser.locks;
    this.#channel = browser.channel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Said>) => this.#heard(data);
    this.#join();
  }

  get view(): ConnectionView {
    if (this.#real !== null) return this.#real.view;
    return this.#met ? this.#view : this.#unmet;
  }

  subscribe(listener: () => void): () => void {
    this.#listener = listener;
    return () => undefined;
  }

  send(request: Request, sink: Sink): () => void {
    if (this.#real !== null) return this.#real.send(request, sink);
    const id = ++this.#requests;
    this.#asked.set(id, sink);
    this.say({ type: "send", from: this.#tab, id, request });
    return () => {
      if (this.#asked.delete(id)) this.say({ type: "cancel", from: this.#tab, id });
    };
  }

  reconnect(): void {
    if (this.#real !== null) this.#real.reconnect();
    else this.say({ type: "wake", asked: true });
  }

  close(): void {
    this.#over = true;
    this.#unwatch();
    this.#cancelHello();
    this.#release();
    this.#real?.close();
    this.#channel.close();
    this.#asked.clear();
  }

  // --- Joining and leading -----------------------------------------------------------------------

  #join(): void {
    const released = new Promise<void>((release) => (this.#release = release));
    // Held while this tab lives, so that the leader learns when it is gone.
    const live = () => {
      this.#joined = true;
      this.#hello();
      return released;
    };
    this.#locks.request(`${this.#name} ${this.#tab}`, live).catch(() => undefined);
    const stop = new AbortController();
    void released.then(() => stop.abort());
    this.#locks
      .request(`${this.#name} leader`, { signal: stop.signal }, () => {
        if (!this.#over) this.#lead();
        return released;
      })
      .catch(() => undefined);
    this.#unwatch = this.#events.onWake(() => this.say({ type: "wake", asked: false }));
  }

  // Repeated until answered: either channel may have been too new to hear the `hello` or the
  // answer.
  #hello(): void {
    if (!this.#joined || this.#met || this.#real !== null || this.#over) return;
    this.say({ type: "hello", from: this.#tab });
    this.#cancelHello();
    this.#cancelHello = this.#events.after(helloAgain, () => this.#hello());
  }

  #lead(): void {
    const real = this.#events.open();
    this.#real = real;
    real.subscribe(() => {
      this.#announce();
      this.#listener();
    });
    this.#lose();
    this.#announce();
    void this.#events.leads();
    this.#listener();
  }

  #announce(to?: string): void {
    this.say({ type: "leads", from: this.#tab, view: this.view, to });
  }

  #lose(): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const sink of asked) sink({ frame: "lost" });
  }

  // --- Messages ----------------------------------------------------------------------------------

  say(said: Said): void {
    if (!this.#over) this.#channel.postMessage(said);
  }

  #heard(said: Said): void {
    if (this.#over) return;
    if (said.type === "news") {
      const [name, ...args] = said.news;
      return (this.#events[name] as (...args: readonly unknown[]) => void)(...args);
    }
    if (this.#real === null) this.#heardFromLeader(said);
    else this.#heardAsLeader(said, this.#real);
  }

  #heardFromLeader(said: Said): void {
    if (said.type === "leads") {
      // The leader would take a tab without a lock for gone.
      if (!this.#joined) return;
      const another = said.from !== this.#leader;
      this.#leader = said.from;
      const view: ConnectionView = { ...said.view, leader: false };
      this.#view = view;
      this.#unmet = view.state === "online" ? { ...view, state: "connecting" } : view;
      this.#met = said.to === this.#tab || (this.#met && !another);
      if (another) this.#lose();
      this.#hello();
      this.#listener();
    } else if (said.type === "kept") {
      if (said.to === this.#tab) this.#events.follows();
    } else if (said.type === "frame" && said.to === this.#tab) {
      const sink = this.#asked.get(said.id);
      if (ends(said.frame)) this.#asked.delete(said.id);
      sink?.(said.frame);
    }
  }

  #heardAsLeader(said: Said, real: Link): void {
    if (said.type === "hello") {
      if (!this.#served.has(said.from)) this.#attend(said.from);
      this.#announce(said.from);
      void this.#events.leads().then(() => this.say({ type: "kept", to: said.from }));
    } else if (said.type === "wake") real.reconnect();
    else if (said.type === "send") this.#serve(said.from, said.id, said.request, real);
    else if (said.type === "cancel") {
      this.#served.get(said.from)?.get(said.id)?.();
      this.#served.get(said.from)?.delete(said.id);
    }
  }

  #serve(tab: string, id: number, request: Request, real: Link): void {
    const served = this.#served.get(tab) ?? this.#attend(tab);
    const cancel = real.send(request, (frame) => {
      if (ends(frame)) served.delete(id);
      this.say({ type: "frame", to: tab, id, frame });
    });
    served.set(id, cancel);
  }

  // A tab's requests end with the tab.
  #attend(tab: string): Map<number, () => void> {
    const served = new Map<number, () => void>();
    this.#served.set(tab, served);
    void this.#locks
      .request(`${this.#name} ${tab}`, () => {
        this.#served.delete(tab);
        for (const cancel of served.values()) cancel();
        if (!this.#over) void this.#events.leads();
      })
      .catch(() => undefined);
    return served;
  }
}

const ends = ({ frame }: Parameters<Sink>[0]) =>
  frame === "end" || frame === "failure" || frame === "lost";
