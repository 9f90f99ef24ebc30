// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/wire_front_text.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace lockstep::sim {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

struct CodePoint {
  std::size_t bytes;
  std::uint64_t units;
};

CodePoint code_point(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return {.bytes = 1, .units = 1};
  if (byte < 0xe0) return {.bytes = 2, .units = 1};
  if (byte < 0xf0) return {.bytes = 3, .units = 1};
  return {.bytes = 4, .units = 2};
}

void write_canonical(std::string& out, const value& from) {
  if (const array* items = from.if_array()) {
    out += '[';
    for (const value& item : *items) {
      if (&item != items->data()) out += ',';
      write_canonical(out, item);
    }
    out += ']';
    return;
  }
  const object* members = from.if_object();
  if (members == nullptr) {
    out += boost::json::serialize(from);
    return;
  }
  std::vector<std::string_view> keys;
  for (const auto& member : *members) keys.emplace_back(member.key());
  std::ranges::sort(keys);
  out += '{';
  for (const std::string_view key : keys) {
    if (key != keys.front()) out += ',';
    out += boost::json::serialize(value(key)) + ":";
    write_canonical(out, members->at(key));
  }
  out += '}';
}

}  // namespace

std::uint64_t units_of(std::string_view text) {
  std::uint64_t units = 0;
  for (std::size_t byte = 0; byte < text.size(); byte += code_point(text[byte]).bytes) {
    units += code_point(text[byte]).units;
  }
  return units;
}

std::size_t byte_of_unit(std::string_view text, std::uint64_t unit) {
  std::uint64_t units = 0;
  std::size_t byte = 0;
  while (byte < text.size() && units < unit) {
    units += code_point(text[byte]).units;
    byte += code_point(text[byte]).bytes;
  }
  fits(units >= unit, "offset " + std::to_string(unit) + " is behind the text's end");
  fits(units == unit, "offset " + std::to_string(unit) + " is inside a code point");
  return byte;
}

std::string canonical(const value& from) {
  std::string out;
  write_canonical(out, from);
  return out;
}

const value& field(const object& object, std::string_view name) {
  const value* found = object.if_contains(name);
  fits(found != nullptr, "no `" + std::string(name) + "` in " + boost::json::serialize(object));
  return *found;
}

std::string_view text_field(const object& object, std::string_view name) {
  return text_of(field(object, name));
}

std::uint64_t number_field(const object& object, std::string_view name) {
  boost::system::error_code error;
  const auto number = field(object, name).to_number<std::uint64_t>(error);
  fits(!error, "`" + std::string(name) + "` is not a natural number");
  return number;
}

const array& list_field(const object& object, std::string_view name) {
  const array* list = field(object, name).if_array();
  fits(list != nullptr, "`" + std::string(name) + "` is not a list");
  return *list;
}

const object& object_of(const value& from) {
  fits(from.is_object(), "not an object: " + boost::json::serialize(from));
  return from.get_object();
}

std::string_view text_of(const value& from) {
  fits(from.is_string(), "not a text: " + boost::json::serialize(from));
  return from.get_string();
}

std::string unhex(std::string_view digits) {
  std::string bytes;
  for (std::size_t at = 0; at + 2 <= digits.size(); at += 2) {
    unsigned value = 0;
    const auto read = std::from_chars(&digits[at], &digits[at] + 2, value, 16);
    fits(read.ec == std::errc() && read.ptr == &digits[at] + 2, "a digest is in hex");
    bytes += static_cast<char>(value);
  }
  return bytes;
}

std::string hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    text += digits[byte >> 4];
    text += digits[byte & 0x0f];
  }
  return text;
}

}  // namespace lockstep::sim
