// SPDX-License-Identifier: Apache-2.0
// editor.tsx: edits a message's text, in its place or as a new question.

import { useEffect, useRef, useState } from "react";
import type { JSX, KeyboardEvent } from "react";

interface EditorProps {
  readonly text: string;
  /** May it be sent as a new question? Only a user's message may. */
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
            title="Ask again, as a new branch. The present answer stays on its branch"
          >
            Send
          </button>
        ) : null}
        <button
          type="button"
          className={props.resend ? "" : "primary"}
          disabled={empty}
          onClick={() => props.onSave(text)}
          title="Change the message in its place. Later messages stay"
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
