#include "server/inference/json_text.h"

#include <boost/json.hpp>
#include <cstddef>

#include "engine/must.h"
#include "server/inference/limits.h"

namespace lockstep {
namespace {

namespace json = boost::json;

json::parse_options options() {
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  return options;
}

std::optional<json::value> parsed(std::string_view text) {
  json::error_code error;
  json::value value =
      json::parse(json::string_view(text.data(), text.size()), error, {}, options());
  if (error) return {};
  return value;
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Walks over a text that is known to be JSON.
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

// The letter after the backslash, for the characters that have one.
char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

void append_escaped(std::string& out, char c) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (const char letter = short_escape(c)) {
    out += '\\';
    out += letter;
  } else if (byte >= 0x20) {
    out += c;
  } else {
    out += "\\u00";
    out += digits[byte >> 4];
    out += digits[byte & 0xF];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) append_escaped(out, c);
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

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
    const std::optional<json::value> key = parsed(walk.string());
    MUST(key && key->is_string());
    MUST(walk.next() == ':');
    walk.step();
    members.push_back({std::string(key->get_string()), std::string(walk.value())});
  }
  return members;
}

bool is_json_object(std::string_view text) {
  const std::optional<json::value> value = parsed(text);
  return value && value->is_object();
}

}  // namespace lockstep
