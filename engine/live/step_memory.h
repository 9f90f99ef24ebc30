// SPDX-License-Identifier: Apache-2.0
// step_memory.h: what a producer has said lately, as hashes.
//
// A step that is sent again must be the step that was taken: else two writers believe that the run
// is theirs, and one of them is told that lost text is durable. So the hashes of an attempt's last
// steps are kept, 8 bytes each (sip_hash.h), at most `limits::steps_remembered`; older ones, and
// those of before a start, are compared with the log (step_match.h).
//
// It also remembers why the attempt's next step can't be taken, if a resend won't mend that. Those
// behind it are then told the reason, and not of a gap that nobody can fill.
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

  // These steps of the batch were taken, behind `known`, the last one before them. Those up to
  // `known`, and up to the last that is remembered, are passed over.
  void took(const StepBatch& batch, std::span<const Step> steps, std::uint64_t known);
  // Is the step the one that was taken? Nothing: that is not remembered.
  [[nodiscard]] std::optional<bool> is_same(const StepBatch& batch, const Step& step) const;

  // The attempt's next step, `seq`, was refused so.
  void refused(const StepBatch& batch, std::uint64_t seq, const StepRefusal& refusal);
  // Why nothing behind the attempt's next step, `seq`, can be taken; null if a resend may mend it.
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
  std::size_t next_ = 0;               // of the ring: where the next one goes
  std::optional<StepRefusal> refusal_;
  std::uint64_t refused_seq_ = 0;
};

}  // namespace lockstep
