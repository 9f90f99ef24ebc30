// SPDX-License-Identifier: Apache-2.0
// op_memory.h: makes changes idempotent, by remembering the answers to a device's ops.
//
// An op is an idempotency key, counted by the device. A change with an op takes effect once: sent
// again it gets its first answer, refusals included. It is refused if it has other content, or if
// its op is older than all remembered ones. The memory is part of the state (`DeviceMemory`), and
// so of the log. Earlier changes of the same request count too.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/rules/change.h"
#include "engine/rules/state.h"

namespace lockstep {

class OpMemory {
 public:
  // Requires: the state lives as long as this.
  OpMemory(const ThreadState& state, const ChangeRequest& request);

  // `said`: the acks of the request so far. Null if the op is new, or forgotten.
  [[nodiscard]] const Ack* find(Op op, std::span<const Ack> said) const;
  // The answer to a repeated change, or the refusal of its op; nothing if the change is new.
  [[nodiscard]] std::optional<Outcome> answer(const Change& change,
                                              std::span<const Ack> said) const;
  [[nodiscard]] bool is_new_device() const { return memory_ == nullptr; }

 private:
  const DeviceMemory* memory_ = nullptr;
};

// The answers to those of the request's changes that were taken before.
[[nodiscard]] std::vector<Outcome> known_outcomes(const ThreadState& state,
                                                  const ChangeRequest& request);

}  // namespace lockstep
