// SPDX-License-Identifier: Apache-2.0
#include "tools/verbs/replay_screen.h"

#include <algorithm>
#include <utility>

namespace lockstep {
namespace {

constexpr const char* clear_all = "\x1b[H\x1b[2J";
constexpr const char* clear_below = "\x1b[J";

void append_lines(std::string& out, const std::vector<std::string>& lines, std::size_t from) {
  for (std::size_t at = from; at < lines.size(); ++at) {
    if (at > from) out += '\n';
    out += lines[at];
  }
}

}  // namespace

std::string ReplayScreen::show(std::vector<std::string> lines) {
  if (lines.empty()) lines.emplace_back();
  const std::size_t common = std::min(lines.size(), shown_.size());
  std::size_t same = 0;
  while (same < common && lines[same] == shown_[same]) ++same;
  std::string out;
  const std::vector<std::string> former = std::exchange(shown_, std::move(lines));
  if (same == shown_.size() && same == former.size()) return out;
  if (former.empty()) {
    append_lines(out, shown_, 0);
    return out;
  }
  // The cursor is behind the last line. If the last line only grew, write its new end; else write
  // all from the first line that differs.
  const std::size_t last = former.size() - 1;
  if (same == last && same < shown_.size() && shown_[same].starts_with(former[same])) {
    out = shown_[same].substr(former[same].size());
    if (shown_.size() > same + 1) out += '\n';
    append_lines(out, shown_, same + 1);
    return out;
  }
  if (same > last) {
    out += '\n';
    append_lines(out, shown_, same);
    return out;
  }
  // If lines only went away, the new last line is written again, so that the cursor is at its end.
  same = std::min(same, shown_.size() - 1);
  const std::size_t up = last - same;
  if (up + 1 > height_) {
    out = clear_all;
    append_lines(out, shown_, shown_.size() > height_ ? shown_.size() - height_ : 0);
    return out;
  }
  out = '\r';
  if (up > 0) out += "\x1b[" + std::to_string(up) + "A";
  out += clear_below;
  append_lines(out, shown_, same);
  return out;
}

}  // namespace lockstep
