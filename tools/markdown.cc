#include "tools/markdown.h"

#include <algorithm>

#include "server/front/json_write.h"
#include "tools/terminal.h"

namespace lockstep {
namespace {

std::string fenced(std::string_view text, std::string_view language) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(std::max<std::size_t>(3, longest + 1), '`');
  return fence + std::string(language) + "\n" + std::string(text) + "\n" + fence + "\n";
}

std::string quoted(std::string_view text) {
  std::string lines = "> ";
  for (char c : text) lines += c == '\n' ? std::string("\n> ") : std::string(1, c);
  return lines + "\n";
}

struct PartMarkdown {
  std::string operator()(const TextPart& part) const { return part.text + "\n"; }
  std::string operator()(const ReasoningPart& part) const { return quoted(part.text); }
  std::string operator()(const ToolCallPart& part) const {
    return "Call of `" + part.name + "` (`" + part.id + "`):\n\n" + fenced(part.arguments, "json");
  }
  std::string operator()(const ToolResultPart& part) const {
    return "Result of `" + part.call + "`:\n\n" + fenced(part.content, "");
  }
  std::string operator()(const FilePart& part) const {
    return "[" + part.name.value_or(part.uri) + "](<" + part.uri + ">)\n";
  }
  std::string operator()(const DataPart& part) const {
    return "Data `" + part.name + "`:\n\n" + fenced(part.value.text, "json");
  }
};

std::string title_of(const Message& message) {
  std::string title(name_of(message.role));
  title.front() = static_cast<char>(title.front() - 'a' + 'A');
  if (message.author) title += " (" + one_line(*message.author, 64) + ")";
  if (message.status != MessageStatus::complete) {
    title += ", " + std::string(name_of(message.status));
  }
  return title;
}

}  // namespace

std::string markdown_of(const ThreadState& state) {
  const Thread& thread = state.thread;
  const std::vector<const MessageRow*> path = state.path(thread.head);
  std::string text =
      "# " + one_line(thread.title.empty() ? thread.id.get() : thread.title, 200) + "\n\n";
  text += "Thread `" + thread.id.get() + "`, " + time_text(thread.created) + " to " +
          time_text(thread.updated) + ".";
  std::size_t living = 0;
  for (std::size_t number = 0; number < state.messages.size(); ++number) {
    if (!state.messages[number].deleted) ++living;
  }
  if (living > path.size()) {
    text += " " + std::to_string(living - path.size()) + " more messages lie on other branches.";
  }
  text += "\n";
  for (const MessageRow* row : path) {
    text += "\n## " + title_of(row->message) + "\n";
    for (const Part& part : row->message.parts) text += "\n" + std::visit(PartMarkdown{}, part);
  }
  return text;
}

}  // namespace lockstep
