// SPDX-License-Identifier: Apache-2.0
// op_memory.h: what a device's changes were answered with.
//
// A change that names an op counts once. Sent again it is answered as the first time, refusals
// included; with other content, or older than all that is remembered, it is refused. The memory is
// in the state (`DeviceMemory`), and so in the log. The changes that stand before this one in the
// same request count too.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/rules/change.h"
#include "engine/rules/state.h"

namespace lockstep {

class OpMemory {
 public:
  // Both must live as long as this.
  OpMemory(const ThreadState& state, const ChangeRequest& request);

  // `said`: the acks of the request so far. Null if the op was never taken, or is forgotten.
  [[nodiscard]] const Ack* find(Op op, std::span<const Ack> said) const;
  // Nothing: the change is new.
  [[nodiscard]] std::optional<Outcome> answer(const Change& change,
                                              std::span<const Ack> said) const;
  [[nodiscard]] bool is_new_device() const { return memory_ == nullptr; }

 private:
  const DeviceMemory* memory_ = nullptr;
};

// The answers to those of the request's changes that are known; the new ones have none.
[[nodiscard]] std::vector<Outcome> known_outcomes(const ThreadState& state,
                                                  const ChangeRequest& request);

}  // namespace lockstep
