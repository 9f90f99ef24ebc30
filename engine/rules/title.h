// SPDX-License-Identifier: Apache-2.0
// title.h: the title of a thread until a user sets one.
//
// It is the beginning of the user's first text, as one line: white space and control characters
// become single spaces. Characters that change the direction of the text after them (U+202A to
// U+202E, U+2066 to U+2069) are left out, because a list shows other titles next to it. The title
// ends with a whole grapheme cluster (Unicode Standard Annex 29), so that no flag, family or accent
// is halved.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// At most limits::default_title_points code points; empty if `text` has nothing to show.
// Requires: `text` is UTF-8.
[[nodiscard]] std::string default_title(std::string_view text);

}  // namespace lockstep
