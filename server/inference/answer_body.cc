// SPDX-License-Identifier: Apache-2.0
#include "server/inference/answer_body.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/ascii.h"
#include "server/inference/limits.h"
#include "server/inference/status_codes.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

constexpr unsigned successful = 2;
constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::array<std::string_view, 5> fields = {"data:", "event:", "id:", "retry:", "error:"};

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// The bytes behind a byte order mark and white space.
std::string_view content_of(std::string_view bytes) {
  if (bytes.starts_with(byte_order_mark)) bytes.remove_prefix(byte_order_mark.size());
  bytes.remove_prefix(std::min(bytes.find_first_not_of(blanks), bytes.size()));
  return bytes;
}

}  // namespace

BodyKind body_kind_of(unsigned status, std::string_view content_type) {
  if (status / statuses::of_class != successful) return BodyKind::refusal;
  const std::string type =
      ascii_lower(without_blanks(content_type.substr(0, content_type.find(';'))));
  if (type == "application/json" || type == "text/html") return BodyKind::whole;
  return BodyKind::stream;  // also without a type: some servers forget it
}

std::optional<BodyKind> body_kind_of_start(std::string_view bytes) {
  const std::string_view content = content_of(bytes);
  if (content.empty()) return {};
  if (content.front() == '{' || content.front() == '[') return BodyKind::whole;
  if (content.front() == ':') return BodyKind::stream;
  const bool is_field = std::ranges::any_of(
      fields, [content](std::string_view field) { return content.starts_with(field); });
  return is_field ? std::optional(BodyKind::stream) : std::nullopt;
}

bool is_start_open(std::string_view bytes) {
  if (byte_order_mark.starts_with(bytes)) return true;
  const std::string_view content = content_of(bytes);
  return std::ranges::any_of(
      fields, [content](std::string_view field) { return field.starts_with(content); });
}

std::size_t body_bytes_max_of(BodyKind kind) {
  switch (kind) {
    case BodyKind::stream:
      return limits::answer_bytes_max;
    case BodyKind::whole:
      return limits::body_bytes_max;
    case BodyKind::refusal:
      return limits::refusal_bytes_max;
  }
  std::unreachable();
}

std::string unread_coding(std::string_view content_encoding) {
  const std::string_view coding = without_blanks(content_encoding);
  if (coding.empty() || ascii_lower(coding) == "identity") return {};
  return valid_utf8(coding);
}

}  // namespace lockstep
