// SPDX-License-Identifier: Apache-2.0
// app.tsx: shows the page that the address names.
//
// The inspector and the two fronts are loaded when they are first shown: most visits are to the
// chat.

import { lazy, Suspense } from "react";
import type { JSX } from "react";

import { ChatPage } from "./chat/page.js";
import { useRoute } from "./route.js";
import { SignedIn } from "./signed_in.js";
import { UnknownPage } from "./unknown.js";

const Inspector = lazy(() => import("./inspector/page.js"));
const SideBySide = lazy(() => import("./side/page.js"));

export function App(): JSX.Element {
  return (
    <SignedIn>
      <Suspense fallback={<p className="loading">Loading…</p>}>
        <Page />
      </Suspense>
    </SignedIn>
  );
}

function Page(): JSX.Element {
  const route = useRoute();
  switch (route.page) {
    case "chat":
      return <ChatPage thread={route.thread} />;
    case "inspect":
      return <Inspector key={route.thread} thread={route.thread} />;
    case "side-by-side":
      return <SideBySide thread={route.thread} />;
    case "unknown":
      return <UnknownPage address={route.address} />;
  }
}
