// SPDX-License-Identifier: Apache-2.0
// markdown.h: a conversation to be read, or put into a document.
//
// The path to the head, a heading a message. What lies beside the path (other branches) is not
// shown, but it is said how much there is. Code blocks hold tools' calls and results; their fences
// are longer than any in the text, so nothing in it ends them.
#pragma once

#include <string>

#include "engine/rules/state.h"

namespace lockstep {

[[nodiscard]] std::string markdown_of(const ThreadState& state);

}  // namespace lockstep
