// SPDX-License-Identifier: Apache-2.0
// title.h: the title that a thread has until somebody gives it one.
//
// It is the beginning of the first text that its user says, as one line: white space and control
// characters become single spaces, and characters that turn the direction of what follows them
// (U+202A to U+202E, U+2066 to U+2069) are left out, because a list shows other titles below it.
// The cut falls at the end of a grapheme cluster (Unicode Standard Annex 29), so that no flag,
// family or accent is halved.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// At most limits::default_title_points code points; empty if `text` has nothing to show.
// Requires: `text` is UTF-8.
[[nodiscard]] std::string default_title(std::string_view text);

}  // namespace lockstep
