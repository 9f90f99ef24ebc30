// SPDX-License-Identifier: Apache-2.0
// icons.tsx: the icons of the pages, drawn on a grid of 16.

import type { JSX } from "react";

const PATHS = {
  archive: "M2 3h12v3H2zM3 6v7h10V6M6.5 9h3",
  attach:
    "M13 7.5L7.6 12.9a3 3 0 0 1-4.2-4.2L9 3.1a2 2 0 0 1 2.8 2.8l-5.4 5.4a1 1 0 0 1-1.4-1.4l4.9-4.9",
  branch: "M4 3v10M4 8h5a3 3 0 0 0 3-3V3",
  check: "M3 8.5l3.5 3.5L13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  down: "M8 3v10M4 9l4 4 4-4",
  edit: "M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3z",
  inspect: "M2 8h3l2-5 3 10 2-5h2",
  left: "M10 3L5 8l5 5",
  menu: "M2 4h12M2 8h12M2 12h12",
  new: "M8 3v10M3 8h10",
  pause: "M5 3v10M11 3v10",
  play: "M4.5 2.5v11l9-5.5z",
  redo: "M13 8a5 5 0 1 1-1.7-3.7M13 2v3h-3",
  right: "M6 3l5 5-5 5",
  send: "M8 13V3M4 7l4-4 4 4",
  sides: "M2 3h5v10H2zM9 3h5v10H9z",
  stop: "M4 4h8v8H4z",
  theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
  trash: "M3 4.5h10M6 4V2.5h4V4M4.5 4.5l.6 9h5.8l.6-9",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} data-filled={name === "stop" || name === "play" ? "" : undefined} />
    </svg>
  );
}

interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  readonly disabled?: boolean | undefined;
  readonly testId?: string | undefined;
  readonly pressed?: boolean | undefined;
}

/** A button that is only an icon: its label is its name and its tooltip. */
export function IconButton(props: IconButtonProps): JSX.Element {
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={props.label}
      title={props.label}
      aria-pressed={props.pressed}
      disabled={props.disabled}
      data-testid={props.testId}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
    </button>
  );
}
