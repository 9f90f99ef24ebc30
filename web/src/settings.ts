// SPDX-License-Identifier: Apache-2.0
// settings.ts: the few settings that this browser remembers for the page.
//
// Storage may be forbidden (private windows, policies): then the page works and remembers nothing.

const PREFIX = "lockstep.";

export function readSetting(name: string, storage: "local" | "session" = "local"): string | null {
  try {
    return (storage === "local" ? localStorage : sessionStorage).getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function writeSetting(
  name: string,
  value: string | null,
  storage: "local" | "session" = "local",
): void {
  try {
    const place = storage === "local" ? localStorage : sessionStorage;
    if (value === null) place.removeItem(PREFIX + name);
    else place.setItem(PREFIX + name, value);
  } catch {
    // Not remembered.
  }
}

/** The database for a token. A short hash (FNV-1a) tells tokens apart without revealing them. */
export function storeNameOf(origin: string, token: string): string {
  let hash = 0x811c9dc5;
  for (const unit of token) hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 0x01000193);
  return `lockstep ${origin} ${(hash >>> 0).toString(36)}`;
}
