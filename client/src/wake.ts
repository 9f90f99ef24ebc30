// wake.ts: the life of the page.

/** When the page has come back to life: visible, online, out of the back-forward cache. */
export function onWake(task: () => void): () => void {
  if (typeof document === "undefined") return () => undefined;
  const shown = () => {
    if (document.visibilityState === "visible") task();
  };
  addEventListener("online", task);
  addEventListener("pageshow", shown);
  document.addEventListener("visibilitychange", shown);
  return () => {
    removeEventListener("online", task);
    removeEventListener("pageshow", shown);
    document.removeEventListener("visibilitychange", shown);
  };
}

/** When the page may be about to go: what is held is stored. */
export function onHide(task: () => void): () => void {
  if (typeof document === "undefined") return () => undefined;
  addEventListener("pagehide", task);
  return () => removeEventListener("pagehide", task);
}
