// SPDX-License-Identifier: Apache-2.0
// file_name.h: the name of a file as one line of text. Pure.
//
// A name stands in a list on a screen, in a terminal, in an export, and in the line of text by
// which a model is told of the file. A line break in it would begin a line of its own there, which
// says whatever its sender likes. So the doors clean names, and the tools clean those of older logs
// again: a control character (C0, DEL, C1) or a line separator (U+2028, U+2029) becomes a space,
// and a character that turns the direction of text (U+202A to U+202E, U+2066 to U+2069) goes.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// Idempotent; never longer than `name`. Requires: UTF-8.
[[nodiscard]] std::string file_name_line(std::string_view name);

}  // namespace lockstep
