// SPDX-License-Identifier: Apache-2.0
// open_calls.h: the calls that have no result yet, and the results that the engine makes for them.
//
// Models refuse a history with an open call, and an open call may get its result in any later
// message. So a stop, a failure and the start of the next run give each open call a made result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/draft.h"

namespace lockstep {

struct OpenCall {
  MessageId message;
  std::uint32_t part = 0;
  std::string call;  // its id
};

// Those of the run's messages. A result may stand in any message since the run's first one.
[[nodiscard]] std::vector<OpenCall> open_calls_of(const ThreadState& state, const RunState& run);
// Those on the path to `head`.
[[nodiscard]] std::vector<OpenCall> open_calls_to(const ThreadState& state,
                                                  const std::optional<MessageId>& head);

// For a run that starts behind them: tells of each call if it had no answer or no approval.
void answer_missing(Draft& draft, const std::vector<OpenCall>& calls);
// Puts a made result of this content behind the parts of each call's message.
void answer(Draft& draft, const std::vector<OpenCall>& calls, std::string_view content);

// The numbers of the run's messages that are not deleted, in order.
[[nodiscard]] std::vector<std::uint32_t> living_messages(const ThreadState& state,
                                                         const RunState& run);

}  // namespace lockstep
