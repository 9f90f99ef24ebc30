// SPDX-License-Identifier: Apache-2.0
// demo_text.h: the text of the demo agent.
//
// Deterministic: the same path gives the same words, on every machine. The text is Markdown, with
// the elements that a front must be able to show: a heading, a list, code, a quotation of the user,
// and characters outside the basic plane.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/event.h"

namespace lockstep {

// The answer to a path, in tokens like those of a model: a word with the space before it. `tokens`:
// their exact number, if given. Different authors get different texts.
[[nodiscard]] std::vector<std::string> demo_tokens(const std::vector<Message>& path,
                                                   std::string_view author,
                                                   std::optional<std::size_t> tokens);

}  // namespace lockstep
