// SPDX-License-Identifier: Apache-2.0
// messages_rules.h: what Anthropic's Messages API refuses, after its documentation and its errors.
#pragma once

#include <boost/json.hpp>
#include <string>

namespace lockstep {

// The sentence of the refusal; empty if the request is good. Signatures here are `signed:TEXT`, or
// any other text, which is not checked.
[[nodiscard]] std::string refusal_of_messages(const boost::json::value& request);

}  // namespace lockstep
