// SPDX-License-Identifier: Apache-2.0
// network.ts: a network that a user can make bad: a fetch and a WebSocket with a delay and a cut.
//
// Order is kept, as on a real line: a later message never arrives earlier, even if the delay
// becomes shorter meanwhile. A cut closes every connection, as a browser sees it: sockets close
// with 1006, answers break off, and new connections fail until the network is restored.

type Listener = () => void;

/** One direction of a line: tasks happen after the delay, in order. */
class Line {
  private free = 0;

  constructor(private readonly delay: () => number) {}

  send(task: () => void): void {
    const now = performance.now();
    this.free = Math.max(this.free, now + this.delay());
    const wait = this.free - now;
    if (wait <= 0) task();
    else setTimeout(task, wait);
  }
}

export interface NetworkView {
  /** The delay of each direction, in milliseconds. */
  readonly delay: number;
  readonly cut: boolean;
}

export class Network {
  view: NetworkView = { delay: 0, cut: false };
  private readonly listeners = new Set<Listener>();
  private readonly open = new Set<() => void>();

  readonly subscribe = (listener: Listener): Listener => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  setDelay(delay: number): void {
    this.change({ ...this.view, delay });
  }

  cut(): void {
    this.change({ ...this.view, cut: true });
    for (const close of [...this.open]) close();
  }

  restore(): void {
    this.change({ ...this.view, cut: false });
  }

  line(): Line {
    return new Line(() => this.view.delay);
  }

  /** Calls `close` when the network is cut. Returns a function that ends this. */
  hold(close: () => void): () => void {
    this.open.add(close);
    return () => this.open.delete(close);
  }

  private change(view: NetworkView): void {
    this.view = view;
    for (const listener of this.listeners) listener();
  }
}

const broken = (): TypeError => new TypeError("the network is cut");

export function fetchOver(network: Network): typeof fetch {
  return async (input, init) => {
    const abort = new AbortController();
    const outer = init?.signal;
    if (outer?.aborted) throw outer.reason;
    outer?.addEventListener("abort", () => abort.abort(outer.reason));
    const release = network.hold(() => abort.abort(broken()));
    const passed = (line: Line): Promise<void> => new Promise((done) => line.send(done));
    await passed(network.line());
    if (network.view.cut) {
      release();
      throw broken();
    }
    const answer = await fetch(input, { ...init, signal: abort.signal });
    await passed(network.line());
    if (abort.signal.aborted) throw abort.signal.reason;
    if (answer.body === null) {
      release();
      return answer;
    }
    const body = answer.body.pipeThrough(delayed(network, release));
    const { status, statusText, headers } = answer;
    return new Response(body, { status, statusText, headers });
  };
}

function delayed(network: Network, release: () => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform: async (chunk, controller) => {
      if (network.view.delay > 0) await new Promise((done) => setTimeout(done, network.view.delay));
      controller.enqueue(chunk);
    },
    flush: release,
  });
}

/** The browser's WebSocket behind the network. */
class CutSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;

  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  binaryType: BinaryType = "blob";
  readyState = 0;
  readonly url: string;
  private socket: WebSocket | null = null;
  private readonly up: Line;
  private readonly down: Line;
  private readonly release: () => void;

  constructor(
    private readonly network: Network,
    url: string | URL,
    protocols?: string | string[],
  ) {
    super();
    this.url = String(url);
    this.up = network.line();
    this.down = network.line();
    this.release = network.hold(() => this.over(1006, "", false));
    this.up.send(() => this.begin(protocols));
  }

  get protocol(): string {
    return this.socket?.protocol ?? "";
  }
  get extensions(): string {
    return "";
  }
  get bufferedAmount(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  send(data: string | BufferSource | Blob): void {
    if (this.readyState === 0) throw new DOMException("still connecting", "InvalidStateError");
    this.up.send(() => {
      if (this.readyState === 1 && this.socket?.readyState === 1) this.socket.send(data);
    });
  }

  close(code?: number, reason?: string): void {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    this.up.send(() => {
      if (this.socket === null) this.over(1006, "", false);
      else this.socket.close(code, reason);
    });
  }

  private begin(protocols: string | string[] | undefined): void {
    if (this.readyState !== 0) return;
    if (this.network.view.cut) return this.over(1006, "", false);
    const socket = new WebSocket(this.url, protocols);
    this.socket = socket;
    socket.onopen = () =>
      this.down.send(() => {
        if (this.readyState !== 0) return;
        this.readyState = 1;
        this.tell(new Event("open"));
      });
    socket.onmessage = (event: MessageEvent) =>
      this.down.send(() => {
        if (this.readyState === 1) this.tell(new MessageEvent("message", { data: event.data }));
      });
    socket.onclose = (event) =>
      this.down.send(() => this.over(event.code, event.reason, event.wasClean));
  }

  private over(code: number, reason: string, wasClean: boolean): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.release();
    this.socket?.close();
    // Not from within the constructor: there are no listeners yet.
    queueMicrotask(() => {
      if (!wasClean) this.tell(new Event("error"));
      this.tell(new CloseEvent("close", { code, reason, wasClean }));
    });
  }

  private tell(event: Event): void {
    if (event.type === "open") this.onopen?.(event);
    if (event.type === "message") this.onmessage?.(event as MessageEvent);
    if (event.type === "error") this.onerror?.(event);
    if (event.type === "close") this.onclose?.(event as CloseEvent);
    this.dispatchEvent(event);
  }
}

/** A class like the browser's, for the client's option `WebSocket`. */
export function socketOver(network: Network): typeof WebSocket {
  class Socket extends CutSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(network, url, protocols);
    }
  }
  return Socket as unknown as typeof WebSocket;
}
