// SPDX-License-Identifier: Apache-2.0
// The law of requests to the Responses API, over random histories: it would refuse none of them,
// and all that the path shows is in them or is named. The oracle knows what each server wrote, and
// reads the request with a reader of its own.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "server/inference/compose.h"
#include "server/inference/settings.h"
#include "tests/inference/response_events.h"

namespace lockstep {
namespace {

namespace json = boost::json;

constexpr const char* other_origin = "openai-responses https://other.example gpt";

// What a server wrote, by the item's id.
struct Wrote {
  std::string type;
  json::value item;
  std::string reasoning;  // the id of the reasoning right before it; empty: none
  std::string next;       // of reasoning: the type of the item behind it; empty: none
};

// A history: random turns of users, two servers and tools.
class History {
 public:
  explicit History(unsigned seed) : random_(seed) {
    const unsigned turns = 1 + below(6);
    for (unsigned turn = 0; turn < turns; ++turn) {
      add(Role::user, {TextPart{"question" + number()}});
      if (below(8) == 0) add(Role::user, {TextPart{"more" + number()}});
      const unsigned answers = 1 + below(3);
      for (unsigned answer = 0; answer < answers; ++answer) add_answer();
    }
    if (below(2) == 0) add(Role::user, {TextPart{"last" + number()}});
  }

  [[nodiscard]] Context context(const RequestSettings& settings) const {
    return {.thread = {UserId("u"), ThreadId("t")},
            .run = RunId("next"),
            .path = path,
            .unanswered = {},
            .settings = settings_bytes(settings)};
  }

  std::vector<Message> path;
  std::map<std::string, Wrote> wrote;  // by the first server

 private:
  unsigned below(unsigned end) { return static_cast<unsigned>(random_()) % end; }
  std::string number() { return std::to_string(++made_) + "."; }

  Message& add(Role role, std::vector<Part> parts) {
    Message message;
    message.id = MessageId("m" + std::to_string(path.size()));
    message.role = role;
    message.parts = std::move(parts);
    if (!path.empty()) message.parent = path.back().id;
    path.push_back(std::move(message));
    return path.back();
  }

  std::string item_of(unsigned kind) {
    const std::string id = "i" + std::to_string(++made_);
    switch (kind) {
      case 0:
      case 1: {
        std::vector<std::string> summary;
        if (below(3) > 0) summary.push_back("\"thought" + number() + '"');
        return reasoning_item(id, summary, below(8) == 0 ? "" : "secret" + id);
      }
      case 2:
        return message_item(id, "\"answer" + number() + '"', below(4) == 0 ? "[{\"a\":1}]" : "[]",
                            below(8) == 0 ? "incomplete" : "completed");
      case 3:
        return call_item(id, "c" + number(), "look",
                         below(6) == 0 ? R"("{\"half\":")" : R"("{\"a\":1}")");
      case 4:
        return R"({"id":")" + id + R"(","type":"web_search_call","status":"completed"})";
      default:
        return R"({"id":")" + id + R"(","type":"computer_call","call_id":"x"})";
    }
  }

  void add_answer() {
    const bool first_server = below(4) > 0;
    std::string items;
    Wrote* before = nullptr;
    for (unsigned left = 1 + below(5); left > 0; --left) {
      const std::string item = item_of(below(6));
      items += (items.empty() ? "" : ",") + item;
      if (first_server) remember(json::parse(item), before);
    }
    ResponsesDecoder decoder(RunId("r" + std::to_string(path.size())), {},
                             first_server ? test_origin : other_origin);
    Written written;
    written.take(decoder.take(completed(items)));
    Message& message = add(Role::assistant, {});
    message.run = RunId("r" + std::to_string(path.size()));
    if (!written.messages.empty()) {
      message.parts = written.messages[0].parts;
      message.opaque = written.messages[0].opaque;
    }
    spoil(message);
    add_results(Message(message));
  }

  void remember(const json::value& item, Wrote*& before) {
    const std::string type(item.at("type").as_string());
    const std::string id(item.at("id").as_string());
    Wrote& here = wrote[id];
    here.type = type;
    here.item = item;
    if (before) before->next = type;
    if (before && before->type == "reasoning") here.reasoning = before->item.at("id").as_string();
    before = &here;
  }

  // A stop cuts the answer, or a user edits it.
  void spoil(Message& message) {
    const auto parts = static_cast<unsigned>(message.parts.size());
    if (parts == 0 || below(3) > 0) return;
    const unsigned at = below(parts);
    if (below(2) == 0) {
      if (std::holds_alternative<ToolCallPart>(message.parts[at])) return;
      message.parts.edit()[at] = TextPart{"edited" + number()};
      message.opaque.keep([at](std::optional<std::uint32_t> part) { return part != at; });
      return;
    }
    message.parts.edit().resize(at);
    message.opaque.keep([at](std::optional<std::uint32_t> part) { return part && *part < at; });
    message.status = MessageStatus::stopped;
  }

  void add_results(const Message& answer) {
    std::vector<Part> results;
    for (const Part& part : answer.parts) {
      const auto* call = std::get_if<ToolCallPart>(&part);
      if (call && below(4) > 0) results.push_back(ToolResultPart{call->id, "result" + number()});
    }
    if (!results.empty()) add(Role::tool, std::move(results));
  }

  std::mt19937 random_;
  unsigned made_ = 0;
};

std::string text_of(const json::value& item, const char* name) {
  const auto* found = item.as_object().if_contains(name);
  return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

// The refusal of the API; empty: it takes the input.
std::string refusal_of(const json::array& input, const std::map<std::string, Wrote>& wrote) {
  std::set<std::string> open;
  for (std::size_t at = 0; at < input.size(); ++at) {
    const std::string type = text_of(input[at], "type");
    const std::string id = text_of(input[at], "id");
    if (type == "function_call") open.insert(text_of(input[at], "call_id"));
    if (type == "function_call_output" && open.erase(text_of(input[at], "call_id")) != 1) {
      return "an output without a call";
    }
    if (type != "function_call" && type != "function_call_output" && !open.empty()) {
      return "a call without an output behind it";
    }
    if (type == "computer_call") return "a question without an answer";
    if (id.empty()) {
      if (type == "reasoning" || type == "web_search_call") return type + " without an id";
      continue;
    }
    const auto found = wrote.find(id);
    if (found == wrote.end()) return id + " is not known here";
    const Wrote& own = found->second;
    const std::string before = at == 0 ? "" : text_of(input[at - 1], "id");
    if (!own.reasoning.empty() && before != own.reasoning) return id + " lost its reasoning";
    if (type != "reasoning") continue;
    if (input[at] != own.item) return id + " was changed";
    if (text_of(input[at], "encrypted_content").empty()) return id + " has no encrypted content";
    const bool has_next = at + 1 < input.size();
    if (!has_next || text_of(input[at + 1], "type") != own.next) return id + " lost its item";
  }
  return open.empty() ? "" : "a call without an output";
}

std::set<std::string> named(const Sent& sent, const std::string& kind) {
  std::set<std::string> ids;
  for (const Repair& repair : sent.repairs) {
    if (repair.kind == kind) ids.insert(repair.ids.begin(), repair.ids.end());
  }
  return ids;
}

// All that the path shows is in the request, or is named.
void expect_shown(const std::vector<Message>& path, const Sent& sent) {
  const std::set<std::string> left_out = named(sent, "reasoning_left_out");
  for (const Message& message : path) {
    for (const Part& part : message.parts) {
      if (const auto* text = std::get_if<TextPart>(&part)) {
        EXPECT_TRUE(sent.body.contains(text->text)) << text->text;
      } else if (const auto* result = std::get_if<ToolResultPart>(&part)) {
        EXPECT_TRUE(sent.body.contains(result->content)) << result->content;
      } else if (const auto* call = std::get_if<ToolCallPart>(&part)) {
        EXPECT_TRUE(sent.body.contains('"' + call->id + '"')) << call->id;
      } else if (const auto* thought = std::get_if<ReasoningPart>(&part)) {
        EXPECT_TRUE(left_out.contains(message.id.get()) || sent.body.contains(thought->text))
            << thought->text;
      } else if (const auto* data = std::get_if<DataPart>(&part)) {
        const bool quoted = data->name == "openai.annotations";
        const std::string type = data->name.substr(std::string("openai.").size());
        EXPECT_TRUE(quoted || sent.body.contains(type)) << data->name;
      }
    }
  }
}

TEST(ResponsesLaw, NoRequestOfARandomHistoryWouldBeRefusedOrHideWhatThePathShows) {
  std::size_t reasoning = 0;
  std::size_t own = 0;
  for (unsigned seed = 0; seed < 5'000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const History history(seed);
    RequestSettings settings;
    settings.kind = "openai-responses";
    settings.origin = test_origin;
    settings.join = seed % 2 == 0;
    settings.reasoning = seed % 5 == 0   ? ReasoningBack::never
                         : seed % 5 == 1 ? ReasoningBack::with_calls
                                         : ReasoningBack::always;
    const Context context = history.context(settings);
    const Sent sent = sent_from_settings(context);

    EXPECT_EQ(sent_from_settings(context).body, sent.body);
    const json::value body = json::parse(sent.body);
    const json::array& input = body.at("input").as_array();
    EXPECT_EQ(refusal_of(input, history.wrote), "") << sent.body;
    expect_shown(history.path, sent);
    for (const json::value& item : input) {
      if (text_of(item, "type") == "reasoning") ++reasoning;
      if (!text_of(item, "id").empty()) ++own;
    }
  }
  EXPECT_GT(reasoning, 1'000u);
  EXPECT_GT(own, 5'000u);
}

}  // namespace
}  // namespace lockstep
