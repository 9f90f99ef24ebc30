// SPDX-License-Identifier: Apache-2.0
// transcript.h: messages as a person reads them.
//
// Text stands as it is; what is not text is one line with a sign before it: `…` reasoning, `>` a
// tool's call, `<` its result, `@` a file, `=` data. Control characters are left out: they would be
// orders to the reader's terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/state.h"
#include "tools/base/terminal.h"

namespace lockstep {

// All of the message's parts, each from the beginning of a line; no line end behind the last.
[[nodiscard]] std::string readable(const Message& message);

// The beginning of it, on one line.
[[nodiscard]] std::string excerpt(const Message& message, std::size_t points_max);

// `assistant a-2 (author) run r-1 stopped`: what a message's heading says. Statuses other than
// `complete` are said.
[[nodiscard]] std::string heading(const Message& message);

// The same in ink: red for what failed, yellow for what was cut, by role else.
[[nodiscard]] Ink ink_of(const Message& message);

// Lines of at most `columns` columns. A wide character counts as two; where it is not sure, a
// character counts as wide: a line that is too short does no harm, one that the terminal wraps
// does.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t columns);

// The numbers of the messages that live, as a tree, depth first; siblings by creation.
struct TreeLine {
  std::uint32_t number = 0;
  std::string branch;  // the lines of the tree before it, such as `│  ├─ `
};
[[nodiscard]] std::vector<TreeLine> tree_of(const ThreadState& state);

}  // namespace lockstep
