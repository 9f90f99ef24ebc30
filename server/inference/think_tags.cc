// SPDX-License-Identifier: Apache-2.0
#include "server/inference/think_tags.h"

#include <algorithm>
#include <utility>

#include "server/inference/limits.h"

namespace lockstep {
namespace {

constexpr std::string_view opening = "<think>";
constexpr std::string_view closing = "</think>";
constexpr std::string_view blanks = " \t\r\n";

// The bytes at the end of `text` with which `tag` begins.
std::size_t begun(std::string_view text, std::string_view tag) {
  for (std::size_t bytes = std::min(text.size(), tag.size() - 1); bytes > 0; --bytes) {
    if (text.ends_with(tag.substr(0, bytes))) return bytes;
  }
  return 0;
}

}  // namespace

std::optional<ThinkTags> think_tags(std::string_view name) {
  if (name == "off") return ThinkTags::off;
  if (name == "on") return ThinkTags::on;
  if (name == "open") return ThinkTags::open;
  return {};
}

ThinkSplitter::ThinkSplitter(ThinkTags tags)
    : tags_(tags), place_(tags == ThinkTags::off ? Place::text : Place::start) {}

std::vector<ThinkSplitter::Piece> ThinkSplitter::feed(std::string_view text) {
  std::vector<Piece> pieces;
  fed_ = fed_ || !text.empty();
  held_ += text;
  bool more = true;  // can what is held still be told?
  while (more && !held_.empty()) {
    switch (place_) {
      case Place::start:
        more = take_start();
        break;
      case Place::behind_opening:
        skip_blanks(Place::reasoning);
        break;
      case Place::reasoning:
        more = take_reasoning(pieces);
        break;
      case Place::behind_closing:
        skip_blanks(Place::text);
        break;
      case Place::text:
        give(pieces, held_.size());
    }
  }
  return pieces;
}

std::vector<ThinkSplitter::Piece> ThinkSplitter::flush() {
  std::vector<Piece> pieces;
  if (held_.empty()) return pieces;
  if (place_ == Place::start && tags_ == ThinkTags::on) place_ = Place::text;
  if (place_ == Place::start) skip_blanks(Place::reasoning);
  give(pieces, held_.size());
  return pieces;
}

bool ThinkSplitter::take_start() {
  const std::size_t blank = std::min(held_.find_first_not_of(blanks), held_.size());
  const std::string_view rest = std::string_view(held_).substr(blank);
  if (rest.starts_with(opening)) {
    held_.erase(0, blank + opening.size());
    place_ = Place::behind_opening;
    return true;
  }
  if (blank <= limits::think_blanks_max && opening.starts_with(rest)) return false;
  place_ = tags_ == ThinkTags::open ? Place::behind_opening : Place::text;
  return true;
}

bool ThinkSplitter::take_reasoning(std::vector<Piece>& pieces) {
  const std::size_t end = held_.find(closing);
  if (end == std::string::npos) {
    give(pieces, held_.size() - begun(held_, closing));
    return false;
  }
  give(pieces, end);
  held_.erase(0, closing.size());
  place_ = Place::behind_closing;
  return true;
}

void ThinkSplitter::skip_blanks(Place next) {
  held_.erase(0, std::min(held_.find_first_not_of(blanks), held_.size()));
  if (!held_.empty()) place_ = next;
}

void ThinkSplitter::give(std::vector<Piece>& pieces, std::size_t bytes) {
  if (bytes == 0) return;
  const bool reasoning = place_ != Place::text && place_ != Place::behind_closing;
  pieces.push_back({reasoning, held_.substr(0, bytes)});
  held_.erase(0, bytes);
}

}  // namespace lockstep
