// draft.ts: the next state while it is being made.
//
// A map is copied when it is first written to, once for a whole batch, and what did not change in
// the end is the former state's own object.

import { equal } from "./equal.js";
import { inheritTree } from "./path.js";
import type { ThreadState } from "./state.js";
import type { Message, Run, Thread } from "./wire.js";

/** What came does not follow from what is held: sync anew. */
export class Gap extends Error {
  override readonly name = "Gap";
}

export function must(kept: boolean, what: string): asserts kept {
  if (!kept) throw new Gap(what);
}

const known = <Value>(former: Value | null | undefined, value: Value): Value =>
  former && equal(former, value) ? former : value;

export class Draft {
  ts: number;
  epoch: string | null;
  thread: Thread | null;
  private messages: Map<string, Message> | null = null;
  private runs: Map<string, Run> | null = null;
  private regrown = false;

  constructor(private readonly former: ThreadState) {
    ({ ts: this.ts, epoch: this.epoch, thread: this.thread } = former);
  }

  findMessage(id: string): Message | undefined {
    return (this.messages ?? this.former.messages).get(id);
  }

  message(id: string): Message {
    const held = this.findMessage(id);
    must(held !== undefined, `there is no message ${id}`);
    return held;
  }

  putMessage(message: Message): void {
    const held = this.findMessage(message.id);
    if (equal(held, message)) return;
    this.regrown ||= held?.parent !== message.parent;
    this.messages ??= new Map(this.former.messages);
    this.messages.set(message.id, known(this.former.messages.get(message.id), message));
  }

  changeMessage(id: string, fields: Partial<Message>): void {
    this.messages ??= new Map(this.former.messages);
    this.messages.set(id, { ...this.message(id), ...fields });
  }

  removeMessage(id: string): void {
    if (!this.findMessage(id)) return;
    this.regrown = true;
    (this.messages ??= new Map(this.former.messages)).delete(id);
  }

  run(id: string): Run {
    const held = this.allRuns.get(id);
    must(held !== undefined, `there is no run ${id}`);
    return held;
  }

  get allRuns(): ReadonlyMap<string, Run> {
    return this.runs ?? this.former.runs;
  }

  putRun(run: Run): void {
    if (equal(this.allRuns.get(run.id), run)) return;
    this.runs ??= new Map(this.former.runs);
    this.runs.set(run.id, known(this.former.runs.get(run.id), run));
  }

  putThread(thread: Thread): void {
    this.thread = known(this.former.thread, thread);
  }

  /** Begins with nothing; what comes again as it was keeps its object. */
  clear(): void {
    this.thread = null;
    this.messages = new Map();
    this.runs = new Map();
    this.regrown = true;
  }

  finish(): ThreadState {
    const { former, ts, epoch } = this;
    if (this.messages && !this.regrown) inheritTree(former.messages, this.messages);
    return {
      id: former.id,
      ts,
      epoch,
      thread: this.thread,
      messages: this.messages ?? former.messages,
      runs: this.runs ?? former.runs,
    };
  }
}
