// SPDX-License-Identifier: Apache-2.0
// lane_input.h: the inputs of a lane, each with the callback that takes its answer.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "engine/base/executor.h"
#include "engine/base/must.h"
#include "engine/live/sync.h"
#include "engine/rules/attempt.h"
#include "engine/rules/step.h"

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
  // Spares a thread whose running run another process writes.
  bool spares_outside = false;
  // Only if this run is running, and has taken no more steps.
  std::optional<ProducerOffset> only = {};
};
// Ends every open run, and leaves a tombstone.
struct EraseInput {
  Done<Result<void>> done;
};
// Another writer takes the running run over.
struct AttemptInput {
  AttemptRequest request;
  Done<std::expected<StepAck, StepRefusal>> done;
};
using LaneInput = std::variant<ChangesInput, StepsInput, InterruptInput, EraseInput, AttemptInput>;

// Answers the input with an error: nothing was done.
inline void fail(LaneInput& input, const Error& error) {
  std::visit(
      [&error]<class Input>(Input& waiting) {
        if constexpr (std::is_same_v<Input, StepsInput> || std::is_same_v<Input, AttemptInput>) {
          waiting.done(std::unexpected(StepRefusal::of(error)));
        } else {
          waiting.done(std::unexpected(error));
        }
      },
      input);
}

// The bytes of one input, counted in its lane for as long as this lives.
class LaneLoad {
 public:
  LaneLoad(std::size_t& total, std::size_t bytes) : total_(&total), bytes_(bytes) {
    total += bytes;
  }
  ~LaneLoad() { give_back(); }
  LaneLoad(LaneLoad&& other) noexcept
      : total_(std::exchange(other.total_, nullptr)), bytes_(other.bytes_) {}
  LaneLoad& operator=(LaneLoad&& other) noexcept {
    std::swap(total_, other.total_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  LaneLoad(const LaneLoad&) = delete;
  LaneLoad& operator=(const LaneLoad&) = delete;

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // Call before the answer: the caller may push its next input from within the callback.
  void give_back() {
    if (total_ == nullptr) return;
    MUST(*total_ >= bytes_);
    *std::exchange(total_, nullptr) -= bytes_;
  }

 private:
  std::size_t* total_;  // null: given back
  std::size_t bytes_;
};

}  // namespace lockstep
