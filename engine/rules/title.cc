// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/title.h"

#include <utf8proc.h>

#include <cstdint>

#include "engine/base/limits.h"
#include "engine/base/must.h"

namespace lockstep {
namespace {

enum class Look : std::uint8_t { shown, space, dropped };

bool turns_direction(utf8proc_int32_t point) {
  return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

Look look_of(utf8proc_int32_t point) {
  if (turns_direction(point)) return Look::dropped;
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return Look::space;
    default:
      return Look::shown;
  }
}

struct Point {
  utf8proc_int32_t value = 0;
  std::string_view bytes;
};

Point take_point(std::string_view& text) {
  Point point;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  const utf8proc_ssize_t taken = utf8proc_iterate(bytes, size, &point.value);
  if (taken <= 0) point.value = ' ';  // not UTF-8: it can't be shown
  point.bytes = text.substr(0, taken > 0 ? static_cast<std::size_t>(taken) : 1);
  text.remove_prefix(point.bytes.size());
  return point;
}

// A line that is written point by point, and remembers where its last whole cluster ends.
class Line {
 public:
  // False if there is no room for another point.
  bool add(utf8proc_int32_t value, std::string_view bytes) {
    if (former_ != 0 && utf8proc_grapheme_break_stateful(former_, value, &state_)) {
      whole_ = text_.size();
    }
    if (points_ == limits::default_title_points) return false;
    text_ += bytes;
    former_ = value;
    ++points_;
    return true;
  }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  // If one cluster is longer than the whole line, the line is cut inside it.
  [[nodiscard]] std::string shortened() && {
    MUST(whole_ <= text_.size());
    if (whole_ > 0) text_.resize(whole_);
    return std::move(text_);
  }
  [[nodiscard]] std::string all() && { return std::move(text_); }

 private:
  std::string text_;
  std::size_t points_ = 0;
  std::size_t whole_ = 0;
  utf8proc_int32_t former_ = 0;
  utf8proc_int32_t state_ = 0;
};

std::string without_last_space(std::string line) {
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace

std::string default_title(std::string_view text) {
  Line line;
  bool space = false;
  while (!text.empty()) {
    const Point point = take_point(text);
    const Look look = look_of(point.value);
    if (look == Look::space) space = !line.empty();
    if (look != Look::shown) continue;
    if (space && !line.add(' ', " ")) return without_last_space(std::move(line).shortened());
    space = false;
    if (!line.add(point.value, point.bytes)) return without_last_space(std::move(line).shortened());
  }
  return std::move(line).all();
}

}  // namespace lockstep
