// SPDX-License-Identifier: Apache-2.0
// transcript.h: formats messages for a person.
//
// Text is printed as it is. Other parts begin with a sign: `…` reasoning, `>` a tool's call, `<`
// its result, `@` a file, `=` data. Behind a call stands in brackets how it stands: `[needs
// approval]`, `[denied: REASON]`. Control characters are left out, because a terminal would obey
// them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/state.h"
#include "tools/base/terminal.h"

namespace lockstep {

// All parts of the message, each on a new line; without a line end behind the last. `state`: the
// message's thread; without it no call is said to have expired.
[[nodiscard]] std::string readable(const Message& message, const ThreadState* state = nullptr);

// The beginning of the message, on one line.
[[nodiscard]] std::string excerpt(const Message& message, std::size_t points_max);

// The heading of a message, such as `assistant a-2 (author) run r-1 stopped`. It has the status
// unless that is `complete`.
[[nodiscard]] std::string heading(const Message& message);

// The heading's colour: red for failed or interrupted, yellow for stopped, else by role.
[[nodiscard]] Ink ink_of(const Message& message);

// Splits text into lines of at most `columns` columns. A wide character counts as two columns, and
// so does one whose width is uncertain: a line that the terminal wraps breaks the display, one that
// is too short does not.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t columns);

// The living messages as a tree, depth first; siblings in the order of creation.
struct TreeLine {
  std::uint32_t number = 0;
  std::string branch;  // the drawing before the message, such as `│  ├─ `
};
[[nodiscard]] std::vector<TreeLine> tree_of(const ThreadState& state);

}  // namespace lockstep
