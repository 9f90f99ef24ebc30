// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/file_name.h"

#include <cstddef>
#include <cstdint>

namespace lockstep {
namespace {

constexpr std::uint8_t ascii_space = 0x20;
constexpr std::uint8_t ascii_delete = 0x7F;

struct Look {
  std::size_t bytes = 1;
  bool space = false;  // it becomes a space
  bool gone = false;
};

// Of the character that begins `text`. Only those that change are longer than a byte here.
Look look_of(std::string_view text) {
  const auto byte = [text](std::size_t at) {
    return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
  };
  if (byte(0) < ascii_space || byte(0) == ascii_delete) return {.space = true};
  // U+0080 to U+009F
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return {.bytes = 2, .space = true};
  if (byte(0) != 0xE2) return {};
  if (byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9)) return {.bytes = 3, .space = true};
  const bool turns = (byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE) ||
                     (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
  return turns ? Look{.bytes = 3, .gone = true} : Look{};
}

}  // namespace

std::string file_name_line(std::string_view name) {
  std::string line;
  line.reserve(name.size());
  while (!name.empty()) {
    const Look look = look_of(name);
    if (look.space) line += ' ';
    if (!look.space && !look.gone) line += name.front();
    name.remove_prefix(look.bytes);
  }
  return line;
}

}  // namespace lockstep
