// SPDX-License-Identifier: Apache-2.0
#include "server/inference/text_layers.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/ascii.h"

namespace lockstep {
namespace {

// White space, control characters, and characters without width. This includes all that `printable`
// drops from a line: else dropping it could join the pieces of a secret that was not found here.
bool is_unseen(std::uint32_t point) {
  static constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 14> ranges = {{
      {0x00, 0x20},
      {0x7f, 0xa0},
      {0xad, 0xad},
      {0x34f, 0x34f},
      {0x61c, 0x61c},
      {0x1680, 0x1680},
      {0x180b, 0x180f},
      {0x2000, 0x200f},
      {0x2028, 0x202f},
      {0x205f, 0x206f},
      {0x3000, 0x3000},
      {0xfe00, 0xfe0f},
      {0xfeff, 0xfeff},
      {0xe0000, 0xe0fff},
  }};
  return std::ranges::any_of(
      ranges, [point](const auto& range) { return point >= range.first && point <= range.second; });
}

// The number of bytes at the beginning of a text that the normal form drops.
std::size_t passed_over(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return is_unseen(lead) ? 1 : 0;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc0 || text.size() < size) return 0;
  std::uint32_t point = lead & (0x7fU >> size);
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xc0U) != 0x80) return 0;
    point = point << 6U | (byte(at) & 0x3fU);
  }
  return is_unseen(point) ? size : 0;
}

// The bytes that an escape at the beginning of a text encodes.
struct Unit {
  std::string bytes;
  std::size_t size = 0;  // of the escape
};

std::optional<std::uint32_t> number(std::string_view digits, std::uint32_t base) {
  std::uint32_t value = 0;
  if (digits.empty() || digits.size() > 8) return {};
  for (const char digit : digits) {
    const char c = ascii_lower(digit);
    const bool decimal = c >= '0' && c <= '9';
    const bool letter = c >= 'a' && c <= 'f';
    if (!decimal && (!letter || base <= 10)) return {};
    if (base == 8 && c > '7') return {};
    value = value * base + static_cast<std::uint32_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  return value;
}

std::string utf8(std::uint32_t point) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xc0 | point >> 6U), byte(0x80 | (point & 0x3fU))};
  return {byte(0xe0 | (point >> 12U & 0xfU)), byte(0x80 | (point >> 6U & 0x3fU)),
          byte(0x80 | (point & 0x3fU))};
}

// `lead`, then so many hex digits: `%41`, `\x41`, `\u0041`.
std::optional<Unit> hex_unit(std::string_view text, std::string_view lead, std::size_t digits) {
  if (!text.starts_with(lead) || text.size() < lead.size() + digits) return {};
  const auto value = number(text.substr(lead.size(), digits), 16);
  if (!value) return {};
  // Two digits are a byte, four are a character.
  std::string bytes = digits == 2 ? std::string(1, static_cast<char>(*value)) : utf8(*value);
  return Unit{std::move(bytes), lead.size() + digits};
}

std::optional<Unit> backslash_unit(std::string_view text) {
  if (auto unit = hex_unit(text, "\\u", 4)) return unit;
  if (auto unit = hex_unit(text, "\\x", 2)) return unit;
  if (text.size() < 2) return {};
  if (std::string_view("\"\\/'").contains(text[1])) return Unit{std::string(1, text[1]), 2};
  if (std::string_view("nrt").contains(text[1])) return Unit{"\n", 2};
  constexpr std::size_t octal_digits = 3;
  const std::string_view octal = text.substr(1, octal_digits);
  const auto value = octal.size() == octal_digits ? number(octal, 8) : std::nullopt;
  if (value && *value < 256) return Unit{std::string(1, static_cast<char>(*value)), 4};
  return {};
}

std::optional<Unit> html_unit(std::string_view text) {
  constexpr std::size_t longest = 12;
  const std::size_t end = text.substr(0, longest).find(';');
  if (end == std::string_view::npos) return {};
  std::string name(text.substr(1, end - 1));
  name = ascii_lower(name);
  static constexpr std::array<std::pair<std::string_view, char>, 12> names = {{{"amp", '&'},
                                                                               {"lt", '<'},
                                                                               {"gt", '>'},
                                                                               {"quot", '"'},
                                                                               {"apos", '\''},
                                                                               {"sol", '/'},
                                                                               {"equals", '='},
                                                                               {"plus", '+'},
                                                                               {"lowbar", '_'},
                                                                               {"period", '.'},
                                                                               {"colon", ':'},
                                                                               {"dollar", '$'}}};
  const auto* known =
      std::ranges::find(names, std::string_view(name), [](const auto& pair) { return pair.first; });
  if (known != names.end()) return Unit{std::string(1, known->second), end + 1};
  if (!name.starts_with('#')) return {};
  const bool hex = name.starts_with("#x");
  const auto point = number(std::string_view(name).substr(hex ? 2 : 1), hex ? 16 : 10);
  if (!point) return {};
  return Unit{utf8(*point), end + 1};
}

std::optional<Unit> equals_unit(std::string_view text) {
  for (const std::string_view line_end : {"=\r\n", "=\n"}) {
    if (text.starts_with(line_end)) return Unit{"", line_end.size()};
  }
  return hex_unit(text, "=", 2);
}

std::optional<Unit> unit_at(std::string_view text, Equals equals) {
  switch (text.front()) {
    case '=':
      return equals == Equals::escape ? equals_unit(text) : std::nullopt;
    case '%':
      return hex_unit(text, "%", 2);
    case '\\':
      return backslash_unit(text);
    case '&':
      return html_unit(text);
    default:
      return {};
  }
}

}  // namespace

Layer layer_of(std::string_view text) {
  Layer layer;
  layer.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) layer.add(text[at], {at, at + 1});
  return layer;
}

Layer normal(const Layer& layer) {
  Layer out;
  out.reserve(layer.bytes.size());
  const std::string_view bytes = layer.bytes;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t skipped = passed_over(bytes.substr(at));
    if (skipped == 0) out.add(ascii_lower(bytes[at]), layer.from[at]);
    at += std::max<std::size_t>(skipped, 1);
  }
  return out;
}

std::string normal(std::string_view text) { return normal(layer_of(text)).bytes; }

std::optional<Layer> decoded(const Layer& layer, Equals equals) {
  const std::string_view bytes = layer.bytes;
  Layer out;
  out.reserve(bytes.size());
  bool any = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto unit = unit_at(bytes.substr(at), equals);
    if (!unit) {
      out.add(bytes[at], layer.from[at]);
      ++at;
      continue;
    }
    const Span span{layer.from[at].begin, layer.from[at + unit->size - 1].end};
    for (const char byte : unit->bytes) out.add(byte, span);
    at += unit->size;
    any = true;
  }
  if (!any) return {};
  return out;
}

}  // namespace lockstep
