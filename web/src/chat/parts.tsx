// SPDX-License-Identifier: Apache-2.0
// parts.tsx: the pieces of a message.

import { memo, useState } from "react";
import type { JSX } from "react";
import type { LiveThread, Part } from "lockstep-client";
import { useSmooth } from "lockstep-client/react";
import type { Painted } from "lockstep-client/react";

import { Markdown } from "../markdown/markdown.js";
import { Plain } from "../markdown/plain.js";
import { CallActions } from "./call_actions.js";
import type { Called } from "./drawn.js";
import { FileView } from "./file_view.js";

interface PartProps {
  readonly message: string;
  readonly index: number;
  readonly part: Part;
  /** Is this piece being written? */
  readonly open: boolean;
  readonly frozen: boolean;
  readonly plain: boolean;
  readonly painted: Painted;
  /** The text with which this one goes on. */
  readonly before: string;
  /** Of a call: the content of its result, and its index if it stands in the same message. */
  readonly result: string | null;
  readonly resultIndex: number | undefined;
  readonly call: Called | null;
  readonly live: LiveThread;
}

export const PartView = memo(function PartView(props: PartProps): JSX.Element | null {
  const { part } = props;
  switch (part.type) {
    case "text":
      return <TextPart {...props} text={part.text} />;
    case "reasoning":
      return <ReasoningPart {...props} text={part.text} />;
    case "tool_call":
      return (
        <div className="call">
          <ToolCall {...props} name={part.name} text={part.arguments} />
          {props.result === null ? null : (
            <ToolResult content={props.result} index={props.resultIndex} />
          )}
          {props.call === null || props.open ? null : (
            <CallActions {...props.call} {...props} id={part.id} name={part.name} />
          )}
        </div>
      );
    case "tool_result":
      return <ToolResult content={part.content} index={props.index} />;
    case "file":
      return <FileView file={part} index={props.index} />;
    case "data":
      // The model reads a sentence in its place.
      if (part.name === "summary" && props.index === 0) {
        return (
          <p className="hint" data-part={props.index} data-testid="summary">
            Summary of the conversation so far
          </p>
        );
      }
      return (
        <details className="tool" data-part={props.index}>
          <summary>
            Data <code>{part.name}</code>
          </summary>
          <pre tabIndex={0} aria-label="Data">
            {JSON.stringify(part.value, null, 2)}
          </pre>
        </details>
      );
    default:
      return null;
  }
});

type Written = PartProps & { readonly text: string };

function useShown({ text, message, index, open, frozen, painted }: Written): string {
  return useSmooth(text, { message, part: index, open, frozen, painted });
}

function TextPart(props: Written): JSX.Element {
  const shown = useShown(props);
  return (
    <div
      className={props.plain ? "text plain" : "text"}
      dir={props.plain ? "auto" : undefined}
      data-part={props.index}
      data-length={shown.length}
      data-growing={props.open ? "" : undefined}
    >
      {props.plain ? <Plain text={shown} /> : <Markdown text={props.before + shown} />}
    </div>
  );
}

function ReasoningPart(props: Written): JSX.Element {
  const shown = useShown(props);
  return (
    <details className="reasoning" data-part={props.index} data-length={shown.length}>
      <summary>
        {props.open ? "Thinking…" : "Thought"} <small>{lengthOf(shown, props.open)}</small>
      </summary>
      <div className="text plain" dir="auto">
        {shown}
      </div>
    </details>
  );
}

function ToolCall(props: Written & { readonly name: string }): JSX.Element {
  const shown = useShown(props);
  const [expanded, setExpanded] = useState(false);
  return (
    <details
      className="tool"
      data-part={props.index}
      data-length={shown.length}
      onToggle={(event) => setExpanded(event.currentTarget.open)}
    >
      <summary>
        {props.open ? "Calling" : "Called"} <code>{props.name}</code>{" "}
        <small>{firstLine(shown)}</small>
      </summary>
      {expanded ? (
        <pre tabIndex={0} aria-label="Arguments">
          {props.open ? shown : pretty(shown)}
        </pre>
      ) : null}
    </details>
  );
}

function ToolResult(props: {
  readonly content: string;
  readonly index: number | undefined;
}): JSX.Element {
  return (
    <details className="tool" data-part={props.index} data-testid="result">
      <summary>
        Result <small>{firstLine(props.content)}</small>
      </summary>
      <pre tabIndex={0} aria-label="Result">
        {props.content}
      </pre>
    </details>
  );
}

// Some providers keep the text of a thought to themselves.
const lengthOf = (thought: string, open: boolean): string =>
  thought === "" && !open ? "that its provider does not show" : `${thought.length} characters`;

const firstLine = (text: string): string => text.trim().split("\n", 1)[0]?.slice(0, 80) ?? "";

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
