// SPDX-License-Identifier: Apache-2.0
// composer.tsx: the field for the next message.
//
// Enter sends, Shift+Enter breaks the line. While an answer is written, the user may send the next
// message; it waits its turn. The page keeps a draft for each thread until the user leaves the
// page.

import { useEffect, useRef, useState } from "react";
import type { JSX, KeyboardEvent, RefObject } from "react";

import { Icon } from "../icons.js";

const drafts = new Map<string, string>();

interface ComposerProps {
  readonly thread: string;
  readonly running: boolean;
  readonly stopping: boolean;
  readonly onSend: (text: string) => void;
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

export function Composer(props: ComposerProps): JSX.Element {
  const { thread, running, stopping, onSend, onStop, restored, area } = props;
  const [text, setText] = useState(() => drafts.get(thread) ?? "");
  const taken = useRef(restored);
  useGrowing(area, text);
  useDraft(thread, text);
  useEffect(() => {
    if (restored === null || restored === taken.current) return;
    taken.current = restored;
    setText((now) => (now === "" ? restored.text : `${restored.text}\n\n${now}`));
    area.current?.focus();
  }, [restored, area]);

  const empty = text.trim() === "";
  const send = (): void => {
    if (empty) return;
    setText("");
    onSend(text);
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
      <textarea
        ref={area}
        data-testid="composer"
        id={props.alone ? "composer" : undefined}
        aria-label="Message"
        dir="auto"
        placeholder={running ? "Write the next message" : "Write a message"}
        rows={1}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {running ? <StopButton stopping={stopping} onStop={onStop} /> : null}
      <button
        type="submit"
        className="primary send"
        data-testid="send"
        disabled={empty}
        aria-label={running ? "Send as the next turn" : "Send"}
        title="Send (Enter)"
      >
        <Icon name="send" />
      </button>
    </form>
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
