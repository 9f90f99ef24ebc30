// SPDX-License-Identifier: Apache-2.0
// sizes.h: about how many bytes a value holds.
//
// Queues and caches have bounds in bytes. Those need no exact size, only one that follows the
// content: the sum of all texts, and a constant for each row.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/rules/change.h"
#include "engine/rules/event.h"
#include "engine/rules/step.h"

namespace lockstep {

[[nodiscard]] std::size_t size_of(const Part& part);
[[nodiscard]] std::size_t size_of(const Message& message);
[[nodiscard]] std::size_t size_of(const OpaqueData& data);
[[nodiscard]] std::size_t size_of(const Opaque& opaque);
[[nodiscard]] std::size_t size_of(const MessageInput& input);
[[nodiscard]] std::size_t size_of(const std::vector<NotedRepair>& repairs);
[[nodiscard]] std::size_t size_of(const Entry& entry);
[[nodiscard]] std::size_t size_of(const ChangeRequest& request);
[[nodiscard]] std::size_t size_of(const Step& step);
[[nodiscard]] std::size_t size_of(const StepBatch& batch);
[[nodiscard]] std::size_t size_of(const std::vector<Message>& path);

}  // namespace lockstep
