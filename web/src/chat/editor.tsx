// SPDX-License-Identifier: Apache-2.0
// editor.tsx: a message's text, to be changed in its place or asked anew.

import { useEffect, useRef, useState } from "react";
import type { JSX, KeyboardEvent } from "react";

interface EditorProps {
  readonly text: string;
  /** May it be asked anew? Only a user's message may. */
  readonly resend: boolean;
  readonly onSave: (text: string) => void;
  readonly onSend: (text: string) => void;
  readonly onCancel: () => void;
}

export function Editor(props: EditorProps): JSX.Element {
  const [text, setText] = useState(props.text);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    area.current?.focus();
    area.current?.setSelectionRange(props.text.length, props.text.length);
  }, [props.text.length]);
  const empty = text.trim() === "";
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      props.onCancel();
    }
    if (event.key === "Enter" && !event.shiftKey && !empty) {
      event.preventDefault();
      if (props.resend) props.onSend(text);
      else props.onSave(text);
    }
  };
  return (
    <form className="editor" onSubmit={(event) => event.preventDefault()} data-testid="editor">
      <textarea
        ref={area}
        aria-label="Text of the message"
        dir="auto"
        value={text}
        rows={3}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="editor-buttons">
        {props.resend ? (
          <button
            type="button"
            className="primary"
            disabled={empty}
            onClick={() => props.onSend(text)}
            title="Asks it anew, as a branch; the answer below stays on the other one"
          >
            Send
          </button>
        ) : null}
        <button
          type="button"
          className={props.resend ? "" : "primary"}
          disabled={empty}
          onClick={() => props.onSave(text)}
          title="Changes it in its place; what follows stays"
        >
          Save
        </button>
        <button type="button" onClick={props.onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
