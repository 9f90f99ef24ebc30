// SPDX-License-Identifier: Apache-2.0
// lane_input.h: what is wanted of a thread, and who waits for the answer.
//
// Lives on: the engine strand.
#pragma once

#include <optional>
#include <variant>

#include "engine/live/engine.h"

namespace lockstep {

struct ChangesInput {
  SyncRequest request;
  Done<Result<SyncReply>> done;
};
struct StepsInput {
  StepBatch batch;
  Done<std::expected<StepAck, StepRefusal>> done;
};
// Ends every open run.
struct InterruptInput {
  RunError why;
  Done<Result<void>> done;
  // Those of a thread whose running run outlives the process go on.
  bool spares_outside = false;
  // Only if this run is running, and has come no further.
  std::optional<ProducerMark> only = {};
};
// Ends every open run, and leaves a tombstone.
struct EraseInput {
  Done<Result<void>> done;
};
using LaneInput = std::variant<ChangesInput, StepsInput, InterruptInput, EraseInput>;

}  // namespace lockstep
