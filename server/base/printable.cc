// SPDX-License-Identifier: Apache-2.0
#include "server/base/printable.h"

#include <cstdint>
#include <cstdio>

#include "engine/base/text.h"

namespace lockstep {
namespace {

constexpr std::string_view replacement = "\uFFFD";

struct Point {
  char32_t value = 0;
  std::string_view bytes;
  bool well = true;  // the bytes are UTF-8
};

Point point_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  const std::string_view bytes = text.substr(at, size);
  if (size == 1) return {lead, bytes};
  if (!is_utf8(bytes)) return {0xFFFD, text.substr(at, 1), false};
  char32_t value = lead & (0x7Fu >> size);
  for (const char byte : bytes.substr(1)) {
    value = value << 6 | (static_cast<unsigned char>(byte) & 0x3Fu);
  }
  return {value, bytes};
}

// Some terminals still obey U+0080 to U+009F (C1) as escape sequences.
bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

bool turns_direction(char32_t point) {
  return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

std::string escape_of(char32_t point) {
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(point));
  return text;
}

void append_shown(std::string& out, const Point& point) {
  if (!point.well) {
    out += replacement;
  } else if (turns_direction(point.value)) {
    out += escape_of(point.value);
  } else if (!is_control(point.value)) {
    out += point.bytes;
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Point point = point_at(text, at);
    const bool stays = point.value == '\n' || point.value == '\t';
    if (stays) shown += point.bytes;
    if (!stays) append_shown(shown, point);
    at += point.bytes.size();
  }
  return shown;
}

std::string one_line(std::string_view text, std::size_t points_max) {
  const std::string_view head = first_points(text, points_max);
  std::string line = printable(head);
  for (char& c : line) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  if (head.size() < text.size()) line += "…";
  return line;
}

std::string printable_json(std::string_view json) {
  std::string shown;
  shown.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const Point point = point_at(json, at);
    const bool escaped =
        turns_direction(point.value) || (point.value >= 0x7F && point.value < 0xA0);
    if (escaped) shown += escape_of(point.value);
    if (!escaped) shown += point.well ? point.bytes : replacement;
    at += point.bytes.size();
  }
  return shown;
}

}  // namespace lockstep
