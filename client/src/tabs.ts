// tabs.ts: one connection, one device and one queue for all tabs of a browser.
//
// The tab that holds a lock leads: it has the connection, and its sessions send the changes. The
// others ask through it, and follow the threads that they show themselves, from cursors of their own:
// when the leader goes, the next holder of the lock opens a connection, every open request is told
// `lost`, and each tab asks again from where it is. Nobody else has to be told what was going on.

import type { Link, Request, Sink } from "./link.js";
import type { ConnectionView, PendingChange, Settled } from "./types.js";

/** What one tab tells the others of its changes. */
export interface News {
  added(change: PendingChange): void;
  settled(thread: string, outcomes: readonly Settled[]): void;
  renumbered(thread: string, changes: readonly PendingChange[], former: readonly number[]): void;
  dropped(thread: string): void;
}

export interface TabEvents extends News {
  /** Opens a connection of this tab's own. */
  open(): Link;
  /** This tab leads from now on. */
  leads(): void;
  /** Calls when the page has come back to life. */
  onWake(task: () => void): () => void;
}

export interface Tabs extends News {
  readonly link: Link;
}

type Said =
  | { readonly type: "hello"; readonly from: string }
  | { readonly type: "leads"; readonly from: string; readonly view: ConnectionView }
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

/** Has this browser what it takes? Pages of plain http have no locks. */
export const canShare = (): boolean =>
  globalThis.navigator?.locks !== undefined && typeof BroadcastChannel !== "undefined";

/** `name`: what the tabs share; `tab`: what no other tab is called. */
export const joinTabs = (name: string, tab: string, events: TabEvents): Tabs => {
  const link = new SharedLink(name, tab, events);
  const tell = (...news: NewsItem) => link.say({ type: "news", news });
  return {
    link,
    added: (change) => tell("added", change),
    settled: (thread, outcomes) => tell("settled", thread, outcomes),
    renumbered: (thread, changes, former) => tell("renumbered", thread, changes, former),
    dropped: (thread) => tell("dropped", thread),
  };
};

class SharedLink implements Link {
  readonly #events: TabEvents;
  readonly #tab: string;
  // One is enough: a link for many stands before this one.
  #listener: () => void = () => undefined;
  /** What this tab has asked through the leader. */
  readonly #asked = new Map<number, Sink>();
  /** What others have asked through this tab: how to cancel it, by tab and id. */
  readonly #served = new Map<string, Map<number, () => void>>();
  #view: ConnectionView = { state: "connecting", leader: false, transport: null, retry: null };
  #real: Link | null = null;
  readonly #channel: BroadcastChannel;
  readonly #name: string;
  #leader = "";
  #requests = 0;
  #release: () => void = () => undefined;
  #unwatch: () => void = () => undefined;
  #over = false;

  constructor(name: string, tab: string, events: TabEvents) {
    this.#name = name;
    this.#tab = tab;
    this.#events = events;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Said>) => this.#heard(data);
    this.#join();
  }

  get view(): ConnectionView {
    return this.#real?.view ?? this.#view;
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
    this.#release();
    this.#real?.close();
    this.#channel.close();
    this.#asked.clear();
  }

  // --- Joining and leading -----------------------------------------------------------------------

  #join(): void {
    const { locks } = navigator;
    const released = new Promise<void>((release) => (this.#release = release));
    // Held while this tab lives: so the leader learns when it is gone.
    void locks.request(`${this.#name} ${this.#tab}`, () => released).catch(() => undefined);
    const stop = new AbortController();
    void released.then(() => stop.abort());
    locks
      .request(`${this.#name} leader`, { signal: stop.signal }, () => {
        if (!this.#over) this.#lead();
        return released;
      })
      .catch(() => undefined);
    this.#unwatch = this.#events.onWake(() => this.say({ type: "wake", asked: false }));
    this.say({ type: "hello", from: this.#tab });
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
    this.#events.leads();
    this.#listener();
  }

  #announce(): void {
    this.say({ type: "leads", from: this.#tab, view: this.view });
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
      const another = said.from !== this.#leader;
      this.#leader = said.from;
      this.#view = { ...said.view, leader: false };
      if (another) this.#lose();
      this.#listener();
    } else if (said.type === "frame" && said.to === this.#tab) {
      const sink = this.#asked.get(said.id);
      if (ends(said.frame)) this.#asked.delete(said.id);
      sink?.(said.frame);
    }
  }

  #heardAsLeader(said: Said, real: Link): void {
    if (said.type === "hello") this.#announce();
    else if (said.type === "wake") real.reconnect();
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
    void navigator.locks
      .request(`${this.#name} ${tab}`, () => {
        this.#served.delete(tab);
        for (const cancel of served.values()) cancel();
      })
      .catch(() => undefined);
    return served;
  }
}

const ends = ({ frame }: Parameters<Sink>[0]) =>
  frame === "end" || frame === "failure" || frame === "lost";
