// SPDX-License-Identifier: Apache-2.0
// wake.ts: calls when the page comes back, goes, or loses the network.

/** When the page is visible or online again, or comes out of the back-forward cache. */
export const onWake = (task: () => void): (() => void) => {
  const shown = () => {
    if (document.visibilityState === "visible") task();
  };
  return listen((options) => {
    addEventListener("online", task, options);
    addEventListener("pageshow", shown, options);
    document.addEventListener("visibilitychange", shown, options);
  });
};

/** When the browser says that it has no network. */
export const onOffline = (task: () => void): (() => void) =>
  listen((options) => addEventListener("offline", task, options));

/** When the page may be about to go: the client stores what it holds. */
export const onHide = (task: () => void): (() => void) =>
  listen((options) => addEventListener("pagehide", task, options));

const listen = (begin: (options: { readonly signal: AbortSignal }) => void): (() => void) => {
  const stop = new AbortController();
  if (globalThis.document as Document | undefined) begin({ signal: stop.signal });
  return () => stop.abort();
};
