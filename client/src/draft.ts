// draft.ts: the next state while it is being made.
//
// A map is copied when it is first written to, once for a whole batch, and what did not change in
// the end is the former state's own object.

import { equal, keep } from "./equal.js";
import { inheritTree } from "./path.js";
import type { ThreadState } from "./state.js";
import type { Message, Run, Thread } from "./wire.js";

/** What came does not follow from what is held: sync anew. */
export class Gap extends Error {
  override readonly name = "Gap";
}

/** `what` does not fit if it is not kept. */
export function must(kept: unknown, what: string): asserts kept {
  if (!kept) throw new Gap(what);
}

export class Draft {
  ts: number;
  epoch: string | null;
  thread: Thread | null;
  readonly #former: ThreadState;
  #messages: ThreadState["messages"];
  #runs: ThreadState["runs"];
  #regrown = false;

  constructor(former: ThreadState) {
    this.#former = former;
    this.ts = former.ts;
    this.epoch = former.epoch;
    this.thread = former.thread;
    this.#messages = former.messages;
    this.#runs = former.runs;
  }

  get runs(): readonly Run[] {
    return [...this.#runs.values()];
  }

  has(message: string): boolean {
    return this.#messages.has(message);
  }

  message(id: string): Message {
    const held = this.#messages.get(id);
    must(held, id);
    return held;
  }

  run(id: string): Run {
    const held = this.#runs.get(id);
    must(held, id);
    return held;
  }

  putMessage(message: Message): void {
    const { id, parent } = message;
    const held = this.#messages.get(id);
    if (equal(held, message)) return;
    // So no path has a circle.
    must(held ? held.parent === parent : parent === null || this.has(parent), id);
    this.#regrown ||= !held;
    this.#writable().set(id, keep(this.#former.messages.get(id), message));
  }

  changeMessage(id: string, fields: Partial<Message>): void {
    this.#writable().set(id, { ...this.message(id), ...fields });
  }

  removeMessage(id: string): void {
    if (this.has(id)) this.#regrown = this.#writable().delete(id);
  }

  putRun(run: Run): void {
    const { runs } = this.#former;
    if (equal(this.#runs.get(run.id), run)) return;
    if (this.#runs === runs) this.#runs = new Map(runs);
    (this.#runs as Map<string, Run>).set(run.id, keep(runs.get(run.id), run));
  }

  putThread(thread: Thread): void {
    this.thread = keep<Thread | null>(this.#former.thread, thread);
  }

  /** Begins with nothing; what comes again as it was keeps its object. */
  clear(): void {
    this.thread = null;
    this.#messages = new Map();
    this.#runs = new Map();
    this.#regrown = true;
  }

  finish(): ThreadState {
    const { id, messages } = this.#former;
    const { ts, epoch, thread } = this;
    if (!this.#regrown) inheritTree(messages, this.#messages);
    return { id, ts, epoch, thread, messages: this.#messages, runs: this.#runs };
  }

  #writable(): Map<string, Message> {
    const { messages } = this.#former;
    if (this.#messages === messages) this.#messages = new Map(messages);
    return this.#messages as Map<string, Message>;
  }
}
