// SPDX-License-Identifier: Apache-2.0
// formats.ts: dates in the reader's language.
//
// Making a formatter costs more than drawing a row, so each is made once for each language.

const KINDS = {
  time: { hour: "2-digit", minute: "2-digit" },
  day: { day: "numeric", month: "short" },
} as const satisfies Readonly<Record<string, Intl.DateTimeFormatOptions>>;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(kind: keyof typeof KINDS): Intl.DateTimeFormat {
  const key = `${kind} ${navigator.language}`;
  const made = formatters.get(key) ?? new Intl.DateTimeFormat(undefined, KINDS[kind]);
  formatters.set(key, made);
  return made;
}

const isSameDay = (a: Date, b: Date): boolean =>
  a.getDate() === b.getDate() &&
  a.getMonth() === b.getMonth() &&
  a.getFullYear() === b.getFullYear();

/** The time of day for a moment of today, the date for any other. */
export const shortDate = (date: Date): string =>
  formatterOf(isSameDay(date, new Date()) ? "time" : "day").format(date);
