// SPDX-License-Identifier: Apache-2.0
// conversation.tsx: one thread: its messages, the turns that wait, and the composer.
//
// It stays scrolled to the end while the reader is there, and marks painted text as seen. It is a
// whole front: the chat page shows one, the side-by-side page two.

import { useCallback, useEffect, useImperativeHandle, useRef, useState } from "react";
import type { JSX, Ref, RefObject } from "react";
import type { LiveThread, ThreadView } from "lockstep-client";
import { useSeen, useThread } from "lockstep-client/react";

import { useEnd } from "../end.js";
import { Icon } from "../icons.js";
import { useAttachments, useDrop } from "./attachments.js";
import type { Attachments } from "./attachments.js";
import { Composer } from "./composer.js";
import { isUnanswered } from "./ends.js";
import { Messages } from "./messages.js";
import type { MessagesProps } from "./messages.js";
import { ConnectionBanner, Lost, Queued, Refused, ThreadError, Unsent } from "./notices.js";
import type { Restore } from "./notices.js";
import { asking, sendDraft } from "./sending.js";
import type { Send } from "./sending.js";
import { textOf } from "./text.js";
import { UndoBar, useDeletions } from "./undo.js";
import type { Deletions } from "./undo.js";

/** The actions of the page's keys on a conversation. */
export interface ConversationKeys {
  focusComposer(): void;
  /** Opens the user's last message in the editor; if that is open, the one before. */
  editLast(): void;
  /** Asks again: first a message without an answer, else the last answer. */
  answerAgain(): void;
  undoLast(): void;
}

interface ConversationProps {
  readonly ref?: Ref<ConversationKeys> | undefined;
  readonly thread: string;
  readonly agent: string;
  /** Listen to Escape everywhere? Not if there are two on the page. */
  readonly alone?: boolean | undefined;
  /** Its name for screen readers, where there are two. */
  readonly label?: string | undefined;
  /** Is the thread one that was just made here? Then there is nothing to wait for. */
  readonly fresh?: boolean | undefined;
}

export function Conversation(props: ConversationProps): JSX.Element {
  const { thread, agent, alone = true, fresh = false, label = "Conversation" } = props;
  const { live, view } = useThread(thread);
  const painted = useSeen(live, view);
  const [restored, setRestored] = useState<{ readonly text: string } | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const toComposer = useCallback(() => area.current?.focus(), []);
  const [edited, onEditing] = useEdited();
  const deletions = useDeletions(alone, toComposer);
  const end = useEnd(view);
  const stop = useCallback(() => {
    painted.flush();
    void live.stop();
  }, [painted, live]);
  useEscape(alone && isRunning(view) && !view.stopping, stop);
  useKeys(props.ref, { live, view, agent, toComposer, edited, onEditing, deletions });
  const shown = { view, live, painted, agent, fresh, edited, onEditing, toComposer };
  const attachments = useAttachments(thread);
  const { over, ...drop } = useDrop(attachments.add);
  const onRestore: Restore = (text, files) => {
    setRestored({ text });
    attachments.add(files);
  };
  return (
    <section
      className="conversation"
      data-testid="conversation"
      data-thread={thread}
      data-status={view.status}
      data-cursor={view.cursor ?? undefined}
      data-drop={over ? "" : undefined}
      aria-label={label}
      {...drop}
    >
      <div className="scroll" ref={end.box} onScroll={end.onScroll} tabIndex={-1}>
        <div className="column" ref={end.content}>
          <Messages {...shown} />
          <Unsent unsent={view.unsent} onRestore={onRestore} />
          <Queued queued={view.queued} live={live} />
          <ThreadError view={view} />
          <Lost view={view} live={live} />
        </div>
      </div>
      <Announcer view={view} />
      <Foot
        {...{ thread, agent, alone, live, view, end, stop }}
        {...{ deletions, restored, onRestore, area, attachments }}
      />
    </section>
  );
}

interface FootProps extends Required<Pick<ConversationProps, "thread" | "agent" | "alone">> {
  readonly live: LiveThread;
  readonly view: ThreadView;
  readonly end: ReturnType<typeof useEnd>;
  readonly stop: () => void;
  readonly deletions: Deletions;
  readonly restored: { readonly text: string } | null;
  readonly onRestore: Restore;
  readonly attachments: Attachments;
  readonly area: RefObject<HTMLTextAreaElement | null>;
}

function Foot(props: FootProps): JSX.Element {
  const { thread, agent, alone, live, view, end, onRestore } = props;
  const send: Send = (draft, signal) => {
    end.follow();
    return sendDraft(live, draft, { ...asking(agent), signal });
  };
  return (
    <footer className="foot">
      {end.away ? (
        <button type="button" className="to-end" onClick={end.follow}>
          <Icon name="down" /> To the end
        </button>
      ) : null}
      <Refused refused={view.refused} live={live} onRestore={onRestore} />
      <UndoBar {...props.deletions} />
      <ConnectionBanner pending={view.pending} received={view.cursor !== null} />
      <Composer
        key={thread}
        thread={thread}
        running={isRunning(view)}
        stopping={view.stopping}
        alone={alone}
        onSend={send}
        onStop={props.stop}
        restored={props.restored}
        attachments={props.attachments}
        area={props.area}
      />
    </footer>
  );
}

const isRunning = (view: ThreadView): boolean =>
  view.run !== null || view.status === "submitted" || view.status === "streaming";

interface Keyed extends Pick<MessagesProps, "live" | "view" | "agent" | "edited"> {
  readonly onEditing: (message: string, editing: boolean) => void;
  readonly toComposer: () => void;
  readonly deletions: Deletions;
}

function useKeys(ref: Ref<ConversationKeys> | undefined, keyed: Keyed): void {
  const { live, view, agent, edited, deletions } = keyed;
  useImperativeHandle(ref, () => ({
    focusComposer: keyed.toComposer,
    editLast() {
      const last = view.messages.findLast(({ id, role }) => role === "user" && !edited.has(id));
      if (last !== undefined) keyed.onEditing(last.id, true);
    },
    answerAgain: () => answerAgain(live, view, agent),
    undoLast() {
      const last = deletions.undoable.at(-1);
      if (last !== undefined) deletions.takeBack(last);
    },
  }));
}

/** The messages that are being edited. */
function useEdited(): readonly [ReadonlySet<string>, (message: string, editing: boolean) => void] {
  const [edited, setEdited] = useState<ReadonlySet<string>>(new Set());
  const setEditing = useCallback((message: string, editing: boolean) => {
    setEdited((now) => {
      const next = new Set(now);
      if (editing) next.add(message);
      else next.delete(message);
      return next;
    });
  }, []);
  return [edited, setEditing];
}

function answerAgain(live: LiveThread, view: ThreadView, agent: string): void {
  const again =
    view.messages.findLast((_, at) => isUnanswered(view, at)) ??
    view.messages.findLast(({ role, status }) => role === "assistant" && status !== "open");
  if (again !== undefined) void live.regenerate(again.id, asking(agent));
}

function useEscape(active: boolean, stop: () => void): void {
  useEffect(() => {
    if (!active) return undefined;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
      if (document.querySelector("dialog[open]") !== null) return;
      event.preventDefault();
      stop();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [active, stop]);
}

/** Tells a screen reader that an answer begins, and its text at the end; not each word. */
function Announcer({ view }: { readonly view: ThreadView }): JSX.Element {
  const [said, setSaid] = useState("");
  const before = useRef(view.status);
  useEffect(() => {
    const former = before.current;
    before.current = view.status;
    if (former === view.status) return;
    const wrote = former === "streaming" || former === "submitted";
    if (view.status === "streaming" && former !== "streaming") setSaid("The answer begins.");
    if (view.status === "ready" && wrote) {
      const last = view.messages.at(-1);
      if (last?.role === "assistant")
        setSaid(`Answer ${last.status}: ${textOf(last).slice(0, 500)}`);
    }
    if (view.status === "error" && wrote) setSaid("The answer failed.");
  }, [view]);
  return (
    <p className="offscreen" role="status" aria-live="polite" data-testid="announcer">
      {said}
    </p>
  );
}
