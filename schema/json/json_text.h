// SPDX-License-Identifier: Apache-2.0
// json_text.h: strings and numbers, written as JSON.
//
// What goes out often (entries, diffs) is appended to a string, not built as a tree first: some
// fifty nanoseconds an event instead of a thousand. Text is taken to be valid UTF-8 (it was checked
// when it came in) and goes out as it is, but for what JSON wants escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep {

// In quotes, escaped.
void append_text(std::string& out, std::string_view text);
void append_number(std::string& out, std::uint64_t number);

}  // namespace lockstep
