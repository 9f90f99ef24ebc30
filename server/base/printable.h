// SPDX-License-Identifier: Apache-2.0
// printable.h: text of others, made safe for a person's screen.
//
// What a user, a model or its server wrote, and what a command line names, may hold escape
// sequences that would write over the reader's screen, and characters that turn the direction of
// the text around them. The tools' output and the server's log go through here. Control characters
// (C0, DEL, C1) are left out; direction overrides and isolates (U+202A to U+202E, U+2066 to U+2069)
// are shown as
// `\u202e`; a byte that is not UTF-8 becomes U+FFFD. Joiners and marks (U+200D to U+200F) stay:
// emoji and some scripts need them, and they reach no further than their neighbours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lockstep {

// Keeps line ends and tabs.
[[nodiscard]] std::string printable(std::string_view text);
// The first `points_max` code points of `text` as one line, with `…` if there are more.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t points_max);
// JSON that says the same and holds none of these characters: they are escaped. Outside of strings
// JSON has none of them, so the whole can be treated as one text; C0 is escaped in it already. A
// byte that is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string printable_json(std::string_view json);

}  // namespace lockstep
