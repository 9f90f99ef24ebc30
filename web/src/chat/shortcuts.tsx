// SPDX-License-Identifier: Apache-2.0
// shortcuts.tsx: the keys, and the dialog that lists them.
//
// Keys without a modifier can disturb dictation and other software, so the user can switch them
// off.

import { useEffect, useRef, useState } from "react";
import type { JSX } from "react";

import { IconButton } from "../icons.js";
import { readSetting, writeSetting } from "../settings.js";

export interface Shortcut {
  readonly keys: string;
  readonly says: string;
  readonly matches: (event: KeyboardEvent) => boolean;
  readonly single: boolean;
  readonly run: () => void;
}

export const withAlt =
  (code: string) =>
  (event: KeyboardEvent): boolean =>
    event.altKey && !event.ctrlKey && !event.metaKey && event.code === code;

export const plainKey =
  (key: string) =>
  (event: KeyboardEvent): boolean =>
    !event.altKey && !event.ctrlKey && !event.metaKey && event.key === key;

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select") !== null;
}

export function useShortcuts(shortcuts: readonly Shortcut[], singleKeys: boolean): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector("dialog[open]") !== null) return;
      const found = latest.current.find((one) => one.matches(event));
      if (found === undefined) return;
      if (found.single && (!singleKeys || isWriting(event.target))) return;
      event.preventDefault();
      found.run();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [singleKeys]);
}

export function useSingleKeys(): readonly [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(() => readSetting("single-keys") !== "off");
  return [
    on,
    (value) => {
      writeSetting("single-keys", value ? null : "off");
      setOn(value);
    },
  ];
}

const ALWAYS: readonly (readonly [string, string])[] = [
  ["Enter", "Send"],
  ["Shift + Enter", "New line"],
  ["Escape", "Stop the answer; leave an edit"],
];

interface ShortcutsDialogProps {
  readonly open: boolean;
  readonly shortcuts: readonly Shortcut[];
  readonly singleKeys: boolean;
  readonly onSingleKeys: (on: boolean) => void;
  readonly onClose: () => void;
}

export function ShortcutsDialog(props: ShortcutsDialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (props.open && dialog.current?.open === false) dialog.current.showModal();
    if (!props.open && dialog.current?.open === true) dialog.current.close();
  }, [props.open]);
  const rows = [...ALWAYS, ...props.shortcuts.map((one) => [one.keys, one.says] as const)];
  return (
    <dialog
      ref={dialog}
      className="shortcuts"
      aria-labelledby="shortcuts-title"
      onClose={props.onClose}
      data-testid="shortcuts"
    >
      <header>
        <h2 id="shortcuts-title">Keys</h2>
        <IconButton icon="close" label="Close" onClick={props.onClose} />
      </header>
      <dl>
        {rows.map(([keys, says]) => (
          <div key={keys}>
            <dt>
              {keys.split(" + ").map((key, index) => (
                <span key={key}>
                  {index === 0 ? null : " + "}
                  <kbd>{key}</kbd>
                </span>
              ))}
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={props.singleKeys}
          onChange={(event) => props.onSingleKeys(event.target.checked)}
        />
        Keys without a modifier
      </label>
    </dialog>
  );
}
