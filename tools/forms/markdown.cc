// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/markdown.h"

#include "engine/rules/file_name.h"
#include "server/base/printable.h"
#include "server/codec/json_write.h"
#include "tools/base/terminal.h"
#include "tools/forms/call_words.h"
#include "tools/forms/markdown_quote.h"

namespace lockstep {
namespace {

struct PartMarkdown {
  std::string how;  // a call stands
  std::string operator()(const TextPart& part) const { return quoted_markdown(part.text); }
  std::string operator()(const ReasoningPart& part) const {
    return "Reasoning:\n\n" + quoted_markdown(part.text);
  }
  std::string operator()(const ToolCallPart& part) const {
    return "Call of " + code_markdown(part.name) + " (" + code_markdown(part.id) + ")" +
           (how.empty() ? "" : ", " + inline_markdown(how)) + ":\n\n" +
           fenced_markdown(part.arguments, "json");
  }
  std::string operator()(const ToolResultPart& part) const {
    return "Result of " + code_markdown(part.call) + (part.failed ? ", failed" : "") + ":\n\n" +
           fenced_markdown(part.content, "");
  }
  std::string operator()(const FilePart& part) const {
    const std::string name = part.name ? file_name_line(*part.name) : part.uri;
    return "File: " + link_markdown(name, part.uri) + "\n";
  }
  std::string operator()(const DataPart& part) const {
    return "Data " + code_markdown(part.name) + ":\n\n" + fenced_markdown(part.value.text, "json");
  }
};

std::string title_of(const Message& message) {
  std::string title(name_of(message.role));
  title.front() = static_cast<char>(title.front() - 'a' + 'A');
  if (message.author) title += " (" + inline_markdown(one_line(*message.author, 64)) + ")";
  if (message.status != MessageStatus::complete) {
    title += ", " + std::string(name_of(message.status));
  }
  return title;
}

}  // namespace

std::string markdown_of(const ThreadState& state) {
  const Thread& thread = state.thread;
  const std::vector<const MessageState*> path = state.path(thread.head);
  std::string text =
      "# " + inline_markdown(one_line(thread.title.empty() ? thread.id.get() : thread.title, 200)) +
      "\n\n";
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
  for (const MessageState* row : path) {
    text += "\n## " + title_of(row->message) + "\n";
    const Parts& parts = row->message.parts;
    for (std::size_t at = 0; at < parts.size(); ++at) {
      const bool call = std::holds_alternative<ToolCallPart>(parts[at]);
      PartMarkdown form{call ? call_words(&state, row->message, at) : ""};
      text += "\n" + std::visit(form, parts[at]);
    }
  }
  return text;
}

}  // namespace lockstep
