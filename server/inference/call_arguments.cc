// SPDX-License-Identifier: Apache-2.0
#include "server/inference/call_arguments.h"

#include <algorithm>

#include "schema/json/json_reader.h"

namespace lockstep {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_blank(char c) { return blanks.contains(c); }

}  // namespace

std::string CallArguments::feed(std::string_view text) {
  take(text);
  // `{` and `{}` wait: an object without members may be dropped.
  const bool may_be_dropped = state_ == State::blank || (state_ != State::broken && !has_members_);
  if (may_be_dropped) return {};
  return finish();
}

std::string CallArguments::finish() {
  std::string fresh = text_.substr(shown_);
  shown_ = text_.size();
  return fresh;
}

bool CallArguments::repeats(std::string_view text) const {
  if (state_ != State::whole) return false;
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return has_members_ ? object().substr(repeated_).starts_with(text) : text.starts_with('{');
}

void CallArguments::take(std::string_view text) {
  while (!text.empty()) {
    if (state_ == State::whole) {
      text.remove_prefix(take_behind(text));
      continue;
    }
    const std::size_t taken = state_ == State::broken ? text.size() : scan(text);
    text_ += text.substr(0, taken);
    text.remove_prefix(taken);
    if (state_ != State::whole) continue;
    end_ = text_.size();
    if (!is_json_object(object())) state_ = State::broken;
  }
}

// Returns the bytes up to the end of the object; all of them if it does not end.
std::size_t CallArguments::scan(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string_) {
      if (c == '"' && !escaped_) in_string_ = false;
      escaped_ = c == '\\' && !escaped_;
      continue;
    }
    if (is_blank(c)) continue;
    if (state_ == State::blank) {
      state_ = c == '{' ? State::inside : State::broken;
      if (state_ == State::broken) return at;
      begin_ = text_.size() + at;
    } else if (depth_ > 1 || c != '}') {
      has_members_ = true;
    }
    if (c == '"') in_string_ = true;
    if (c == '{' || c == '[') ++depth_;
    if ((c == '}' || c == ']') && --depth_ == 0) {
      state_ = State::whole;
      return at + 1;
    }
  }
  return text.size();
}

// Takes text behind a whole object; returns how many bytes. Each call takes some, or leaves
// `whole`.
std::size_t CallArguments::take_behind(std::string_view text) {
  if (repeated_ == 0 && is_blank(text.front())) {
    const std::size_t content = std::min(text.find_first_not_of(blanks), text.size());
    text_ += text.substr(0, content);
    return content;
  }
  if (!has_members_ && text.front() == '{') {
    *this = CallArguments();
    return 0;
  }
  const std::string_view left = object().substr(repeated_);
  const std::string_view piece = text.substr(0, left.size());
  if (has_members_ && left.starts_with(piece)) {
    repeated_ = piece.size() == left.size() ? 0 : repeated_ + piece.size();
    return piece.size();
  }
  // The bytes that looked like a repetition were none: they are content too.
  text_ += std::string(object().substr(0, repeated_));
  repeated_ = 0;
  state_ = State::broken;
  return 0;
}

std::string_view CallArguments::object() const {
  return std::string_view(text_).substr(begin_, end_ - begin_);
}

}  // namespace lockstep
