// SPDX-License-Identifier: Apache-2.0
// overlay.ts: a thread's tree with the unanswered changes applied (optimistic updates).
//
// They are applied in order to the newest state of the server, by the server's rules as far as a
// front can know them. The tree is not copied: the overlay holds only the differences.

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
  /** The run of an unanswered start that would run now. */
  readonly started: string | null;
  readonly stopping: boolean;
  /** The run that ends because an unanswered deletion takes its question or its messages. */
  readonly ended: string | null;
  readonly queued: readonly QueuedTurn[];
  readonly marks: ReadonlyMap<string, NonNullable<MessageView["pending"]>>;
  /** The running run, unless an unanswered change stops it. */
  readonly running: string | null;
  /** Did the message come after this device stopped its run? */
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
  /** The runs that are stopped here, with the messages that they had. */
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
    else if (change.type === "answer_call") this.#answerCall(pending, change);
    else if (change.type === "decide_call") this.#decideCall(change);
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
    const { run = idOf(pending, "run"), input = [], when_busy, continue: cut } = change;
    const { parent = cut } = change;
    const { queued, running: busy, started } = this;
    // The server's state has it already, or an earlier change here does.
    if (this.#state.runs.has(run) || run === started || queued.some((it) => it.run === run)) return;
    // An answer has one continuation: another device was first.
    const goesOn = (it: Run) => it.continues === cut && (!it.ended || this.#messagesOf(it.id)[0]);
    if (cut && [...this.#state.runs.values()].some(goesOn)) return;
    if (busy ?? started ?? queued[0]) {
      const mode = when_busy ?? (change.parent === undefined ? "queue" : "interrupt");
      if (mode === "queue") queued.push(turnOf(change, run));
      if (mode === "queue" || mode === "reject") return;
      if (mode === "rollback" && busy) {
        for (const it of this.#messagesOf(busy)) this.#changed.set(it.id, emptied(it));
      }
    }
    this.started = run;
    this.head = this.#addMessages(pending, input, { ...change, parent });
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

  #answerCall(pending: PendingChange, change: Change<"answer_call">): void {
    const { message: after, id } = change;
    if (!this.message(after)) return;
    const leads = liesBelow(this, this.head, after);
    const last = this.#addMessages(pending, [{ id, ...resultOf(change) }], { after });
    if (leads) this.head = last;
  }

  #decideCall(change: Change<"decide_call">): void {
    const held = this.message(change.message);
    const part = held?.parts.findIndex((it) => it.type === "tool_call" && it.id === change.call);
    if (!held || part === undefined || part < 0) return;
    // The first decision counts.
    const status = held.calls?.find((it) => it.part === part)?.status ?? "needs_approval";
    const free =
      status === "needs_approval" || (status === "approved" && change.decision === "running");
    if (free) this.#changed.set(held.id, decided(change, held, part));
  }

  /** Adds a chain of new messages. Returns the last one's id, or without any their parent's. */
  #addMessages(
    { op, seen }: PendingChange,
    inputs: readonly MessageInput[],
    place: Place,
  ): string | null {
    let parent = this.#resolve(place);
    for (const [index, input] of inputs.entries()) {
      const { id = idOf({ op }, index) } = input;
      // The id is known: the server has the message already, or will refuse it.
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
    // The ancestors of a message that the server has deleted are not known here.
    return dead ? this.#nearestLiving(dead.parent) : this.head;
  }

  #deleteMessage(id: string): void {
    const held = this.message(id);
    if (!held) return;
    const doomed = [id];
    for (const next of doomed) doomed.push(...this.children(next));
    for (const next of doomed) this.#gone.add(next);
    if (this.head !== null && this.#gone.has(this.head)) this.head = held.parent;
    // A deletion ends the run that was given the message or has written it.
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

/** The message after the put. */
const withInput = (held: Message, input: MessageInput): Message => {
  const { author = held.author, metadata = held.metadata } = input;
  return { ...held, author, metadata, parts: partsIn(input) };
};

/** Has the message this content already? Then the entry came before the outcome. */
const says = (held: Message, input: MessageInput) =>
  held.status !== "open" && equal(held, withInput(held, input));

// Memoized: the same change on the same message gives the same object, so it is not drawn again.

const turnOf = memo(({ input = [] }: Change<"start_run">, run: string): QueuedTurn => ({
  run,
  input,
  pending: true,
}));

const emptied = memo((message: Message): Message => ({ ...message, parts: [], status: "stopped" }));

const edited = memo(({ message }: Change<"put_message">, held: Message): Message => ({
  ...withInput(held, message),
  ...{ status: "complete", finish_reason: undefined, model: undefined },
}));

const resultOf = memo(({ call, content, failed }: Change<"answer_call">): MessageInput => {
  const result = { type: "tool_result", call, content } as const;
  return { role: "tool", parts: [failed ? { ...result, failed } : result] };
});

const decided = memo(
  ({ decision, reason }: Change<"decide_call">, held: Message, part: number): Message => {
    const others = held.calls?.filter((it) => it.part !== part) ?? [];
    return { ...held, calls: [...others, { part, status: decision, reason }] };
  },
);

/** The place of a new message, and the cursor that its user had seen. */
interface Placed {
  readonly id: string;
  readonly parent: string | null;
  readonly seen: Cursor | null;
  readonly index: number;
}

const made = memo((input: MessageInput, { id, parent, seen, index }: Placed): Message => {
  // After everything that its user saw. This device's clock may differ from the server's.
  const time = (seen === null ? 0 : partsOf(seen)[0]) + 1 + index;
  const { role = "user", author, metadata } = input;
  const said = { role, author, metadata, parts: partsIn(input) };
  return { id, parent, ...said, status: "complete", created: time, updated: time };
});
