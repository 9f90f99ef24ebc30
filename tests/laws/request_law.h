// SPDX-License-Identifier: Apache-2.0
// request_law.h: the law "screen equals input".
//
// It reads a request as a model server reads it, and compares it with the path that the screen
// showed. Each text, reasoning, call and result of the path is in the request, in order, or a
// repair names it; and the request has nothing that is not of the path. It shares no code with the
// composer.
#pragma once

#include <string>

#include "engine/rules/producer.h"
#include "server/inference/settings.h"

namespace lockstep::test {

// The difference in words; empty if there is none.
[[nodiscard]] std::string check_request(const Context& context, const RequestSettings& settings,
                                        const Sent& sent);

}  // namespace lockstep::test
