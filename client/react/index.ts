// SPDX-License-Identifier: Apache-2.0
// index.ts: `lockstep-client/react`.
//
//   <LockstepProvider client={client}>…</LockstepProvider>
//   const { messages, status, sendMessage, stop } = useThread("tea");

export { LockstepProvider, useClient } from "./context.js";
export type { LockstepProviderProps } from "./context.js";
export { useBlobLink } from "./files.js";
export type { BlobLink } from "./files.js";
export { useConnection, useThread, useThreads, useUndo } from "./hooks.js";
export type { ThreadHook, UndoHook } from "./hooks.js";
export { useSeen } from "./seen.js";
export type { Painted } from "./seen.js";
export { reveal, useSmooth } from "./smooth.js";
export type { SmoothOptions } from "./smooth.js";
