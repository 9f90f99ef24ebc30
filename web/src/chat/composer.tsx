// SPDX-License-Identifier: Apache-2.0
// composer.tsx: the field for the next message.
//
// Enter sends, Shift+Enter breaks the line. While an answer is written, the user may send the next
// message; it waits its turn. Files are attached by the button, by pasting, or by dropping them on
// the conversation. The page keeps a draft for each thread until the user leaves the page.

import { useEffect, useRef, useState } from "react";
import type { JSX, KeyboardEvent, RefObject } from "react";

import { Icon } from "../icons.js";
import { AttachButton, AttachmentList, takePasted } from "./attachments.js";
import type { Attachments } from "./attachments.js";
import { useSending } from "./sending.js";
import type { Send, Sending } from "./sending.js";

const drafts = new Map<string, string>();

interface ComposerProps {
  readonly thread: string;
  readonly running: boolean;
  readonly stopping: boolean;
  readonly onSend: Send;
  readonly attachments: Attachments;
  readonly onStop: () => void;
  /** Is it the only one on the page? */
  readonly alone: boolean;
  /** Text to write again: it is put in front of the draft. */
  readonly restored: { readonly text: string } | null;
  readonly area: RefObject<HTMLTextAreaElement | null>;
}

function useGrowing(area: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useEffect(() => {
    const element = area.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [area, text]);
}

function useDraft(thread: string, text: string): void {
  useEffect(() => {
    if (text === "") drafts.delete(thread);
    else drafts.set(thread, text);
  }, [thread, text]);
}

/** Puts text to write again in front of the draft, once. */
function useRestored(
  { restored, area }: ComposerProps,
  setText: (change: (now: string) => string) => void,
): void {
  const taken = useRef(restored);
  useEffect(() => {
    if (restored === null || restored === taken.current) return;
    taken.current = restored;
    setText((now) => [restored.text, now].filter((text) => text !== "").join("\n\n"));
    area.current?.focus();
  }, [restored, area, setText]);
}

export function Composer(props: ComposerProps): JSX.Element {
  const { thread, running, stopping, onStop, area, attachments } = props;
  const { picked } = attachments;
  const sending = useSending(props.onSend);
  const [text, setText] = useState(() => drafts.get(thread) ?? "");
  useGrowing(area, text);
  useDraft(thread, text);
  useRestored(props, setText);

  const empty = text.trim() === "" && picked.length === 0;
  const send = (): void => {
    if (empty || sending.active) return;
    sending.begin({ text, picked }, () => {
      drafts.delete(thread);
      setText("");
      attachments.clear();
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <AttachmentList {...attachments} disabled={sending.active} area={area} />
      <SendingNote {...sending} />
      <AttachButton add={attachments.add} disabled={sending.active} />
      <textarea
        ref={area}
        data-testid="composer"
        id={props.alone ? "composer" : undefined}
        aria-label="Message"
        dir="auto"
        placeholder={running ? "Write the next message" : "Write a message"}
        rows={1}
        value={text}
        readOnly={sending.active}
        onChange={(event) => setText(event.target.value)}
        onPaste={(event) => takePasted(event, attachments.add)}
        onKeyDown={onKeyDown}
      />
      {running ? <StopButton stopping={stopping} onStop={onStop} /> : null}
      <SendButton running={running} disabled={empty || sending.active} />
    </form>
  );
}

function SendButton(props: { readonly running: boolean; readonly disabled: boolean }): JSX.Element {
  return (
    <button
      type="submit"
      className="primary send"
      data-testid="send"
      disabled={props.disabled}
      aria-label={props.running ? "Send as the next turn" : "Send"}
      title="Send (Enter)"
    >
      <Icon name="send" />
    </button>
  );
}

function SendingNote({ active, failure, cancel, forget }: Sending): JSX.Element | null {
  if (active) {
    return (
      <p className="sending" role="status" data-testid="sending">
        <span>Uploading the files…</span>
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      </p>
    );
  }
  if (failure === null) return null;
  return (
    <p className="sending" role="alert" data-testid="not-sent">
      <span>Not sent. {failure}</span>
      <button type="button" onClick={forget}>
        Dismiss
      </button>
    </p>
  );
}

function StopButton({ stopping, onStop }: Pick<ComposerProps, "stopping" | "onStop">): JSX.Element {
  const label = stopping ? "Stopping" : "Stop";
  return (
    <button
      type="button"
      className="stop"
      data-testid="stop"
      disabled={stopping}
      onClick={onStop}
      aria-label={label}
      title="Stop (Escape)"
    >
      <Icon name="stop" />
      <span>{label}</span>
    </button>
  );
}
