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
import type { ChangeBody, Cursor, Message, MessageInput, Part, Thread } from "./wire.js";

type Change<Type extends ChangeBody["type"]> = Extract<ChangeBody, { type: Type }>;
type Place = {
  readonly after?: string | null | undefined;
  readonly parent?: string | null | undefined;
};

export class Overlay implements Tree {
  head: string | null;
  thread: Thread | null;
  /** The run that is asked for here, and would be the one that runs. */
  started: string | null = null;
  stopping = false;
  readonly queued: QueuedTurn[];
  readonly marks = new Map<string, NonNullable<MessageView["pending"]>>();
  readonly #state: ThreadState;
  readonly #base: Tree;
  readonly #changed = new Map<string, Message>();
  readonly #added = new Map<string | null, string[]>();
  readonly #gone = new Set<string>();
  /** What there was of the runs that are stopped here. */
  readonly #stopped = new Map<string | undefined, ReadonlySet<string>>();

  constructor(state: ThreadState, pending: readonly PendingChange[]) {
    this.#state = state;
    this.#base = treeOf(state);
    this.head = this.#base.head;
    this.thread = state.thread;
    this.queued = [...runsOf(state.runs).queued];
    for (const change of pending) this.#apply(change);
  }

  message(id: string): Message | undefined {
    return this.#gone.has(id) ? undefined : this.#known(id);
  }

  children(parent: string | null): readonly string[] {
    const held = this.#base.children(parent);
    const added = this.#added.get(parent) ?? [];
    if (added.length + this.#gone.size === 0) return held;
    return [...held, ...added].filter((id) => !this.#gone.has(id));
  }

  /** The run that is written, if no stop of it was asked for. */
  get running(): string | null {
    const id = runsOf(this.#state.runs).running?.id;
    return id === undefined || this.#stopped.has(id) ? null : id;
  }

  /** Did it come after its run was stopped here? */
  isLate({ id, run }: Message): boolean {
    return this.#stopped.get(run)?.has(id) === false;
  }

  #known(id: string): Message | undefined {
    return this.#changed.get(id) ?? this.#base.message(id);
  }

  #apply(pending: PendingChange): void {
    const { change, frozen } = pending;
    if (change.type === "start_run") this.#startRun(pending, change);
    else if (change.type === "put_message") this.#putMessage(pending, change);
    else if (change.type === "delete_message") this.#deleteMessage(change.message);
    else if (change.type === "stop_run") this.#stopRun(change, frozen);
    else if (change.type === "move_head") {
      if (change.head === null || this.message(change.head)) this.head = change.head;
    } else if (change.type === "update_thread" && this.thread) {
      this.thread = { ...this.thread, ...fieldsOf(change, this.thread) };
    }
  }

  #startRun(pending: PendingChange, change: Change<"start_run">): void {
    const { run = idOf(pending, "run"), input = [], when_busy, parent } = change;
    if (this.#state.runs.has(run)) return; // it came back before its outcome
    const { running } = this;
    if (running !== null || this.started !== null || this.queued.length > 0) {
      const mode = when_busy ?? (parent === undefined ? "queue" : "interrupt");
      if (mode === "queue") this.queued.push(turnOf(change, run));
      if (mode === "queue" || mode === "reject") return;
      if (mode === "rollback" && running !== null) this.#rollBack(running);
    }
    this.started = run;
    this.head = this.#addMessages(pending, input, change);
  }

  #rollBack(run: string): void {
    for (const message of this.#messagesOf(run)) this.#changed.set(message.id, emptied(message));
  }

  #messagesOf(run: string): readonly Message[] {
    return [...this.#state.messages.values()].filter((message) => message.run === run);
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
    { op, seen }: Pick<PendingChange, "op" | "seen">,
    inputs: readonly MessageInput[],
    place: Place,
  ): string | null {
    let parent = this.#resolve(place);
    for (const [index, input] of inputs.entries()) {
      const { id = idOf({ op }, index) } = input;
      // Its id is known: the server would refuse it, or has it already.
      if (this.#known(id)) continue;
      this.#changed.set(id, made(input, id, parent, seen, index));
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
    const gone = this.#known(id);
    // Of what the server has deleted no ancestors are known here.
    return gone ? this.#nearestLiving(gone.parent) : this.head;
  }

  #deleteMessage(id: string): void {
    const message = this.message(id);
    if (!message) return;
    const doomed = [id];
    for (const next of doomed) doomed.push(...this.children(next));
    for (const next of doomed) this.#gone.add(next);
    if (this.head !== null && this.#gone.has(this.head)) this.head = message.parent;
  }

  #stopRun({ run: named }: Change<"stop_run">, frozen?: readonly Message[]): void {
    const run = named ?? this.running ?? this.started;
    if (run === null) return;
    const waiting = this.queued.findIndex((turn) => turn.run === run);
    if (waiting >= 0) {
      this.queued.splice(waiting, 1);
      return;
    }
    if (run === this.started) this.started = null;
    this.stopping = true;
    const left = frozen ?? this.#messagesOf(run);
    this.#stopped.set(run, new Set(left.map((message) => message.id)));
    for (const message of left) {
      if (this.message(message.id)) this.#changed.set(message.id, message);
    }
  }
}

const idOf = ({ op }: Pick<PendingChange, "op">, what: string | number) => `op:${op}:${what}`;

const partsIn = ({ text, parts }: MessageInput): readonly Part[] =>
  parts ?? (text === undefined ? [] : [{ type: "text", text }]);

/** A message, as it is with what is put. */
function withInput(held: Message, input: MessageInput): Message {
  const { author = held.author, metadata = held.metadata } = input;
  return { ...held, author, metadata, parts: partsIn(input) };
}

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

const made = memo(
  (
    input: MessageInput,
    id: string,
    parent: string | null,
    seen: Cursor | null,
    index: number,
  ): Message => {
    // Behind all that its user saw when it was said: this device's clock would be another one.
    const time = (seen === null ? 0 : partsOf(seen)[0]) + 1 + index;
    const { role = "user", author, metadata } = input;
    const said = { role, author, metadata, parts: partsIn(input) };
    return { id, parent, ...said, status: "complete", created: time, updated: time };
  },
);
