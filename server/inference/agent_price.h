// SPDX-License-Identifier: Apache-2.0
// agent_price.h: reads the price of an agent's tokens, `[agents.NAME.price]`.
//
//   input = 1.25         for a million tokens
//   output = 10
//   cached_input = 0.13  for those that a cache gave; without it they cost as much as others
//   currency = "USD"     any text: the server only adds up what has the same one
//
// No request depends on it: `GET /v1/usage` multiplies (handlers_usage.cc).
#pragma once

#include <optional>
#include <string>

#include "server/inference/agent_config.h"

namespace lockstep {

// The fault of the field; empty if it has none.
[[nodiscard]] std::string take_price(const AgentFields::mapped_type& field,
                                     std::optional<TokenPrice>& to);
// `1.25 in, 10 out, 0.13 cached, USD for a million tokens`
[[nodiscard]] std::string price_text(const TokenPrice& price);

}  // namespace lockstep
