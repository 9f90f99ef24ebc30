// SPDX-License-Identifier: Apache-2.0
// printable.h: makes untrusted text safe for a terminal.
//
// Text from users, models, model servers and command lines may hold escape sequences that write
// over the reader's screen, and characters that turn the direction of the text around them. The
// tools' output and the server's log pass through here. It leaves out control characters (C0, DEL,
// C1). It shows direction overrides and isolates (U+202A to U+202E, U+2066 to U+2069) as `\u202e`.
// A byte that is not UTF-8 becomes U+FFFD. Joiners and direction marks (U+200D to U+200F) stay:
// emoji and some scripts need them, and they affect only their neighbours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lockstep {

// Keeps line ends and tabs.
[[nodiscard]] std::string printable(std::string_view text);
// The first `points_max` code points of `text` as one line, with `…` if there are more.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t points_max);
// The same JSON with these characters escaped. Outside of strings JSON has none of them, so this
// treats the whole as one text; JSON has C0 escaped already. A byte that is not UTF-8 becomes
// U+FFFD.
[[nodiscard]] std::string printable_json(std::string_view json);

}  // namespace lockstep
