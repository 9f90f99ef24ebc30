// overlay.ts: a thread's tree with the changes applied that the server has not answered.
//
// They are applied in order to whatever the server has sent by now, by the server's own rules as
// far as a front can know them. The tree below is not copied: only what differs from it is kept.

import { equal } from "./equal.js";
import { partsOf } from "./diff.js";
import { liesBelow, treeOf, type Tree } from "./path.js";
import { runsOf } from "./runs.js";
import type { ThreadState } from "./state.js";
import type { MessageView, PendingChange, QueuedTurn } from "./types.js";
import type { ChangeBody, Message, MessageInput, Part, Thread } from "./wire.js";

type Change<Type extends ChangeBody["type"]> = Extract<ChangeBody, { type: Type }>;
type Place = {
  readonly after?: string | null | undefined;
  readonly parent?: string | null | undefined;
};

export class Overlay implements Tree {
  head: string | null;
  thread: Thread | null;
  /** Of runs that are known here and not started on the server, the one that would run. */
  started: string | null = null;
  stopping = false;
  readonly queued: QueuedTurn[];
  readonly marks = new Map<string, NonNullable<MessageView["pending"]>>();
  private readonly base: Tree;
  private readonly changed = new Map<string, Message>();
  private readonly added = new Map<string | null, string[]>();
  private readonly gone = new Set<string>();
  private readonly stopped = new Map<string, ReadonlySet<string>>();

  constructor(
    private readonly state: ThreadState,
    pending: readonly PendingChange[],
  ) {
    this.base = treeOf(state);
    this.head = this.base.head;
    this.thread = state.thread;
    this.queued = [...runsOf(state.runs).queued];
    for (const change of pending) this.apply(change);
  }

  message(id: string): Message | undefined {
    if (this.gone.has(id)) return undefined;
    return this.changed.get(id) ?? this.base.message(id);
  }

  children(parent: string | null): readonly string[] {
    const held = this.base.children(parent);
    const added = this.added.get(parent);
    if (!added && this.gone.size === 0) return held;
    return [...held, ...(added ?? [])].filter((id) => !this.gone.has(id));
  }

  /** Has a stop of this run been asked for? */
  isStopped(run: string): boolean {
    return this.stopped.has(run);
  }

  /** Did it come after its run was stopped here? */
  isLate(message: Message): boolean {
    const frozen = message.run === undefined ? undefined : this.stopped.get(message.run);
    return frozen !== undefined && !frozen.has(message.id);
  }

  private apply(pending: PendingChange): void {
    const { change } = pending;
    if (change.type === "start_run") this.startRun(pending, change);
    else if (change.type === "put_message") this.putMessage(pending, change);
    else if (change.type === "delete_message") this.deleteMessage(change.message);
    else if (change.type === "stop_run") this.stopRun(pending, change);
    else if (change.type === "move_head") this.moveHead(change.head);
    else if (change.type === "update_thread") this.updateThread(change);
  }

  private startRun(pending: PendingChange, change: Change<"start_run">): void {
    const { run = `op:${pending.op}`, input = [] } = change;
    if (this.state.runs.has(run)) return; // it came back before its outcome
    const running = this.running();
    if (running !== null || this.started !== null || this.queued.length > 0) {
      const mode = change.when_busy ?? (change.parent === undefined ? "queue" : "interrupt");
      if (mode === "reject") return;
      if (mode === "queue") {
        const turn = cached(turns, change, run, () => ({ run, input, pending: true }));
        this.queued.push(turn);
        return;
      }
      if (mode === "rollback" && running !== null) this.rollBack(running);
    }
    this.started = run;
    this.head = this.addMessages(pending, input, change);
  }

  private running(): string | null {
    const { running } = runsOf(this.state.runs);
    return running === null || this.stopped.has(running.id) ? null : running.id;
  }

  private rollBack(run: string): void {
    for (const { id } of this.state.messages.values()) {
      const message = this.message(id);
      if (message?.run !== run) continue;
      const empty = { ...message, parts: [], status: "stopped" } as const;
      this.changed.set(
        id,
        cached(emptied, message, "", () => empty),
      );
    }
  }

  private putMessage(pending: PendingChange, change: Change<"put_message">): void {
    const { message: input } = change;
    const { id = idOf(pending, 0) } = input;
    if (this.gone.has(id)) return;
    const held = this.message(id);
    if (!held) {
      this.head = this.addMessages(pending, [input], change);
      return;
    }
    if (change.if_absent) return;
    const { author = held.author, metadata = held.metadata } = input;
    const next = { ...held, ...given({ author, metadata }), parts: partsIn(input) };
    if (held.status !== "open" && equal(held, next)) return; // it came back before its outcome
    const put = { ...next, status: "complete" } as const;
    this.changed.set(
      id,
      cachedOn(edits, change, held, () => put),
    );
    if (!this.marks.has(id)) this.marks.set(id, "edited");
  }

  /** A chain of new messages; the last one's id, or that of their place. */
  private addMessages(
    pending: PendingChange,
    inputs: readonly MessageInput[],
    place: Place,
  ): string | null {
    let parent = this.resolve(place);
    for (const [index, input] of inputs.entries()) {
      const id = input.id ?? idOf(pending, index);
      // Its id is known: the server would refuse it, or has it already.
      if (this.gone.has(id) || this.message(id)) continue;
      const key = `${parent}`;
      const above = parent;
      const message = cached(made, input, key, () => newMessage(pending, input, id, above, index));
      this.changed.set(id, message);
      this.marks.set(id, "new");
      this.added.set(parent, [...(this.added.get(parent) ?? []), id]);
      parent = id;
    }
    return parent;
  }

  private resolve({ after, parent }: Place): string | null {
    if (parent !== undefined) return this.nearestLiving(parent);
    const anchor = after === undefined ? this.head : this.nearestLiving(after);
    return this.head !== null && liesBelow(this, this.head, anchor) ? this.head : anchor;
  }

  private nearestLiving(id: string | null): string | null {
    if (id === null || this.message(id)) return id;
    const known = this.changed.get(id) ?? this.base.message(id);
    // Of what the server has deleted no ancestors are known here.
    return known ? this.nearestLiving(known.parent) : this.head;
  }

  private deleteMessage(id: string): void {
    const message = this.message(id);
    if (!message) return;
    for (const below = [id]; below.length > 0;) {
      const next = below.pop() as string;
      if (this.gone.has(next)) continue;
      below.push(...this.children(next));
      this.gone.add(next);
    }
    if (this.head !== null && this.gone.has(this.head)) this.head = message.parent;
  }

  private stopRun({ frozen }: PendingChange, change: Change<"stop_run">): void {
    const run = change.run ?? this.running() ?? this.started;
    if (run === null) return;
    const waiting = this.queued.findIndex((turn) => turn.run === run);
    if (waiting >= 0) {
      this.queued.splice(waiting, 1);
      return;
    }
    if (run === this.started) this.started = null;
    this.stopping = true;
    const messages = frozen ?? [...this.state.messages.values()].filter((it) => it.run === run);
    this.stopped.set(run, new Set(messages.map((message) => message.id)));
    for (const message of frozen ?? []) {
      if (this.message(message.id)) this.changed.set(message.id, message);
    }
  }

  private moveHead(head: string | null): void {
    if (head === null || this.message(head)) this.head = head;
  }

  private updateThread({ type: _, ...fields }: Change<"update_thread">): void {
    if (this.thread) this.thread = { ...this.thread, ...given(fields) };
  }
}

const idOf = ({ op }: PendingChange, index: number) => `op:${op}:${index}`;

function partsIn({ text, parts }: MessageInput): readonly Part[] {
  return parts ?? (text === undefined ? [] : [{ type: "text", text }]);
}

function newMessage(
  { seen }: PendingChange,
  input: MessageInput,
  id: string,
  parent: string | null,
  index: number,
): Message {
  // Behind all that its user saw when it was said: its own clock would be another one.
  const time = (seen === null ? 0 : partsOf(seen)[0]) + 1 + index;
  const { role = "user", author, metadata } = input;
  const place = { id, parent, role, ...given({ author, metadata }) };
  return { ...place, parts: partsIn(input), status: "complete", created: time, updated: time };
}

type Given<Fields> = { [Name in keyof Fields]: Exclude<Fields[Name], undefined> };

function given<Fields extends object>(fields: Fields): Given<Fields> {
  const named = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(named) as Given<Fields>;
}

// What is made of a change is the same object as long as it is made of the same.

type Cache<Key extends object, Basis, Value> = WeakMap<Key, { basis: Basis; value: Value }>;

const turns: Cache<ChangeBody, string, QueuedTurn> = new WeakMap();
const made: Cache<MessageInput, string, Message> = new WeakMap();
const emptied: Cache<Message, string, Message> = new WeakMap();
const edits: Cache<ChangeBody, Message, Message> = new WeakMap();

function cached<Key extends object, Value>(
  cache: Cache<Key, string, Value>,
  key: Key,
  basis: string,
  make: () => Value,
): Value {
  return cachedOn(cache, key, basis, make);
}

function cachedOn<Key extends object, Basis, Value>(
  cache: Cache<Key, Basis, Value>,
  key: Key,
  basis: Basis,
  make: () => Value,
): Value {
  const held = cache.get(key);
  if (held && held.basis === basis) return held.value;
  const value = make();
  cache.set(key, { basis, value });
  return value;
}
