// SPDX-License-Identifier: Apache-2.0
// step_memory.h: hashes of a producer's latest steps.
//
// A repeated step (retry) must be the step that was taken. Otherwise two writers believe that the
// run is theirs, and one of them gets an ack for a lost text. So the lane keeps the hashes of an
// attempt's last steps, 8 bytes each (sip_hash.h), at most `limits::steps_remembered`. It compares
// older steps, and steps from before a restart, with the log (step_match.h).
//
// It also remembers why the attempt's next step was refused, if a retry would be refused again. The
// steps behind it then get that reason, and not a `gap` that their writer can't fill.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/memory.h"
#include "engine/base/sip_hash.h"
#include "engine/rules/state.h"
#include "engine/rules/step.h"

namespace lockstep {

class StepMemory {
 public:
  // Null: the bytes are not counted.
  explicit StepMemory(const SipKey& key, MemoryAccount* account = nullptr)
      : key_(key), charge_(account, MemoryKind::models) {}
  StepMemory(const StepMemory&) = delete;
  StepMemory& operator=(const StepMemory&) = delete;

  // The lane has taken these steps of the batch; `known` is the last step that it had before.
  // Skips the steps that are remembered already.
  void took(const StepBatch& batch, std::span<const Step> steps, std::uint64_t known);
  // Is this the step that was taken? Nothing: it is not remembered.
  [[nodiscard]] std::optional<bool> is_same(const StepBatch& batch, const Step& step) const;

  // The attempt's next step, `seq`, got this refusal.
  void refused(const StepBatch& batch, std::uint64_t seq, const StepRefusal& refusal);
  // The lasting refusal of the attempt's next step, `seq`; null if a retry may succeed.
  [[nodiscard]] const StepRefusal* stuck_at(const StepBatch& batch, std::uint64_t seq) const;

  [[nodiscard]] std::size_t bytes() const;  // as charged

 private:
  [[nodiscard]] bool is_of(const StepBatch& batch) const {
    return run_ == batch.run && attempt_ == batch.attempt;
  }
  void begin(const StepBatch& batch);
  void note(std::uint64_t hash);

  SipKey key_;
  Charge charge_;
  RunId run_;
  std::uint32_t attempt_ = 0;
  std::uint64_t last_ = 0;             // the seq of the newest
  std::vector<std::uint64_t> hashes_;  // of the steps up to `last_`; a ring when it is full
  std::size_t next_ = 0;               // of the full ring: the place of the next hash
  std::optional<StepRefusal> refusal_;
  std::uint64_t refused_seq_ = 0;
};

}  // namespace lockstep
