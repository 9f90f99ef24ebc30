// SPDX-License-Identifier: Apache-2.0
#include "tests/tidy_text.h"

namespace lockstep::tidy {

std::vector<View> lines_of(View text) {
  std::vector<View> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::optional<std::size_t> find_word(View line, View word) {
  for (std::size_t at = line.find(word); at != View::npos; at = line.find(word, at + 1)) {
    const bool joined_before =
        at > 0 && is_word(line[at - 1]) && is_word(word.front()) && word.front() != '_';
    const std::size_t end = at + word.size();
    const bool joined_after = end < line.size() && is_word(word.back()) && is_word(line[end]);
    if (!joined_before && !joined_after) return at;
  }
  return std::nullopt;
}

std::size_t columns(View line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

namespace {

// The kind of text at a place, for code_of.
enum class Inside { code, line_comment, block_comment, string, character };

// Does a quote at `at` begin a character literal, or stand between the digits of a number?
bool begins_character(View text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && (is_word(text[begin - 1]) || text[begin - 1] == '\'')) --begin;
  return begin == at || std::isdigit(static_cast<unsigned char>(text[begin])) == 0;
}

// The end of the raw string whose quote is at `at`; nothing if it is an ordinary string's.
std::optional<std::size_t> raw_string_end(View text, std::size_t at) {
  if (at == 0 || text[at - 1] != 'R') return std::nullopt;
  const std::size_t open = text.find('(', at);
  if (open == View::npos) return std::nullopt;
  const std::string close = ")" + std::string(text.substr(at + 1, open - at - 1)) + "\"";
  const std::size_t end = text.find(close, open);
  return end == View::npos ? text.size() : end + close.size();
}

Inside next_inside(View text, std::size_t at) {
  if (text.substr(at, 2) == "//") return Inside::line_comment;
  if (text.substr(at, 2) == "/*") return Inside::block_comment;
  if (text[at] == '"') return Inside::string;
  if (text[at] == '\'' && begins_character(text, at)) return Inside::character;
  return Inside::code;
}

bool ends(View text, std::size_t at, Inside inside) {
  switch (inside) {
    case Inside::line_comment:
      return text[at] == '\n';
    case Inside::block_comment:
      return text[at] == '/' && text[at - 1] == '*';
    case Inside::string:
      return text[at] == '"' || text[at] == '\n';
    case Inside::character:
      return text[at] == '\'' || text[at] == '\n';
    case Inside::code:
      break;
  }
  return false;
}

void blank(std::string& code, std::size_t begin, std::size_t end) {
  for (std::size_t at = begin; at < end; ++at) {
    if (code[at] != '\n') code[at] = ' ';
  }
}

// Where the comment or literal that begins at `begin` ends.
std::size_t end_of(View text, std::size_t begin, Inside inside) {
  if (inside == Inside::string) {
    if (const auto raw = raw_string_end(text, begin)) return *raw;
  }
  const bool literal = inside == Inside::string || inside == Inside::character;
  std::size_t at = begin + (inside == Inside::block_comment ? 3 : 1);
  while (at < text.size() && !ends(text, at, inside)) at += literal && text[at] == '\\' ? 2 : 1;
  if (at >= text.size()) return text.size();
  return text[at] == '\n' ? at : at + 1;
}

}  // namespace

std::string code_of(View text) {
  std::string code(text);
  for (std::size_t at = 0; at < text.size();) {
    const Inside inside = next_inside(text, at);
    if (inside == Inside::code) {
      ++at;
      continue;
    }
    const std::size_t end = end_of(text, at, inside);
    blank(code, at, end);
    at = end;
  }
  return code;
}

}  // namespace lockstep::tidy
