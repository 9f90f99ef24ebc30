// SPDX-License-Identifier: Apache-2.0
// index.ts: the exports of `lockstep-client`.

export { connect } from "./connect.js";
export { indexedDbStore } from "./store/store.js";
export { memoryStore } from "./store/memory.js";
export { answersOf } from "./answers.js";
export { callResults, isMade, type CallResults, type PartOf } from "./call_results.js";
export { callState, type CallState } from "./call_states.js";
export { apply } from "./diff.js";
export { digestOf } from "./digest.js";
export { fold, foldAll, Gap } from "./fold.js";
export { textOf } from "./text.js";
export { cursorOf, emptyState, type ThreadState } from "./state.js";
export type * from "./types.js";
export type * from "./wire.js";
