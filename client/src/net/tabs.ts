// SPDX-License-Identifier: Apache-2.0
// tabs.ts: one connection, one device and one queue for all tabs of a browser.
//
// The tab that holds a lock leads: it has the connection, and its sessions send the changes. The
// others ask through it, and follow the threads that they show themselves, from cursors of their own:
// when the leader goes, the next holder of the lock opens a connection, every open request is told
// `lost`, and each tab asks again from where it is.
//
// What a tab tells may reach no tab: a leader may not lead yet, and a tab that crashes may have kept
// a change and told nobody. So the store has the last word. The leader looks into it when it begins,
// when a tab has come, and when a tab has gone (its lock is free). To each new leader that a tab hears
// of it says hello, until it is answered: then both hear each other, and it asks. When the leader has
// kept all that it told before, the tab is told `kept`: it looks into the store, too, and says again
// what it got no outcome of.

import type { Outcome } from "../held.js";
import type { Link, Request, Sink } from "./link.js";
import type { ConnectionView, PendingChange, Settled } from "../types.js";

/** What one tab tells the others of its changes. */
export interface News {
  added(change: PendingChange): void;
  settled(thread: string, outcomes: readonly Settled[]): void;
  renumbered(thread: string, changes: readonly PendingChange[], former: readonly number[]): void;
  dropped(thread: string): void;
  /** Its user has given these up: they are lost no more. */
  forgotten(thread: string, messages: readonly string[]): void;
  /** Deletions wait, or wait no more; what came of one. */
  held(done?: Outcome): void;
}

export interface TabEvents extends News {
  /** What is shown before a leader is heard of. */
  readonly connecting: ConnectionView;
  /** Opens a connection of this tab's own. */
  open(): Link;
  /** This tab leads: what the store has is its to send. Again when a tab has come or gone. */
  leads(): Promise<void>;
  /** Another tab leads: it may not know what this one has said, nor this one what that has told. */
  follows(): void;
  /** Calls when the page has come back to life. */
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
      /** Whose hello it answers. */
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

/** What the tabs of a browser have in common. */
export interface Browser {
  readonly locks: Pick<LockManager, "request">;
  channel(name: string): BroadcastChannel;
}

const browserOfThisPage = (): Browser => ({
  locks: navigator.locks,
  channel: (name) => new BroadcastChannel(name),
});

/** Has this browser what it takes? Pages of plain http have no locks. */
export const canShare = (): boolean =>
  globalThis.navigator?.locks !== undefined && typeof BroadcastChannel !== "undefined";

/** `name`: what the tabs share; `tab`: what no other tab is called. */
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
  // One is enough: a link for many stands before this one.
  #listener: () => void = () => undefined;
  /** What this tab has asked through the leader. */
  readonly #asked = new Map<number, Sink>();
  /** What others have asked through this tab: how to cancel it, by tab and id. */
  readonly #served = new Map<string, Map<number, () => void>>();
  /** This tab has its lock: the others can learn when it is gone. */
  #joined = false;
  /** The leader has answered this tab's hello. */
  #met = false;
  #view: ConnectionView;
  /** The same for who was not met: a value, because a view stays the same until it changes. */
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
    // Held while this tab lives: so the leader learns when it is gone.
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

  // Again until it is answered: a channel may have been too new to hear it, or the answer.
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

  // --- Talk --------------------------------------------------------------------------------------

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
      // Whom a leader serves without a lock it would take for gone.
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

  // What a tab asked for ends with it.
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
