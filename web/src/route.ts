// SPDX-License-Identifier: Apache-2.0
// route.ts: reads the page from the address. Only the hash counts: the server rewrites nothing.

import { useSyncExternalStore } from "react";

export type Route =
  | { readonly page: "chat"; readonly thread: string | null }
  | { readonly page: "inspect"; readonly thread: string }
  | { readonly page: "side-by-side"; readonly thread: string | null }
  /** The address names no page. */
  | { readonly page: "unknown"; readonly address: string };

const THREAD = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}$/;

/** Null: the address names no thread. Undefined: the name can't be a thread's. */
function threadOf(text: string): string | null | undefined {
  if (text === "") return null;
  try {
    const id = decodeURIComponent(text);
    return THREAD.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

export function parseRoute(hash: string): Route {
  const address = hash.replace(/^#?\/?/, "");
  const [page = "", id = "", ...more] = address.split("/");
  const thread = threadOf(id);
  if (thread !== undefined && more.length === 0) {
    if (page === "inspect" && thread !== null) return { page, thread };
    if (page === "side-by-side") return { page, thread };
    if (page === "t" || address === "") return { page: "chat", thread };
  }
  return { page: "unknown", address: hash };
}

export const chatAddress = (thread: string): string => `#/t/${encodeURIComponent(thread)}`;
export const inspectAddress = (thread: string): string => `#/inspect/${encodeURIComponent(thread)}`;
export const sideAddress = (thread: string): string =>
  `#/side-by-side/${encodeURIComponent(thread)}`;

export function go(address: string): void {
  location.hash = address;
}

/** Gives a page without a thread this address, unless the user has left it meanwhile. */
export function nameThread(page: "chat" | "side-by-side", address: string): void {
  const now = parseRoute(location.hash);
  if (now.page === page && now.thread === null) location.replace(address);
}

/** A unique id. crypto.randomUUID is missing on plain http. */
export function newThreadId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `t-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return parseRoute(hash);
}
