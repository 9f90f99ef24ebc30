// SPDX-License-Identifier: Apache-2.0
// overlay.ts: a thread's tree with the changes applied that the server has not answered.
//
// They are applied in order to whatever the server has sent by now, by the server's own rules as
// far as a front can know them. The tree below is not copied: only what differs from it is kept.

import { partsOf } from "./diff.js";
import { equal, memo } from "./equal.js";
import { fieldsOf } from "./fold.js";
import { liesBelow, treeOf, type Tree } from "./path.js";
import { runsOf } from "./runs.js";
import type { ThreadState } from "./state.js";
import type { MessageView, PendingChange, QueuedTurn } from "./types.js";
import type { ChangeBody, Cursor, Message, MessageInput, Part, Run, Thread } from "./wire.js";

type Change<Type extends ChangeBody["type"]> = Extract<ChangeBody, { type: Type }>;
type Place = {
  readonly after?: string | null | undefined;
  readonly parent?: string | null | undefined;
};

export interface Overlay extends Tree {
  readonly thread: Thread | null;
  /** The run that is asked for here, and would be the one that runs. */
  readonly started: string | null;
  readonly stopping: boolean;
  /** The run that ends because what it was given, or has written, is deleted here. */
  readonly ended: string | null;
  readonly queued: readonly QueuedTurn[];
  readonly marks: ReadonlyMap<string, NonNullable<MessageView["pending"]>>;
  /** The run that is written, if no stop of it was asked for. */
  readonly running: string | null;
  /** Did it come after its run was stopped here? */
  isLate(message: Message): boolean;
}

export const createOverlay = (state: ThreadState, pending: readonly PendingChange[]): Overlay =>
  new ChangedTree(state, pending);

class ChangedTree implements Overlay {
  head: string | null;
  thread: Thread | null;
  started: string | null = null;
  stopping = false;
  ended: string | null = null;
  readonly queued: QueuedTurn[];
  readonly marks = new Map<string, NonNullable<MessageView["pending"]>>();
  readonly #state: ThreadState;
  readonly #base: Tree;
  readonly #written: Run | undefined;
  readonly #changed = new Map<string, Message>();
  readonly #added = new Map<string | null, string[]>();
  readonly #gone = new Set<string>();
  /** What there was of the runs that are stopped here. */
  readonly #stopped = new Map<string | null | undefined, ReadonlySet<string>>();

  constructor(state: ThreadState, pending: readonly PendingChange[]) {
    const { running, queued } = runsOf(state.runs);
    this.#state = state;
    this.#base = treeOf(state);
    this.#written = running;
    this.head = this.#base.head;
    this.thread = state.thread;
    this.queued = [...queued];
    for (const it of pending) this.#apply(it);
  }

  get running(): string | null {
    const id = this.#written?.id ?? null;
    return this.#stopped.has(id) ? null : id;
  }

  message(id: string): Message | undefined {
    return this.#gone.has(id) ? undefined : this.#known(id);
  }

  children(parent: string | null): readonly string[] {
    const held = this.#base.children(parent);
    const more = this.#added.get(parent) ?? [];
    const gone = this.#gone;
    return more.length + gone.size ? [...held, ...more].filter((id) => !gone.has(id)) : held;
  }

  isLate({ id, run }: Message): boolean {
    return this.#stopped.get(run)?.has(id) === false;
  }

  #apply(pending: PendingChange): void {
    const { change, frozen } = pending;
    if (change.type === "start_run") this.#startRun(pending, change);
    else if (change.type === "put_message") this.#putMessage(pending, change);
    else if (change.type === "delete_message") this.#deleteMessage(change.message);
    else if (change.type === "stop_run") this.#stopRun(change.run, frozen);
    else if (change.type === "move_head") {
      if (change.head === null || this.message(change.head)) this.head = change.head;
    } else if (change.type === "update_thread" && this.thread) {
      this.thread = { ...this.thread, ...fieldsOf(change, this.thread) };
    }
  }

  #known(id: string): Message | undefined {
    return this.#changed.get(id) ?? this.#base.message(id);
  }

  #messagesOf(run: string): readonly Message[] {
    return [...this.#state.messages.values()].filter((it) => it.run === run);
  }

  #startRun(pending: PendingChange, change: Change<"start_run">): void {
    const { run = idOf(pending, "run"), input = [], when_busy, parent } = change;
    const { queued, running: busy, started } = this;
    // It came back before its outcome, or is said already.
    if (this.#state.runs.has(run) || run === started || queued.some((it) => it.run === run)) return;
    if (busy ?? started ?? queued[0]) {
      const mode = when_busy ?? (parent === undefined ? "queue" : "interrupt");
      if (mode === "queue") queued.push(turnOf(change, run));
      if (mode === "queue" || mode === "reject") return;
      if (mode === "rollback" && busy) {
        for (const it of this.#messagesOf(busy)) this.#changed.set(it.id, emptied(it));
      }
    }
    this.started = run;
    this.head = this.#addMessages(pending, input, change);
  }

  #putMessage(pending: PendingChange, change: Change<"put_message">): void {
    const { message: input } = change;
    const { id = idOf(pending, 0) } = input;
    const held = this.message(id);
    if (!held) {
      this.head = this.#addMessages(pending, [input], change);
    } else if (!change.if_absent && !says(held, input)) {
      this.#changed.set(id, edited(change, held));
      if (!this.marks.has(id)) this.marks.set(id, "edited");
    }
  }

  /** A chain of new messages; the last one's id, or that of their place. */
  #addMessages(
    { op, seen }: PendingChange,
    inputs: readonly MessageInput[],
    place: Place,
  ): string | null {
    let parent = this.#resolve(place);
    for (const [index, input] of inputs.entries()) {
      const { id = idOf({ op }, index) } = input;
      // Its id is known: the server would refuse it, or has it already.
      if (this.#known(id)) continue;
      this.#changed.set(id, made(input, { id, parent, seen, index }));
      this.marks.set(id, "new");
      this.#added.set(parent, [...(this.#added.get(parent) ?? []), id]);
      parent = id;
    }
    return parent;
  }

  #resolve({ after = this.head, parent }: Place): string | null {
    const anchor = this.#nearestLiving(parent === undefined ? after : parent);
    return parent === undefined && liesBelow(this, this.head, anchor) ? this.head : anchor;
  }

  #nearestLiving(id: string | null): string | null {
    if (id === null || this.message(id)) return id;
    const dead = this.#known(id);
    // Of what the server has deleted no ancestors are known here.
    return dead ? this.#nearestLiving(dead.parent) : this.head;
  }

  #deleteMessage(id: string): void {
    const held = this.message(id);
    if (!held) return;
    const doomed = [id];
    for (const next of doomed) doomed.push(...this.children(next));
    for (const next of doomed) this.#gone.add(next);
    if (this.head !== null && this.#gone.has(this.head)) this.head = held.parent;
    // The run that was given it, or has written it, ends with it.
    const run = this.#written;
    if (!run || this.#stopped.has(run.id)) return;
    const own = this.#messagesOf(run.id).map((it) => it.id);
    if (![run.head ?? "", ...own].some((it) => this.#gone.has(it))) return;
    this.#stopped.set(run.id, new Set(own));
    this.ended = run.id;
  }

  #stopRun(
    run: string | null | undefined = this.running ?? this.started,
    frozen: PendingChange["frozen"],
  ): void {
    if (run === null) return;
    const waiting = this.queued.findIndex((turn) => turn.run === run);
    if (waiting >= 0) return void this.queued.splice(waiting, 1);
    if (run === this.started) this.started = null;
    this.stopping = true;
    const left = frozen ?? this.#messagesOf(run);
    this.#stopped.set(run, new Set(left.map((it) => it.id)));
    for (const it of left) if (this.message(it.id)) this.#changed.set(it.id, it);
  }
}

const idOf = ({ op }: Pick<PendingChange, "op">, what: string | number) => `op:${op}:${what}`;

const partsIn = ({ text, parts }: MessageInput): readonly Part[] =>
  parts ?? (text === undefined ? [] : [{ type: "text", text }]);

/** A message, as it is with what is put. */
const withInput = (held: Message, input: MessageInput): Message => {
  const { author = held.author, metadata = held.metadata } = input;
  return { ...held, author, metadata, parts: partsIn(input) };
};

/** Is it there already? Then it came back before its outcome. */
const says = (held: Message, input: MessageInput) =>
  held.status !== "open" && equal(held, withInput(held, input));

// What is made of a change is the same object for as long as it is made of the same.

const turnOf = memo(({ input = [] }: Change<"start_run">, run: string): QueuedTurn => ({
  run,
  input,
  pending: true,
}));

const emptied = memo((message: Message): Message => ({ ...message, parts: [], status: "stopped" }));

const edited = memo(({ message }: Change<"put_message">, held: Message): Message => ({
  ...withInput(held, message),
  status: "complete",
}));

/** Where a new message stands, and behind what its user saw. */
interface Placed {
  readonly id: string;
  readonly parent: string | null;
  readonly seen: Cursor | null;
  readonly index: number;
}

const made = memo((input: MessageInput, { id, parent, seen, index }: Placed): Message => {
  // Behind all that its user saw when it was said: this device's clock would be another one.
  const time = (seen === null ? 0 : partsOf(seen)[0]) + 1 + index;
  const { role = "user", author, metadata } = input;
  const said = { role, author, metadata, parts: partsIn(input) };
  return { id, parent, ...said, status: "complete", created: time, updated: time };
});
