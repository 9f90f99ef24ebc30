// SPDX-License-Identifier: Apache-2.0
// sending.ts: a draft on its way: its files are uploaded, and then the message goes out.
//
// Until the files are there the draft stays in the composer, so nothing is lost if one can't be
// uploaded. A message without files goes out at once.

import { useRef, useState } from "react";
import type { LiveThread, Part, SendOptions } from "lockstep-client";

import type { Picked } from "./attachments.js";

export interface Draft {
  readonly text: string;
  readonly picked: readonly Picked[];
}

/** Resolves when all files are uploaded: with null, or with the reason why they are not. */
export type Send = (draft: Draft, signal: AbortSignal) => Promise<string | null>;

/** The options of a question: the model goes on by itself when its calls are answered. */
export const asking = (agent: string): SendOptions => ({ agent, resume: "when_answered" });

const textPart = (text: string): readonly Part[] =>
  text.trim() === "" ? [] : [{ type: "text", text }];

export function sendDraft(
  live: LiveThread,
  { text, picked }: Draft,
  options: SendOptions & { readonly signal: AbortSignal },
): Promise<string | null> {
  const parts = picked.flatMap(({ part }) => part ?? []);
  const files = picked.flatMap(({ file }) => file ?? []);
  const said = picked.length === 0 ? text : { parts: [...parts, ...textPart(text)] };
  if (files.length === 0) {
    void live.sendMessage(said, options);
    return Promise.resolve(null);
  }
  return new Promise((resolve) => {
    let left = files.length;
    const onProgress = (): void => {
      left -= 1;
      // The outcome of the message itself may come hours later.
      if (left === 0) resolve(null);
    };
    live
      .sendMessage(said, { ...options, files, onProgress })
      .then((result) => resolve(result.ok ? null : result.detail || result.code))
      .catch((error: unknown) => resolve(String(error)));
  });
}

export interface Sending {
  /** Are files being uploaded? */
  readonly active: boolean;
  /** Why the last draft could not be sent. */
  readonly failure: string | null;
  /** Calls `sent` when the draft has left the composer. */
  readonly begin: (draft: Draft, sent: () => void) => void;
  readonly cancel: () => void;
  readonly forget: () => void;
}

export function useSending(onSend: Send): Sending {
  const [active, setActive] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const ending = useRef<AbortController | null>(null);
  return {
    active,
    failure,
    begin(draft, sent) {
      const controller = new AbortController();
      ending.current = controller;
      setFailure(null);
      const uploads = draft.picked.some(({ file }) => file !== undefined);
      setActive(uploads);
      const sending = onSend(draft, controller.signal);
      if (!uploads) return sent();
      void sending.then((reason) => {
        setActive(false);
        if (reason === null) sent();
        else if (!controller.signal.aborted) setFailure(reason);
      });
    },
    cancel: () => ending.current?.abort(),
    forget: () => setFailure(null),
  };
}
