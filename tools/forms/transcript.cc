// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/transcript.h"

#include <algorithm>
#include <ranges>
#include <unordered_map>

#include "engine/rules/file_name.h"
#include "server/base/printable.h"
#include "server/codec/json_write.h"
#include "tools/forms/call_words.h"

namespace lockstep {
namespace {

struct PartText {
  std::string operator()(const TextPart& part) const { return part.text; }
  std::string operator()(const ReasoningPart& part) const { return "… " + part.text; }
  std::string operator()(const ToolCallPart& part) const {
    return "> " + part.name + "(" + part.arguments + ") " + part.id;
  }
  std::string operator()(const ToolResultPart& part) const {
    return "< " + part.call + (part.failed ? " failed: " : ": ") + part.content;
  }
  std::string operator()(const FilePart& part) const {
    return "@ " + (part.name ? file_name_line(*part.name) + " " : std::string()) + part.uri;
  }
  std::string operator()(const DataPart& part) const {
    return "= " + part.name + " " + part.value.text;
  }
};

std::string text_of(const Message& message, std::size_t part, const ThreadState* state) {
  std::string text = std::visit(PartText{}, message.parts[part]);
  if (!std::holds_alternative<ToolCallPart>(message.parts[part])) return text;
  const std::string how = call_words(state, message, part);
  return how.empty() ? text : text + " [" + how + "]";
}

struct Point {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

Point point_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {1, 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (bytes == 2) return {2, 1};
  if (bytes == 3 && at + 2 < text.size()) {
    const auto next = static_cast<unsigned char>(text[at + 1]);
    // U+2000 to U+203F (dashes, quotes, the ellipsis) and U+2500 to U+257F (lines) are narrow.
    if (lead == 0xe2 && (next == 0x80 || next == 0x94 || next == 0x95)) return {3, 1};
    if (lead == 0xe0) return {3, 1};  // below U+1000: scripts of one column
  }
  return {std::min(bytes, text.size() - at), 2};
}

// Breaks one line of the text at the last column; behind a space if its second half has one.
void wrap_line(std::string_view line, std::size_t columns, std::vector<std::string>& lines) {
  while (true) {
    std::size_t end = 0;
    std::size_t used = 0;
    std::size_t space = 0;  // behind the last space
    while (end < line.size()) {
      const Point point = point_at(line, end);
      if (used + point.columns > columns && end > 0) break;
      used += point.columns;
      end += point.bytes;
      if (line[end - 1] == ' ') space = end;
    }
    if (end < line.size() && space > end / 2) end = space;
    lines.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
    if (line.empty()) return;
  }
}

using Children = std::unordered_map<std::string, std::vector<std::uint32_t>>;

// A deletion also deletes the messages below, so a living message has a living parent or is a root.
Children children_of(const ThreadState& state) {
  Children children;
  for (std::uint32_t number = 0; number < state.messages.size(); ++number) {
    const MessageState& row = state.messages[number];
    if (row.deleted) continue;
    children[row.message.parent ? row.message.parent->get() : std::string()].push_back(number);
  }
  return children;
}

}  // namespace

std::string readable(const Message& message, const ThreadState* state) {
  std::string text;
  for (std::size_t part = 0; part < message.parts.size(); ++part) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += printable(text_of(message, part, state));
  }
  return text;
}

std::string excerpt(const Message& message, std::size_t points_max) {
  std::string text;
  for (std::size_t part = 0; part < message.parts.size(); ++part) {
    if (!text.empty()) text += ' ';
    text += text_of(message, part, nullptr);
    if (text.size() > 4 * points_max) break;
  }
  return one_line(text, points_max);
}

std::string heading(const Message& message) {
  std::string text(name_of(message.role));
  text += " " + message.id.get();
  if (message.author) text += " (" + one_line(*message.author, 64) + ")";
  if (message.run) text += " run " + message.run->get();
  if (message.status != MessageStatus::complete) {
    text += " ";
    text += name_of(message.status);
  }
  return text;
}

Ink ink_of(const Message& message) {
  switch (message.status) {
    case MessageStatus::failed:
    case MessageStatus::interrupted:
      return Ink::red;
    case MessageStatus::stopped:
      return Ink::yellow;
    default:
      break;
  }
  switch (message.role) {
    case Role::user:
      return Ink::cyan;
    case Role::assistant:
      return Ink::green;
    default:
      return Ink::blue;
  }
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  columns = std::max<std::size_t>(columns, 2);
  std::string spaced;
  for (char c : text) spaced += c == '\t' ? std::string(4, ' ') : std::string(1, c);
  std::string_view rest = spaced;
  while (true) {
    const std::size_t end = rest.find('\n');
    wrap_line(rest.substr(0, end), columns, lines);
    if (end == std::string_view::npos) return lines;
    rest.remove_prefix(end + 1);
  }
}

namespace {

struct WaitingLine {
  std::uint32_t number;
  std::string branch;  // before the message
  std::string below;   // the prefix of the lines below it
};

void add_children(const std::vector<std::uint32_t>& numbers, const std::string& below,
                  std::vector<WaitingLine>& waiting) {
  const bool branches = numbers.size() > 1;
  // Pushes the last child first, because the loop takes the top of the stack.
  for (const std::uint32_t number : numbers | std::views::reverse) {
    const bool last = number == numbers.back();
    const std::string branch = !branches ? "" : last ? "└─ " : "├─ ";
    const std::string stem = !branches ? "" : last ? "   " : "│  ";
    waiting.push_back({number, below + branch, below + stem});
  }
}

}  // namespace

std::vector<TreeLine> tree_of(const ThreadState& state) {
  const Children children = children_of(state);
  std::vector<WaitingLine> waiting;
  const auto add_below = [&](const std::string& parent, const std::string& below) {
    const auto found = children.find(parent);
    if (found != children.end()) add_children(found->second, below, waiting);
  };
  std::vector<TreeLine> lines;
  add_below("", "");
  while (!waiting.empty()) {
    WaitingLine next = std::move(waiting.back());
    waiting.pop_back();
    lines.push_back({next.number, next.branch});
    add_below(state.messages[next.number].message.id.get(), next.below);
  }
  return lines;
}

}  // namespace lockstep
