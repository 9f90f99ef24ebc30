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
import type { ChangeBody, Cursor, Message, MessageInput, Part, Thread } from "./wire.js";

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

export const overlayOf = (state: ThreadState, pending: readonly PendingChange[]): Overlay => {
  const base = treeOf(state);
  let { head } = base;
  let { thread } = state;
  let started: string | null = null;
  let stopping = false;
  let ended: string | null = null;
  const written = runsOf(state.runs).running?.id ?? null;
  const queued = [...runsOf(state.runs).queued];
  const marks = new Map<string, NonNullable<MessageView["pending"]>>();
  const changed = new Map<string, Message>();
  const added = new Map<string | null, string[]>();
  const gone = new Set<string>();
  /** What there was of the runs that are stopped here. */
  const stopped = new Map<string | null | undefined, ReadonlySet<string>>();

  const known = (id: string) => changed.get(id) ?? base.message(id);
  const message = (id: string) => (gone.has(id) ? undefined : known(id));
  const running = () => (stopped.has(written) ? null : written);
  const messagesOf = (run: string) => [...state.messages.values()].filter((it) => it.run === run);

  const children = (parent: string | null): readonly string[] => {
    const held = base.children(parent);
    const more = added.get(parent) ?? [];
    return more.length + gone.size ? [...held, ...more].filter((id) => !gone.has(id)) : held;
  };

  const startRun = (pending: PendingChange, change: Change<"start_run">): void => {
    const { run = idOf(pending, "run"), input = [], when_busy, parent } = change;
    // It came back before its outcome, or is said already.
    if (state.runs.has(run) || run === started || queued.some((it) => it.run === run)) return;
    const busy = running();
    if (busy ?? started ?? queued[0]) {
      const mode = when_busy ?? (parent === undefined ? "queue" : "interrupt");
      if (mode === "queue") queued.push(turnOf(change, run));
      if (mode === "queue" || mode === "reject") return;
      if (mode === "rollback" && busy) {
        for (const it of messagesOf(busy)) changed.set(it.id, emptied(it));
      }
    }
    started = run;
    head = addMessages(pending, input, change);
  };

  const putMessage = (pending: PendingChange, change: Change<"put_message">): void => {
    const { message: input } = change;
    const { id = idOf(pending, 0) } = input;
    const held = message(id);
    if (!held) {
      head = addMessages(pending, [input], change);
    } else if (!change.if_absent && !says(held, input)) {
      changed.set(id, edited(change, held));
      if (!marks.has(id)) marks.set(id, "edited");
    }
  };

  /** A chain of new messages; the last one's id, or that of their place. */
  const addMessages = (
    { op, seen }: PendingChange,
    inputs: readonly MessageInput[],
    place: Place,
  ): string | null => {
    let parent = resolve(place);
    for (const [index, input] of inputs.entries()) {
      const { id = idOf({ op }, index) } = input;
      // Its id is known: the server would refuse it, or has it already.
      if (known(id)) continue;
      changed.set(id, made(input, { id, parent, seen, index }));
      marks.set(id, "new");
      added.set(parent, [...(added.get(parent) ?? []), id]);
      parent = id;
    }
    return parent;
  };

  const resolve = ({ after = head, parent }: Place): string | null => {
    const anchor = nearestLiving(parent === undefined ? after : parent);
    return parent === undefined && liesBelow({ message }, head, anchor) ? head : anchor;
  };

  const nearestLiving = (id: string | null): string | null => {
    if (id === null || message(id)) return id;
    const dead = known(id);
    // Of what the server has deleted no ancestors are known here.
    return dead ? nearestLiving(dead.parent) : head;
  };

  const deleteMessage = (id: string): void => {
    const held = message(id);
    if (!held) return;
    const doomed = [id];
    for (const next of doomed) doomed.push(...children(next));
    for (const next of doomed) gone.add(next);
    if (head !== null && gone.has(head)) head = held.parent;
    // The run that was given it, or has written it, ends with it.
    const run = runsOf(state.runs).running;
    if (!run || stopped.has(run.id)) return;
    const own = messagesOf(run.id).map((it) => it.id);
    if (![run.head ?? "", ...own].some((it) => gone.has(it))) return;
    stopped.set(run.id, new Set(own));
    ended = run.id;
  };

  const stopRun = (
    { run = running() ?? started }: { readonly run?: string | null | undefined },
    frozen: PendingChange["frozen"],
  ): void => {
    if (run === null) return;
    const waiting = queued.findIndex((turn) => turn.run === run);
    if (waiting >= 0) return void queued.splice(waiting, 1);
    if (run === started) started = null;
    stopping = true;
    const left = frozen ?? messagesOf(run);
    stopped.set(run, new Set(left.map((it) => it.id)));
    for (const it of left) if (message(it.id)) changed.set(it.id, it);
  };

  for (const it of pending) {
    const { change } = it;
    if (change.type === "start_run") startRun(it, change);
    else if (change.type === "put_message") putMessage(it, change);
    else if (change.type === "delete_message") deleteMessage(change.message);
    else if (change.type === "stop_run") stopRun(change, it.frozen);
    else if (change.type === "move_head") {
      if (change.head === null || message(change.head)) ({ head } = change);
    } else if (change.type === "update_thread" && thread) {
      thread = { ...thread, ...fieldsOf(change, thread) };
    }
  }
  return {
    head,
    message,
    children,
    thread,
    started,
    stopping,
    ended,
    queued,
    marks,
    running: running(),
    isLate: ({ id, run }) => stopped.get(run)?.has(id) === false,
  };
};

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
