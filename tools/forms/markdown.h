// SPDX-License-Identifier: Apache-2.0
// markdown.h: a conversation as a Markdown document.
//
// It shows the path to the head, with one heading for each message, and the number of messages on
// other branches. Calls and results of tools are code blocks; their fences are longer than any in
// the text, so no text can end them.
#pragma once

#include <string>

#include "engine/rules/state.h"

namespace lockstep {

[[nodiscard]] std::string markdown_of(const ThreadState& state);

}  // namespace lockstep
