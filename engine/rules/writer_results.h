// SPDX-License-Identifier: Apache-2.0
// writer_results.h: may the writer of a run give this result?
//
// Writers run tools too, beside people and fronts. The same holds for their results: a call that
// waits for a person takes none, and the first result counts. A person may answer a call while its
// writer is at work; that answer stands on every screen, so the writer's comes too late.
#pragma once

#include "engine/rules/state.h"
#include "engine/rules/verdict.h"

namespace lockstep {

// May the writer of the run start this part in its open message? Not if it is a result of a call
// that waits for approval (`needs_approval`), was denied, or has its result from somebody else
// (`answered`). A result that no call takes is written, and left out of requests by name.
[[nodiscard]] Verdict writer_may_start(const ThreadState& state, const RunState& run,
                                       const MessageId& message, const Part& part);

}  // namespace lockstep
