// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/native_law.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstddef>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "tests/laws/request_read.h"

namespace lockstep::test {
namespace {

namespace json = boost::json;

// One thing that a request says.
struct Said {
  enum class Kind { text, reasoning, call, result };
  Kind kind = Kind::text;
  std::string text{};  // of a call: its arguments
  std::string id{};    // of a call and a result
  std::string name{};  // of a call
};

std::string plain(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

// --- Anthropic's Messages API --------------------------------------------------------------------

void read_block(const json::object& block, std::vector<Said>& said) {
  const std::string type = text_of(block, "type");
  if (type == "text") said.push_back({Said::Kind::text, text_of(block, "text")});
  if (type == "thinking") said.push_back({Said::Kind::reasoning, text_of(block, "thinking")});
  if (type == "tool_use") {
    said.push_back({Said::Kind::call, json::serialize(block.at("input")), text_of(block, "id"),
                    text_of(block, "name")});
  }
  if (type == "tool_result") {
    const json::value* content = block.if_contains("content");
    said.push_back(
        {Said::Kind::result, content ? plain(*content) : "", text_of(block, "tool_use_id")});
  }
  if (type == "image" || type == "document") {
    said.push_back({Said::Kind::text, "file " + json::serialize(block.at("source"))});
  }
}

void read_content(const json::value& content, std::vector<Said>& said) {
  if (content.is_string()) return said.push_back({Said::Kind::text, plain(content)});
  for (const json::value& block : content.as_array()) read_block(block.as_object(), said);
}

std::vector<Said> read_messages(const json::value& body) {
  std::vector<Said> said;
  if (const json::value* system = body.as_object().if_contains("system")) {
    read_content(*system, said);
  }
  for (const json::value& message : body.at("messages").as_array()) {
    read_content(message.at("content"), said);
  }
  return said;
}

// --- OpenAI's Responses API ----------------------------------------------------------------------

void read_item(const json::object& item, std::vector<Said>& said) {
  const std::string type = text_of(item, "type");
  if (type == "function_call") {
    return said.push_back({Said::Kind::call, text_of(item, "arguments"), text_of(item, "call_id"),
                           text_of(item, "name")});
  }
  if (type == "function_call_output") {
    return said.push_back({Said::Kind::result, plain(item.at("output")), text_of(item, "call_id")});
  }
  if (type == "reasoning") {
    for (const json::value& summary : item.at("summary").as_array()) {
      said.push_back({Said::Kind::reasoning, text_of(summary.as_object(), "text")});
    }
    return;
  }
  const json::value& content = item.at("content");
  if (content.is_string()) return said.push_back({Said::Kind::text, plain(content)});
  for (const json::value& piece : content.as_array()) {
    const json::object& object = piece.as_object();
    const std::string text = text_of(object, "text");
    said.push_back({Said::Kind::text, text.empty() ? "file " + json::serialize(piece) : text});
  }
}

std::vector<Said> read_input(const json::value& body) {
  std::vector<Said> said;
  const std::string instructions = text_of(body.as_object(), "instructions");
  if (!instructions.empty()) said.push_back({Said::Kind::text, instructions});
  for (const json::value& item : body.at("input").as_array()) read_item(item.as_object(), said);
  return said;
}

// --- The comparison ------------------------------------------------------------------------------

bool is_white(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

std::string trimmed(std::string text) {
  while (!text.empty() && is_white(text.substr(text.size() - 1))) text.pop_back();
  return text;
}

bool same_json(const std::string& one, const std::string& other) {
  boost::system::error_code error;
  const json::value left = json::parse(one, error);
  if (error) return false;
  const json::value right = json::parse(other, error);
  return !error && left == right;
}

class Native {
 public:
  Native(const Context& context, const Sent& sent, std::vector<Said> said)
      : context_(context), repairs_(sent.repairs), said_(std::move(said)) {}

  std::string run() {
    for (const Message& message : context_.path) {
      if (left_out(message)) continue;
      for (std::size_t part = 0; part < message.parts.size(); ++part) {
        std::string wrong = check(message, message.parts[part]);
        if (!wrong.empty()) {
          return "message " + message.id.get() + ", part " + std::to_string(part) + ": " + wrong;
        }
      }
    }
    for (std::size_t at = 0; at < said_.size(); ++at) {
      if (said_[at].kind == Said::Kind::call && at >= next_call_) {
        return "the request has a call more: " + said_[at].id;
      }
    }
    return check_results();
  }

 private:
  // Only the first ids of a kind are named.
  [[nodiscard]] bool named(std::string_view kind, const std::string& id) const {
    const auto found = std::ranges::find(repairs_, kind, &Repair::kind);
    if (found == repairs_.end()) return false;
    return found->count > found->ids.size() ||
           std::ranges::find(found->ids, id) != found->ids.end();
  }
  [[nodiscard]] bool left_out(const Message& message) const {
    return message.role != Role::system &&
           (named("dropped", message.id.get()) || named("summarised", message.id.get()));
  }

  // Texts stand in their order, several of them perhaps within one. What a system says stands
  // before all of them, where a repair tells so.
  bool has_text(const Message& message, std::string text) {
    if (is_white(text)) return true;
    if (message.role == Role::system || named("system_moved", message.id.get())) {
      return std::ranges::any_of(
          said_, [&](const Said& each) { return each.text.contains(trimmed(text)); });
    }
    for (const std::string& wanted : {text, trimmed(text)}) {
      std::size_t from = from_;
      for (std::size_t at = next_text_; at < said_.size(); ++at, from = 0) {
        if (said_[at].kind != Said::Kind::text) continue;
        const std::size_t found = said_[at].text.find(wanted, from);
        if (found == std::string::npos) continue;
        next_text_ = at;
        from_ = found + wanted.size();
        return true;
      }
      if (!named("space_cut", message.id.get())) break;
    }
    return false;
  }

  std::string check(const Message& message, const Part& part) {
    const std::string& id = message.id.get();
    if (const auto* text = std::get_if<TextPart>(&part)) {
      return has_text(message, text->text) ? "" : "the text is not sent: " + text->text;
    }
    if (const auto* reasoning = std::get_if<ReasoningPart>(&part)) {
      const bool sent = std::ranges::any_of(said_, [&](const Said& each) {
        return each.kind == Said::Kind::reasoning && each.text.contains(reasoning->text);
      });
      const bool excused = named("reasoning_left_out", id) || named("placeholder", id) ||
                           named("empty_left_out", id) || is_white(reasoning->text);
      return sent || excused ? "" : "the reasoning is not sent, and nothing says so";
    }
    if (const auto* call = std::get_if<ToolCallPart>(&part)) return check_call(message, *call);
    if (const auto* data = std::get_if<DataPart>(&part)) {
      return named("data_as_text", id) ? "" : "data without a repair: " + data->name;
    }
    return {};
  }

  std::string check_call(const Message& message, const ToolCallPart& call) {
    if (message.role != Role::assistant) {
      return named("call_left_out", call.id) ? "" : "a call is left out: " + call.id;
    }
    while (next_call_ < said_.size() && said_[next_call_].kind != Said::Kind::call) ++next_call_;
    if (next_call_ == said_.size()) return "the call is not sent: " + call.id;
    const Said& sent = said_[next_call_];
    calls_.emplace_back(&message, &call, next_call_++);
    if (sent.id != call.id && !named("call_id_changed", call.id)) return "another id: " + sent.id;
    if (!used_.insert(sent.id).second) return "an id is sent twice: " + sent.id;
    if (sent.name != call.name && !named("call_name_changed", call.id)) {
      return "another name: " + sent.name;
    }
    if (call.arguments.empty() && sent.text == "{}") return {};
    if (sent.text == call.arguments || same_json(sent.text, call.arguments)) return {};
    return named("arguments_wrapped", call.id) ? "" : "other arguments: " + sent.text;
  }

  // By the rule's words: a real result goes to the first open call of its id in the last message
  // that has one; a made one stands in the call's own message.
  std::string check_results() {
    for (const auto& [message, call, at] : calls_) {
      const auto sent = std::ranges::find_if(said_, [&](const Said& each) {
        return each.kind == Said::Kind::result && each.id == said_[at].id;
      });
      if (sent == said_.end()) return "call " + call->id + " has no result";
      for (auto between = said_.begin() + static_cast<std::ptrdiff_t>(at) + 1; between < sent;
           ++between) {
        const bool kept = between->kind != Said::Kind::text || between_calls(at, between);
        if (!kept) return "a text stands between call " + call->id + " and its result";
      }
      if (sent < said_.begin() + static_cast<std::ptrdiff_t>(at)) return "a result before its call";
      const bool known = std::ranges::any_of(context_.path, [&](const Message& each) {
        return std::ranges::any_of(each.parts, [&](const Part& part) {
          const auto* result = std::get_if<ToolResultPart>(&part);
          return result && result->call == call->id &&
                 (result->content == sent->text || is_white(result->content));
        });
      });
      if (!known && !named("no_result", call->id)) return "a result from nowhere: " + sent->text;
    }
    return {};
  }

  // A text of the same answer, which has more calls behind it.
  [[nodiscard]] bool between_calls(std::size_t at, std::vector<Said>::iterator text) const {
    const auto result =
        std::find_if(said_.begin() + static_cast<std::ptrdiff_t>(at), said_.end(),
                     [](const Said& each) { return each.kind == Said::Kind::result; });
    return std::vector<Said>::const_iterator(text) < result;
  }

  struct Called {
    const Message* message;
    const ToolCallPart* call;
    std::size_t at;
    Called(const Message* of, const ToolCallPart* part, std::size_t place)
        : message(of), call(part), at(place) {}
  };

  const Context& context_;
  const std::vector<Repair>& repairs_;
  std::vector<Said> said_;
  std::size_t next_text_ = 0;
  std::size_t from_ = 0;
  std::size_t next_call_ = 0;
  std::vector<Called> calls_;
  std::set<std::string> used_;
};

}  // namespace

std::string check_native(const Context& context, const RequestSettings& settings,
                         const Sent& sent) {
  if (sent.refusal) return {};
  const json::value body = json::parse(sent.body);
  const bool messages = settings.kind == "anthropic";
  return Native(context, sent, messages ? read_messages(body) : read_input(body)).run();
}

}  // namespace lockstep::test
