// SPDX-License-Identifier: Apache-2.0
// compose_format1.h: the request of a run whose settings are of format 1.
//
// 0.1.0 wrote format 1. The request of a stored run stays the same, byte for byte, so this composer
// is frozen: it keeps its faults too, and no run begins with it any more. It shares no code with
// the composer of today (compose.h), so that no change of that one can change a stored request. It
// differs from that one:
//   reasoning    is not sent at all
//   tool_call    only whole ones are sent
//   tool_result  goes to the last open call with its id; the first result of a call counts
//   file         images come behind the text of their message
// A message without a part to send is left out, and neighbours of one role stay apart.
#pragma once

#include "engine/rules/producer.h"
#include "server/inference/settings.h"

namespace lockstep {

[[nodiscard]] Sent compose_format1(const Context& context, const RequestSettings& settings);

}  // namespace lockstep
