// SPDX-License-Identifier: Apache-2.0
// main.tsx: starts the pages.

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app.js";
import { applyTheme } from "./theme.js";
import "./styles/base.css";
import "./styles/chat.css";
import "./styles/inspector.css";

applyTheme();

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

// On plain http there are no service workers (except on localhost): the page then loads only while
// there is a network.
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  window.addEventListener(
    "load",
    () => void navigator.serviceWorker.register("/sw.js").catch(() => {}),
  );
}
