// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/messages_rules.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

namespace lockstep {
namespace {

namespace json = boost::json;

std::string text_at(const json::value& object, const char* key) {
  const auto* found = object.as_object().if_contains(key);
  return found && found->is_string() ? std::string(found->as_string()) : "";
}

bool is_white(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

bool is_plain(const std::string& text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789_-") == std::string::npos;
}

bool is_thinking(const json::value& block) {
  return text_at(block, "type") == "thinking" || text_at(block, "type") == "redacted_thinking";
}

class Rules {
 public:
  explicit Rules(const json::value& request) : request_(request) {}

  std::string refusal() {
    const json::array& messages = request_.at("messages").as_array();
    if (messages.empty()) return "no messages";
    if (text_at(messages[0], "role") != "user") return "the first message is not the user's";
    for (std::size_t at = 0; at < messages.size() && refusal_.empty(); ++at) look(messages, at);
    if (refusal_.empty() && thinks() && has_results(messages.back())) look_at_loop(messages);
    const auto& last = messages.back();
    if (refusal_.empty() && text_at(last, "role") == "assistant") {
      const std::string text = text_at(last.at("content").as_array().back(), "text");
      if (thinks()) refuse("an answer can't be continued while thinking");
      if (!text.empty() && is_white(text.substr(text.size() - 1))) refuse("white space at the end");
    }
    for (const std::string& asked : asked_) {
      if (!found_.contains(asked)) refuse("no result of the server tool " + asked);
    }
    if (marks(json::serialize(request_)) > 4) refuse("more than 4 marks of the cache");
    return refusal_;
  }

 private:
  void refuse(const std::string& why) {
    if (refusal_.empty()) refusal_ = why;
  }

  static std::size_t marks(const std::string& body) {
    std::size_t marks = 0;
    for (std::size_t at = body.find("\"cache_control\""); at != std::string::npos;
         at = body.find("\"cache_control\"", at + 1)) {
      ++marks;
    }
    return marks;
  }

  [[nodiscard]] bool thinks() const {
    const auto* thinking = request_.as_object().if_contains("thinking");
    return thinking && text_at(*thinking, "type") == "enabled";
  }

  static bool has_results(const json::value& message) {
    return text_at(message.at("content").as_array().front(), "type") == "tool_result";
  }

  void look(const json::array& messages, std::size_t at) {
    const json::value& message = messages[at];
    const json::array& content = message.at("content").as_array();
    const bool assistant = text_at(message, "role") == "assistant";
    if (assistant != (at % 2 == 1)) return refuse("roles do not alternate");
    if (content.empty()) return refuse("an empty message");
    std::vector<std::string> calls;
    for (const json::value& block : content) {
      look(block, assistant);
      if (text_at(block, "type") == "tool_use") calls.push_back(text_at(block, "id"));
    }
    if (assistant && std::ranges::all_of(content, is_thinking)) refuse("thinking alone");
    std::vector<std::string> results;
    if (at + 1 < messages.size()) {
      for (const json::value& block : messages[at + 1].at("content").as_array()) {
        if (text_at(block, "type") != "tool_result") break;
        results.push_back(text_at(block, "tool_use_id"));
      }
    }
    const std::size_t all = at + 1 < messages.size() ? results_in(messages[at + 1]) : 0;
    if (assistant && (results != calls || all != calls.size()))
      refuse("results do not follow their calls");
  }

  static std::size_t results_in(const json::value& message) {
    return static_cast<std::size_t>(std::ranges::count_if(
        message.at("content").as_array(),
        [](const json::value& block) { return text_at(block, "type") == "tool_result"; }));
  }

  void look(const json::value& block, bool assistant) {
    const std::string type = text_at(block, "type");
    if (type == "text" && is_white(text_at(block, "text"))) refuse("an empty text");
    if (type == "tool_use") {
      if (!assistant) refuse("a call of a user");
      if (!is_plain(text_at(block, "id"))) refuse("the id of a call");
      if (!is_plain(text_at(block, "name"))) refuse("the name of a tool");
      if (!block.at("input").is_object()) refuse("input is no object");
      if (!ids_.insert(text_at(block, "id")).second) refuse("two calls of one id");
    }
    if (type == "thinking") {
      const std::string signature = text_at(block, "signature");
      if (signature.empty()) refuse("no signature");
      if (signature.starts_with("signed:") &&
          signature.substr(sizeof("signed:") - 1) != text_at(block, "thinking")) {
        refuse("another signature");
      }
    }
    if (type == "server_tool_use" && !text_at(block, "id").empty() &&
        text_at(block, "name") != "code_execution") {
      asked_.insert(text_at(block, "id"));
    }
    if (type == "web_search_tool_result") found_.insert(text_at(block, "tool_use_id"));
  }

  // The calls and results behind the last question.
  void look_at_loop(const json::array& messages) {
    std::size_t first = messages.size() - 2;
    while (first >= 2 &&
           results_in(messages[first - 1]) == messages[first - 1].at("content").as_array().size()) {
      first -= 2;
    }
    if (!is_thinking(messages[first].at("content").as_array().front()))
      refuse("a final assistant message must start with a thinking block");
  }

  const json::value& request_;
  std::string refusal_;
  std::set<std::string> ids_;
  std::set<std::string> asked_;
  std::set<std::string> found_;
};

}  // namespace

std::string refusal_of_messages(const json::value& request) { return Rules(request).refusal(); }

}  // namespace lockstep
