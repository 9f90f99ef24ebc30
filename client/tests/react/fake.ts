// SPDX-License-Identifier: Apache-2.0
// fake.ts: a client whose views the test sets; it records its calls.

import type {
  Client,
  ConnectionView,
  FilePart,
  LiveThread,
  LiveThreads,
  MessageView,
  Result,
  ThreadListView,
  Undoable,
  ThreadView,
} from "../../src/types.js";

export function messageOf(id: string, text: string, more: Partial<MessageView> = {}): MessageView {
  return {
    id,
    parent: null,
    role: "assistant",
    parts: [{ type: "text", text }],
    status: "complete",
    created: 1,
    updated: 1,
    pending: null,
    branches: [id],
    ...more,
  };
}

export function viewOf(
  messages: readonly MessageView[],
  more: Partial<ThreadView> = {},
): ThreadView {
  return {
    id: "tea",
    status: "ready",
    messages,
    queued: [],
    unsent: [],
    run: null,
    runs: new Map(),
    stopping: false,
    pending: 0,
    refused: [],
    lost: [],
    thread: null,
    error: null,
    cursor: "1@e",
    ...more,
  };
}

class Source<View> {
  readonly listeners = new Set<() => void>();
  constructor(public view: View) {}
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  set(view: View): void {
    this.view = view;
    for (const listener of [...this.listeners]) listener();
  }
}

export type Call = readonly [verb: string, ...rest: unknown[]];

export class FakeThread extends Source<ThreadView> {
  readonly calls: Call[] = [];
  constructor(readonly id: string) {
    super(viewOf([]));
  }
}

const TAKEN: Result<{ run: string; message: string }> = { ok: true, ts: 2, run: "r", message: "m" };

// Records every verb and answers it as applied.
function createLive(fake: FakeThread): LiveThread {
  return new Proxy(fake, {
    get(target, name: string) {
      if (name === "view" || name === "id") return target[name];
      if (name === "subscribe") return target.subscribe.bind(target);
      return (...rest: unknown[]) => {
        target.calls.push([name, ...rest]);
        return Promise.resolve(TAKEN);
      };
    },
  }) as unknown as LiveThread;
}

export class FakeClient implements Client {
  readonly device = "d";
  readonly fakes = new Map<string, FakeThread>();
  readonly list = new Source<ThreadListView>({ status: "ready", threads: [], error: null });
  readonly state = new Source<ConnectionView>({
    state: "online",
    leader: true,
    transport: "websocket",
    retry: null,
  });
  private readonly lives = new Map<string, LiveThread>();

  get connection(): ConnectionView {
    return this.state.view;
  }
  subscribe(listener: () => void): () => void {
    return this.state.subscribe(listener);
  }
  fake(id: string): FakeThread {
    this.thread(id);
    const found = this.fakes.get(id);
    if (found === undefined) throw new Error(`no thread ${id}`);
    return found;
  }
  thread(id: string): LiveThread {
    const known = this.lives.get(id);
    if (known !== undefined) return known;
    const fake = new FakeThread(id);
    const live = createLive(fake);
    this.fakes.set(id, fake);
    this.lives.set(id, live);
    return live;
  }
  undoable: readonly Undoable[] = [];
  readonly undone: string[] = [];
  undo = async (id: string): Promise<boolean> => {
    this.undone.push(id);
    return true;
  };
  threads(): LiveThreads {
    return this.list;
  }
  agents: Client["agents"] = async () => ({ ok: true, ts: null, agents: [] });
  /** The links that were asked for; `link` answers. */
  readonly links: { readonly uri: string; readonly renew: boolean }[] = [];
  link = (): Result<{ url: string }> => ({ ok: true, ts: null, url: `/${this.links.length}` });
  /** The files that were uploaded; `upload` answers. */
  readonly uploads: string[] = [];
  upload = (name: string): Result<{ part: FilePart }> => ({
    ok: true,
    ts: null,
    part: { type: "file", uri: `blob:${name}`, media_type: "image/png", name },
  });
  files: Client["files"] = async () => ({
    upload: async (file) => {
      const name = (file as File).name;
      this.uploads.push(name);
      return this.upload(name);
    },
    link: async (uri, renew = false) => {
      this.links.push({ uri, renew });
      return this.link();
    },
  });
  reconnect(): void {}
  close(): Promise<void> {
    return Promise.resolve();
  }
}
