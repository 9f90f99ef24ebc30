// SPDX-License-Identifier: Apache-2.0
// attachments.tsx: the files that a message will have: picked, pasted or dropped, and shown before
// it is sent.
//
// They wait with the draft of their thread, and are uploaded when the user sends the message. A turn
// that is written again has files that are uploaded already.

import { useCallback, useEffect, useRef, useState } from "react";
import type { ClipboardEvent, DragEvent, JSX, RefObject } from "react";
import type { FilePart } from "lockstep-client";

import { IconButton } from "../icons.js";
import { isShownImage } from "./file_view.js";
import { sizeText } from "./text.js";

export type Picked = { readonly id: number } & (
  | { readonly file: File; readonly part?: undefined }
  | { readonly part: FilePart; readonly file?: undefined }
);

export interface Attachments {
  readonly picked: readonly Picked[];
  readonly add: (files: readonly (File | FilePart)[]) => void;
  readonly remove: (id: number) => void;
  readonly clear: () => void;
}

const drafts = new Map<string, readonly Picked[]>();
let last = 0;

export function useAttachments(thread: string): Attachments {
  const [state, setState] = useState({ thread, picked: drafts.get(thread) ?? [] });
  const set = useCallback(
    (change: (picked: readonly Picked[]) => readonly Picked[]): void => {
      const picked = change(drafts.get(thread) ?? []);
      if (picked.length === 0) drafts.delete(thread);
      else drafts.set(thread, picked);
      setState({ thread, picked });
    },
    [thread],
  );
  const add = useCallback<Attachments["add"]>(
    (files) => {
      const more = files.map((it): Picked =>
        it instanceof File ? { id: ++last, file: it } : { id: ++last, part: it },
      );
      if (more.length > 0) set((now) => [...now, ...more]);
    },
    [set],
  );
  const remove = useCallback((id: number) => set((now) => now.filter((it) => it.id !== id)), [set]);
  const clear = useCallback(() => set(() => []), [set]);
  const picked = state.thread === thread ? state.picked : (drafts.get(thread) ?? []);
  return { picked, add, remove, clear };
}

const nameOf = ({ file, part }: Picked): string => (file ?? part).name || "a file";
const typeOf = ({ file, part }: Picked): string =>
  (file === undefined ? part.media_type : file.type) || "file";

/** Files that are dragged over an element, and dropped on it. */
export function useDrop(add: Attachments["add"]): {
  readonly over: boolean;
  readonly onDragOver: (event: DragEvent) => void;
  readonly onDragLeave: (event: DragEvent) => void;
  readonly onDrop: (event: DragEvent) => void;
} {
  const [over, setOver] = useState(false);
  const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer.types.includes("Files");
  return {
    over,
    onDragOver(event) {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave(event) {
      const to = event.relatedTarget;
      if (!(to instanceof Node && event.currentTarget.contains(to))) setOver(false);
    },
    onDrop(event) {
      setOver(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      add([...event.dataTransfer.files]);
    },
  };
}

/** Takes the files of a paste. Text counts first: a table is copied as a picture too. */
export function takePasted(event: ClipboardEvent, add: Attachments["add"]): void {
  const { files, types } = event.clipboardData;
  if (files.length === 0 || types.includes("text/plain")) return;
  event.preventDefault();
  add([...files]);
}

export function AttachButton(props: {
  readonly add: Attachments["add"];
  readonly disabled: boolean;
}): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={field}
        type="file"
        multiple
        hidden
        data-testid="files"
        onChange={(event) => {
          props.add([...(event.target.files ?? [])]);
          event.target.value = ""; // the same file may be chosen again
        }}
      />
      <IconButton
        icon="attach"
        label="Attach files"
        testId="attach"
        disabled={props.disabled}
        onClick={() => field.current?.click()}
      />
    </>
  );
}

interface AttachmentListProps extends Pick<Attachments, "picked" | "remove"> {
  readonly disabled: boolean;
  readonly area: RefObject<HTMLTextAreaElement | null>;
}

export function AttachmentList(props: AttachmentListProps): JSX.Element | null {
  const { picked, remove, disabled, area } = props;
  if (picked.length === 0) return null;
  return (
    <ul className="attachments" aria-label="Files of the message" role="list">
      {picked.map((one) => (
        <li key={one.id} data-testid="attachment">
          <Thumbnail file={one.file} />
          <span className="attachment-name" dir="auto">
            {nameOf(one)}
          </span>
          <small>
            {typeOf(one)}
            {one.file === undefined ? null : `, ${sizeText(one.file.size)}`}
          </small>
          <IconButton
            icon="close"
            label={`Remove ${nameOf(one)}`}
            disabled={disabled}
            onClick={() => {
              area.current?.focus();
              remove(one.id);
            }}
          />
        </li>
      ))}
    </ul>
  );
}

/** A picture of an image; its name stands next to it. */
function Thumbnail({ file }: { readonly file: File | undefined }): JSX.Element | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (file === undefined || !isShownImage(file.type)) return undefined;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url === null ? null : <img src={url} alt="" data-testid="thumbnail" />;
}
