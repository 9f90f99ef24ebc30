// SPDX-License-Identifier: Apache-2.0
// worker_config.h: the settings of an agent of kind `worker`, whose runs programs elsewhere claim.
//
// They say how long a run waits for a worker, and what happens to one whose worker is lost. They
// change no request: the rules are in server/worker_runs.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/inference/agent_config.h"

namespace lockstep {

// The fault of the field, empty if it has none; nullopt if another file reads this setting.
[[nodiscard]] std::optional<std::string> take_worker(std::string_view name,
                                                     const AgentFields::mapped_type& field,
                                                     WorkerConfig& config);
// `a worker has 600 s to claim a run; a lost one: retried, 3 times at most`
[[nodiscard]] std::string worker_text(const WorkerConfig& config);

}  // namespace lockstep
