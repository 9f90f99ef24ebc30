// SPDX-License-Identifier: Apache-2.0
// demo_text.h: what the demo agent says.
//
// Deterministic: the same path gives the same words, on every machine. The text is Markdown and
// holds what a front must be able to show: a heading, a list, code, a quotation of the user, and
// characters outside the basic plane.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/event.h"

namespace lockstep {

// The answer to a path, in tokens as a model would make them: a word with the space before it. With
// `tokens` exactly so many. Different authors say different things.
[[nodiscard]] std::vector<std::string> demo_tokens(const std::vector<Message>& path,
                                                   std::string_view author,
                                                   std::optional<std::size_t> tokens);

}  // namespace lockstep
