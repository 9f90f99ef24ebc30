// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/oracle_words.h"

#include <vector>

namespace lockstep::oracle {

std::string role_name(Role role) {
  return std::vector<std::string>{"system", "user", "assistant", "tool"}.at(
      static_cast<std::size_t>(role));
}

bool asks(const std::string& agent, const std::string& tool) {
  return tool == "ask" || (tool == "write" && (agent == "careful" || agent == "hasty"));
}

bool is_object(const std::u16string& wide) {
  std::string text;
  for (const char16_t unit : wide) text += unit < 128 ? static_cast<char>(unit) : '?';
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  return !error && value.is_object();
}

std::string opaque(const std::optional<Json>& json) { return json ? json->text : ""; }

namespace {
Part made_of(const char* type, const std::string& text, const std::string& one,
             const std::string& two) {
  Part part;
  part.type = type;
  part.text = widen(text);
  part.one = one;
  part.two = two;
  return part;
}
}  // namespace

Part part_of(const lockstep::Part& part) {
  if (const auto* text = std::get_if<TextPart>(&part)) return made_of("text", text->text, "", "");
  if (const auto* thought = std::get_if<ReasoningPart>(&part)) {
    return made_of("reasoning", thought->text, "", "");
  }
  if (const auto* call = std::get_if<ToolCallPart>(&part)) {
    return made_of("tool_call", call->arguments, call->id, call->name);
  }
  if (const auto* result = std::get_if<ToolResultPart>(&part)) {
    Part made = made_of("tool_result", "", result->call, result->content);
    made.marked = result->made;
    made.failed = result->failed;
    return made;
  }
  if (const auto* file = std::get_if<FilePart>(&part)) {
    return made_of("file", "", file->uri, file->name.value_or(""));
  }
  const auto& data = std::get<DataPart>(part);
  return made_of("data", "", data.name, data.value.text);
}

std::vector<std::string> repair_words(const std::vector<NotedRepair>& repairs) {
  std::vector<std::string> words;
  for (const NotedRepair& repair : repairs) {
    std::string& word = words.emplace_back(repair.kind + " " + std::to_string(repair.count));
    for (const std::string& id : repair.ids) word += " " + id;
  }
  return words;
}

bool grows(const Part& part) {
  return part.type == "text" || part.type == "reasoning" || part.type == "tool_call";
}

namespace {
bool high_surrogate(char16_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
}  // namespace

void shorten(std::u16string& text, std::size_t units) {
  if (units >= text.size()) return;
  if (units > 0 && high_surrogate(text[units - 1])) --units;
  text.resize(units);
}

std::u16string title_of(const std::u16string& text) {
  constexpr int points_max = 80;
  std::u16string title;
  int points = 0;
  for (const char16_t unit : text) {
    const bool spare = unit == u' ' && (title.empty() || title.back() == u' ');
    if (spare) continue;
    const bool second_half = unit >= 0xDC00 && unit < 0xE000;
    if (!second_half && ++points > points_max) break;
    title += unit;
  }
  if (title.ends_with(u' ')) title.pop_back();
  return title;
}

std::u16string widen(const std::string& utf8) {
  std::u16string wide;
  for (std::size_t at = 0; at < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[at]);
    const int more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    char32_t point = more == 0 ? lead : lead & (0x3F >> more);
    for (int next = 1; next <= more; ++next) {
      point = point << 6 |
              (static_cast<unsigned char>(utf8[at + static_cast<std::size_t>(next)]) & 0x3F);
    }
    at += static_cast<std::size_t>(more) + 1;
    if (point < 0x10000) {
      wide += static_cast<char16_t>(point);
    } else {
      point -= 0x10000;
      wide += static_cast<char16_t>(0xD800 + (point >> 10));
      wide += static_cast<char16_t>(0xDC00 + (point & 0x3FF));
    }
  }
  return wide;
}

void drop_beside(Message& message, const std::vector<Part>& former) {
  const auto same = [&](std::size_t part) {
    if (part >= former.size() || part >= message.parts.size()) return false;
    const Part& was = former[part];
    const Part& is = message.parts[part];
    return was.type == is.type && was.text == is.text && was.one == is.one && was.two == is.two;
  };
  bool all = former.size() == message.parts.size();
  for (std::size_t part = 0; part < former.size(); ++part) all = all && same(part);
  std::erase_if(message.opaque, [&](const auto& data) {
    return data.first < 0 ? !all : !same(static_cast<std::size_t>(data.first));
  });
  std::erase_if(message.notes, [&](const auto& note) { return !same(note.first); });
}

}  // namespace lockstep::oracle
