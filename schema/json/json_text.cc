// SPDX-License-Identifier: Apache-2.0
#include "schema/json/json_text.h"

#include <array>
#include <charconv>

namespace lockstep {
namespace {

constexpr std::string_view hex = "0123456789abcdef";

// What a byte becomes: 0 itself, `u` a \u00XX, else a backslash and the letter.
constexpr std::array<char, 256> escapes = [] {
  std::array<char, 256> table{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) table[byte] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

}  // namespace

void append_text(std::string& out, std::string_view text) {
  out += '"';
  std::size_t clean = 0;  // from here on nothing needed an escape
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const char escape = escapes[byte];
    if (escape == 0) continue;
    out.append(text, clean, at - clean);
    clean = at + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      out += "00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  out.append(text, clean);
  out += '"';
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace lockstep
