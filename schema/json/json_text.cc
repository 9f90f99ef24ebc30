// SPDX-License-Identifier: Apache-2.0
#include "schema/json/json_text.h"

#include <array>
#include <charconv>
#include <cstring>

namespace lockstep {
namespace {

constexpr std::string_view hex = "0123456789abcdef";

// The escape of a byte. 0: none; `u`: \u00XX; else a backslash and this letter.
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

// Does one of these eight bytes need an escape? A byte with its upper bit set needs none. The
// comparisons are *hasless* and *haszero* of "Bit Twiddling Hacks": they answer for the whole word,
// not for a single byte.
constexpr std::uint64_t each = 0x0101010101010101;
constexpr std::uint64_t upper = 0x80 * each;
constexpr std::uint64_t below(std::uint64_t word, std::uint64_t byte) {
  return (word - byte * each) & ~word & upper;
}
constexpr bool any_escape(std::uint64_t word) {
  return (below(word, 0x20) | below(word ^ '"' * each, 1) | below(word ^ '\\' * each, 1)) != 0;
}
static_assert(any_escape('"' * each) && any_escape('\\' * each) && any_escape(0x1f * each));
static_assert(!any_escape(0x20 * each) && !any_escape(0x7f * each) && !any_escape(0xff * each));
static_assert(any_escape(0x2020'2020'2020'1f20) && !any_escape(0x2020'2020'2020'9f20));

// The first byte at or after `at` that needs an escape, or the text's size.
std::size_t next_escape(std::string_view text, std::size_t at) {
  std::uint64_t word = 0;
  while (at + sizeof word <= text.size()) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if (any_escape(word)) break;
    at += sizeof word;
  }
  while (at < text.size() && escapes[static_cast<unsigned char>(text[at])] == 0) ++at;
  return at;
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  std::size_t clean = 0;  // from here to `at` no byte needs an escape
  for (std::size_t at = next_escape(text, 0); at < text.size(); at = next_escape(text, clean)) {
    const auto byte = static_cast<unsigned char>(text[at]);
    out.append(text, clean, at - clean);
    clean = at + 1;
    out += '\\';
    out += escapes[byte];
    if (escapes[byte] == 'u') {
      out += "00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  out.append(text, clean);
}

void append_text(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

std::string json_string(std::string_view text) {
  std::string out;
  append_text(out, text);
  return out;
}

}  // namespace lockstep
