// SPDX-License-Identifier: Apache-2.0
#include "schema/json/json_members.h"

#include <cstddef>

#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "schema/json/limits.h"

namespace lockstep {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Walks over a text that is known to be JSON: so it checks no bounds, and every value ends.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  char next() {
    while (is_space(text_[at_])) ++at_;
    return text_[at_];
  }
  void step() { ++at_; }

  std::string_view string() {
    const std::size_t begin = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    return text_.substr(begin, at_ - begin);
  }

  std::string_view value() {
    next();
    const std::size_t begin = at_;
    std::size_t depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        string();
        continue;
      }
      if (depth == 0 && c != '{' && c != '[') {
        scalar();
        break;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0);
    return text_.substr(begin, at_ - begin);
  }

 private:
  void scalar() { at_ = text_.find_first_of(",}] \n\r\t", at_); }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<JsonMember>> json_members(std::string_view text) {
  if (!is_json_object(text)) return {};
  std::vector<JsonMember> members;
  Walk walk(text);
  walk.next();
  walk.step();
  while (walk.next() != '}') {
    if (walk.next() == ',') {
      walk.step();
      walk.next();
    }
    const auto key = read_json(walk.string(), unbounded_json(limits::json_depth_max));
    if (!key || walk.next() != ':') return {};
    walk.step();
    members.push_back({std::string(key->root().text()), std::string(walk.value())});
  }
  return members;
}

void append_member(std::string& out, std::string_view key, std::string_view json) {
  if (out.back() != '{') out += ',';
  append_text(out, key);
  out += ':';
  out += json;
}

std::string json_object(const std::vector<JsonMember>& members) {
  std::string out = "{";
  for (const JsonMember& member : members) append_member(out, member.key, member.value);
  return out + '}';
}

}  // namespace lockstep
