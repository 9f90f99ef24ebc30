// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/markdown_quote.h"

#include <cmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "server/base/printable.h"

namespace lockstep {
namespace {

constexpr std::string_view prefix = "> ";
// An escape may uncover more HTML behind it; real texts need one or two rounds.
constexpr int rounds_max = 8;
constexpr std::string_view meaning = "\\`*_[]<>#&!|~$";

// A place in a text, both counted from 1; the column in bytes.
struct Place {
  int line = 0;
  int column = 0;
};

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line.empty() ? prefix.substr(0, 1) : prefix;
    text += line;
    text += '\n';
  }
  return text;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (text.ends_with('\n')) text.remove_suffix(1);
  while (true) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

// Where raw HTML begins, the last place first.
std::vector<Place> html_in(const std::string& markdown) {
  const std::unique_ptr<cmark_node, void (*)(cmark_node*)> document(
      cmark_parse_document(markdown.data(), markdown.size(), CMARK_OPT_SOURCEPOS), cmark_node_free);
  const std::unique_ptr<cmark_iter, void (*)(cmark_iter*)> nodes(cmark_iter_new(document.get()),
                                                                 cmark_iter_free);
  std::vector<Place> found;
  while (true) {
    const cmark_event_type event = cmark_iter_next(nodes.get());
    if (event == CMARK_EVENT_DONE) break;
    if (event != CMARK_EVENT_ENTER) continue;
    cmark_node* node = cmark_iter_get_node(nodes.get());
    const cmark_node_type type = cmark_node_get_type(node);
    if (type != CMARK_NODE_HTML_BLOCK && type != CMARK_NODE_HTML_INLINE) continue;
    found.push_back({cmark_node_get_start_line(node), cmark_node_get_start_column(node)});
  }
  std::ranges::reverse(found);
  return found;
}

// False if there is no `<` at the place.
bool escape_at(std::vector<std::string>& lines, Place place) {
  const auto index = static_cast<std::size_t>(place.line) - 1;
  if (place.line < 1 || index >= lines.size()) return false;
  std::string& line = lines[index];
  const int offset = place.column - 1 - static_cast<int>(prefix.size());
  if (offset < 0) return false;
  const std::size_t at = line.find_first_not_of(' ', static_cast<std::size_t>(offset));
  if (at == std::string::npos || line[at] != '<') return false;
  line.insert(at, 1, '\\');
  return true;
}

std::size_t longest_run(std::string_view text, char of) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == of ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

std::string whole_line(std::string_view text) {
  std::string line = printable(text);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

}  // namespace

std::string quoted_markdown(std::string_view text) {
  const std::string shown = printable(text);
  std::vector<std::string> lines = lines_of(shown);
  for (int round = 0; round < rounds_max; ++round) {
    std::string quote = join(lines);
    const std::vector<Place> html = html_in(quote);
    if (html.empty()) return quote;
    const bool escaped =
        std::ranges::all_of(html, [&](Place place) { return escape_at(lines, place); });
    if (!escaped) break;
  }
  return fenced_markdown(shown, "");
}

std::string fenced_markdown(std::string_view text, std::string_view language) {
  // Counted after `printable`, which may remove a control character between two backticks.
  const std::string shown = printable(text);
  const std::string fence(std::max<std::size_t>(3, longest_run(shown, '`') + 1), '`');
  return fence + std::string(language) + "\n" + shown + "\n" + fence + "\n";
}

std::string inline_markdown(std::string_view text) {
  std::string line;
  for (const char c : whole_line(text)) {
    if (meaning.find(c) != std::string_view::npos) line += '\\';
    line += c;
  }
  return line;
}

std::string code_markdown(std::string_view text) {
  const std::string line = whole_line(text);
  if (line.empty()) return "` `";
  const std::string ticks(longest_run(line, '`') + 1, '`');
  // Markdown removes one space at both ends; without them a backtick at an end would join ours.
  return ticks + " " + line + " " + ticks;
}

std::string link_markdown(std::string_view name, std::string_view uri) {
  std::string address;
  for (const char c : printable(uri)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && c != '<' && c != '>' && c != '\\') {
      address += c;
      continue;
    }
    char encoded[4];
    std::snprintf(encoded, sizeof encoded, "%%%02X", byte);
    address += encoded;
  }
  return "[" + inline_markdown(name) + "](<" + address + ">)";
}

}  // namespace lockstep
