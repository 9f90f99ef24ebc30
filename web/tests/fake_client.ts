// SPDX-License-Identifier: Apache-2.0
// fake_client.ts: a client with any number of threads; an answer in the first one is being written.
//
// Like the real one it keeps every unchanged part of a view as the same object.

import type {
  Agent,
  Client,
  ConnectionView,
  DeleteOptions,
  Files,
  LiveThread,
  Result,
  Said,
  SendFile,
  Thread,
  ThreadListView,
  ThreadView,
  Undoable,
} from "lockstep-client";

const BEGAN = 1_795_000_000_000_000;

export const threadOf = (id: string, at: number, more: Partial<Thread> = {}): Thread => ({
  id,
  title: `Thread ${id}`,
  created: BEGAN - at,
  updated: BEGAN - at,
  archived: false,
  head: null,
  running: false,
  metadata: {},
  ...more,
});

class Viewed<View> {
  private readonly listeners = new Set<() => void>();
  constructor(public view: View) {}
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  show(view: View): void {
    this.view = view;
    for (const listener of [...this.listeners]) listener();
  }
}

/** The view of a thread that has nothing yet. */
export const nothing: ThreadView = {
  id: "",
  status: "ready",
  messages: [],
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
  cursor: null,
};

export class FakeClient {
  readonly list: Viewed<ThreadListView>;
  readonly open: Viewed<ThreadView>;
  readonly connected = new Viewed<ConnectionView>({
    state: "online",
    leader: true,
    transport: "websocket",
    retry: null,
  });
  readonly deleted = new Viewed<readonly Undoable[]>([]);
  readonly asked: string[] = [];
  agents: readonly Agent[] = [];
  /** The answer to a message with files: after `uploaded` of them. */
  uploaded = Infinity;
  sent: Result<{ run: string; message: string }> = { ok: true, ts: null, run: "r", message: "m" };
  readonly messages: { readonly said: Said; readonly files: readonly SendFile[] }[] = [];
  /** Of a message, in place of `sent`. */
  outcome: Promise<Result<{ run: string; message: string }>> | undefined;
  link = (uri: string): Result<{ url: string }> => ({ ok: true, ts: null, url: `/link/${uri}` });
  private text = "It";

  constructor(threads: readonly Thread[], view: Partial<ThreadView> = {}) {
    this.list = new Viewed<ThreadListView>({ status: "ready", threads, error: null });
    const id = threads[0]?.id ?? "none";
    this.open = new Viewed<ThreadView>({ ...nothing, id, thread: threads[0] ?? null, ...view });
  }

  static streaming(count: number): FakeClient {
    const threads = Array.from({ length: count }, (_, at) => threadOf(`t${at}`, at * 1_000_000));
    const client = new FakeClient(threads, { status: "streaming" });
    client.token();
    return client;
  }

  /** Adds a word: the thread and the list change, as by the server's frames. */
  token(): void {
    this.text += " is";
    const [first, ...others] = this.list.view.threads;
    if (first === undefined) return;
    const thread = { ...first, updated: first.updated + 1000, running: true };
    const { created, updated } = thread;
    this.open.show({
      ...this.open.view,
      thread,
      messages: [
        {
          id: "m",
          parent: null,
          role: "assistant",
          parts: [{ type: "text", text: this.text }],
          status: "open",
          created,
          updated,
          run: "r",
          pending: null,
          branches: ["m"],
        },
      ],
    });
    this.list.show({ ...this.list.view, threads: [thread, ...others] });
  }

  private readonly sendMessage: LiveThread["sendMessage"] = (said, options = {}) => {
    const { files = [], onProgress } = options;
    this.messages.push({ said, files });
    for (let at = 0; at < Math.min(files.length, this.uploaded); at += 1) onProgress?.(0, 0);
    return this.outcome ?? Promise.resolve(this.sent);
  };

  private readonly tools: Pick<LiveThread, "answerTool" | "decideTool"> = {
    answerTool: (...said) => this.said("answer", said),
    decideTool: (...said) => this.said("decide", said),
  };

  private said(verb: string, said: readonly unknown[]): Promise<Result> {
    this.asked.push(`${verb} ${JSON.stringify(said)}`);
    return Promise.resolve({ ok: true, ts: null });
  }

  private readonly files: Files = {
    upload: () => Promise.reject(new Error("not in these tests")),
    link: async (uri, renew) => {
      this.asked.push(`link${renew === true ? " again" : ""}`);
      return this.link(uri);
    },
  };

  /** Only the verbs that the page uses. */
  get client(): Client {
    const { asked, connected, deleted } = this;
    const live = {
      id: this.open.view.id,
      viewed: this.open,
      get view(): ThreadView {
        return this.viewed.view;
      },
      subscribe: this.open.subscribe,
      markSeen: () => undefined,
      remove: (message: string, options?: DeleteOptions) => {
        this.asked.push(`remove ${message}${options?.undo === true ? " for now" : ""}`);
        return Promise.resolve({ ok: true, ts: null });
      },
      delete: (options?: DeleteOptions) => {
        this.asked.push(`delete${options?.undo === true ? " for now" : ""}`);
        return Promise.resolve({ ok: true, ts: null });
      },
      sendMessage: this.sendMessage,
      ...this.tools,
      edit: (message: string, said: object) => {
        this.asked.push(`edit ${message} ${JSON.stringify(said)}`);
        return Promise.resolve({ ok: true, ts: null });
      },
      continueMessage: (message?: string) => {
        this.asked.push(`continue ${message}`);
        return Promise.resolve({ ok: true, ts: null });
      },
      regenerate: (message?: string) => {
        this.asked.push(`regenerate ${message}`);
        return Promise.resolve({ ok: true, ts: null, run: "r" });
      },
    };
    return {
      device: "d",
      get connection() {
        return connected.view;
      },
      subscribe: (listener) => {
        const ends = [deleted.subscribe(listener), connected.subscribe(listener)];
        return () => ends.forEach((end) => end());
      },
      thread: () => live as unknown as LiveThread,
      threads: () => this.list,
      agents: () => {
        asked.push("agents");
        return Promise.resolve({ ok: true, ts: null, agents: this.agents });
      },
      files: async () => this.files,
      get undoable() {
        return deleted.view;
      },
      undo: (id: string) => {
        asked.push(`undo ${id}`);
        return Promise.resolve(true);
      },
      reconnect: () => undefined,
      close: () => Promise.resolve(),
    };
  }
}
