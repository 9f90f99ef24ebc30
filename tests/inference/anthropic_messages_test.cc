// SPDX-License-Identifier: Apache-2.0
#include "server/inference/anthropic_messages.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/inference/compose.h"
#include "server/inference/turns.h"
#include "tests/inference/messages_rules.h"

namespace lockstep {
namespace {

namespace json = boost::json;

constexpr const char* origin = "anthropic https://api.anthropic.com claude";
const std::string one_mark = R"("cache_control":{"type":"ephemeral"})";

RequestSettings settings(std::vector<JsonMember> more = {}) {
  RequestSettings settings;
  settings.kind = "anthropic";
  settings.origin = origin;
  settings.reasoning = ReasoningBack::always;
  settings.cache = false;
  settings.request = {{"model", "\"claude-sonnet-4-5\""}, {"max_tokens", "9000"}};
  for (JsonMember& member : more) settings.request.push_back(std::move(member));
  return settings;
}

Message message(std::string id, Role role, std::vector<Part> parts) {
  Message message;
  message.id = MessageId(std::move(id));
  message.role = role;
  message.parts = std::move(parts);
  if (role == Role::assistant) message.run = RunId("r");
  return message;
}
Message user(std::string id, std::vector<Part> parts) {
  return message(std::move(id), Role::user, std::move(parts));
}
using Notes = std::vector<std::pair<std::uint32_t, std::string>>;
Message assistant(std::string id, std::vector<Part> parts, const Notes& notes = {},
                  const std::string& from = origin) {
  Message answer = message(std::move(id), Role::assistant, std::move(parts));
  for (const auto& [part, value] : notes) answer.opaque.put({part, from, Json{value}});
  return answer;
}

struct Composed {
  std::string body;
  json::value request;
  std::vector<Repair> repairs;

  [[nodiscard]] std::string messages() const { return json::serialize(request.at("messages")); }
  [[nodiscard]] std::string member(const char* name) const {
    const auto* found = request.as_object().if_contains(name);
    return found ? json::serialize(*found) : "";
  }
  [[nodiscard]] std::string kinds() const {
    std::string kinds;
    for (const Repair& repair : repairs) kinds += (kinds.empty() ? "" : " ") + repair.kind;
    return kinds;
  }
};

Composed compose(std::vector<Message> path, const RequestSettings& with = settings(),
                 std::optional<MessageId> continues = {}) {
  Sent sent = sent_from_settings({.thread = {UserId("u"), ThreadId("t")},
                                  .run = RunId("r"),
                                  .path = std::move(path),
                                  .unanswered = {},
                                  .continues = std::move(continues),
                                  .settings = settings_bytes(with)});
  Composed composed{sent.body, json::parse(sent.body), std::move(sent.repairs)};
  EXPECT_EQ(refusal_of_messages(composed.request), "") << sent.body;
  return composed;
}

TEST(AnthropicMessages, TheSystemPromptStandsApartAndTheUserBegins) {
  RequestSettings with = settings();
  with.system = "Be kind.";
  const Composed sent = compose({user("u1", {TextPart{"Hi"}})}, with);
  EXPECT_EQ(sent.body,
            R"({"model":"claude-sonnet-4-5","system":[{"type":"text","text":"Be kind."}])"
            R"(,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],)"
            R"("max_tokens":9000})");
  EXPECT_EQ(sent.kinds(), "");
}

TEST(AnthropicMessages, ThinkingGoesBackUnchangedBeforeItsCallAndResultsComeFirst) {
  const Composed sent = compose(
      {user("u1", {TextPart{"look"}}),
       assistant("a1", {ReasoningPart{"hm"}, TextPart{"I look."}, ToolCallPart{"c1", "look", "{}"}},
                 {{0, R"({"signature":"S1"})"}}),
       user("u2", {TextPart{"and?"}, ToolResultPart{"c1", "seen"}})},
      settings({{"thinking", R"({"type":"enabled","budget_tokens":1024})"}}));
  EXPECT_EQ(
      sent.messages(),
      R"([{"role":"user","content":[{"type":"text","text":"look"}]},)"
      R"({"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"S1"},)"
      R"({"type":"text","text":"I look."},)"
      R"({"type":"tool_use","id":"c1","name":"look","input":{}}]},)"
      R"({"role":"user","content":[)"
      R"({"type":"tool_result","tool_use_id":"c1","content":"seen"},)"
      R"({"type":"text","text":"and?"}]}])");
  EXPECT_EQ(sent.kinds(), "");
}

TEST(AnthropicMessages, DataOfAnotherOriginStaysHereAndThinkingIsOffBehindItsCalls) {
  const Message answer =
      assistant("a1", {ReasoningPart{"hm"}, ToolCallPart{"c1", "look", "{}"}},
                {{0, R"({"signature":"OTHER"})"}}, "anthropic https://other.example claude");
  const Composed sent =
      compose({user("u1", {TextPart{"look"}}), answer, user("u2", {ToolResultPart{"c1", "seen"}})},
              settings({{"thinking", R"({"type":"enabled","budget_tokens":1024})"}}));
  EXPECT_EQ(sent.body.find("OTHER"), std::string::npos);
  EXPECT_EQ(sent.member("thinking"), "");
  EXPECT_EQ(sent.kinds(), "reasoning_left_out thinking_off");
}

TEST(AnthropicMessages, BlocksOfServerToolsGoBackAsTheyCame) {
  const std::string asked =
      R"({"type":"server_tool_use","id":"s1","name":"web_search","input":{}})";
  const std::string found = R"({"type":"web_search_tool_result","tool_use_id":"s1",)"
                            R"("content":[{"encrypted_content":"Z"}]})";
  const std::vector<Part> parts = {DataPart{"anthropic.server_tool_use", Json{asked}},
                                   DataPart{"anthropic.web_search_tool_result", Json{"{}"}},
                                   TextPart{"It is so."},
                                   DataPart{"citations", Json{"[]"}},
                                   TextPart{"\n\n"},
                                   TextPart{"Really."}};
  const Notes notes = {
      {0, asked}, {1, found}, {2, R"({"citations":[{"e":1}]})"}, {3, R"({"cites":2})"}};
  const Composed own = compose({user("u1", {TextPart{"search"}}), assistant("a1", parts, notes),
                                user("u2", {TextPart{"more"}})});
  EXPECT_EQ(json::serialize(own.request.at("messages").at(1).at("content")),
            "[" + asked + "," + found +
                R"(,{"type":"text","text":"It is so.\n\n","citations":[{"e":1}]},)"
                R"({"type":"text","text":"Really."}])");
  EXPECT_EQ(own.kinds(), "");

  const Composed foreign =
      compose({user("u1", {TextPart{"search"}}), assistant("a1", parts, notes, "openai x gpt"),
               user("u2", {TextPart{"more"}})});
  EXPECT_EQ(foreign.body.find("\"server_tool_use\",\"id\""), std::string::npos);
  EXPECT_EQ(foreign.kinds(), "data_as_text");
}

TEST(AnthropicMessages, AQuestionToAServerToolWithoutAnAnswerIsText) {
  const std::string asked =
      R"({"type":"server_tool_use","id":"s1","name":"web_search","input":{}})";
  const Composed sent =
      compose({user("u1", {TextPart{"search"}}),
               assistant("a1", {DataPart{"anthropic.server_tool_use", Json{asked}}}, {{0, asked}}),
               user("u2", {TextPart{"more"}})});
  EXPECT_EQ(sent.kinds(), "data_as_text");
}

TEST(AnthropicMessages, CodeThatWaitsForItsCallsKeepsItsMachine) {
  const std::string code =
      R"({"type":"server_tool_use","id":"s1","name":"code_execution","input":{}})";
  Message answer = assistant(
      "a1", {DataPart{"anthropic.server_tool_use", Json{code}}, ToolCallPart{"c1", "roll", "{}"}},
      {{0, code}, {1, R"({"caller":{"type":"code_execution_20250825","tool_id":"s1"}})"}});
  answer.opaque.put({std::nullopt, origin, Json{R"({"container":"box"})"}});
  const Composed sent =
      compose({user("u1", {TextPart{"roll"}}), answer, user("u2", {ToolResultPart{"c1", "6"}})});
  EXPECT_EQ(sent.member("container"), R"("box")");
  EXPECT_NE(sent.body.find(code), std::string::npos);
  EXPECT_NE(sent.body.find(R"("caller":{"type":"code_execution_20250825")"), std::string::npos);
}

TEST(AnthropicMessages, FilesAreBlocksIfTheApiTakesThem) {
  const Composed sent =
      compose({user("u1", {FilePart{"data:image/png;base64,QUJD", {}, {}},
                           FilePart{"https://a.example/b.jpg", "image/jpeg", {}},
                           FilePart{"data:application/pdf;base64,REVG", {}, {}},
                           FilePart{"data:image/svg+xml;base64,R0g=", "image/svg+xml", "a.svg"}})});
  EXPECT_EQ(
      json::serialize(sent.request.at("messages").at(0).at("content")),
      R"([{"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}},)"
      R"({"type":"image","source":{"type":"url","url":"https://a.example/b.jpg"}},)"
      R"({"type":"document","source":{"type":"base64",)"
      R"("media_type":"application/pdf","data":"REVG"}},)"
      R"({"type":"text","text":"[file a.svg (image/svg+xml)]"}])");
  EXPECT_EQ(sent.kinds(), "file_as_text");
}

TEST(AnthropicMessages, IdsOfCallsAreMadeFitAndUnique) {
  const Composed sent = compose({user("u1", {TextPart{"go"}}),
                                 assistant("a1", {ToolCallPart{"functions.look:0", "look", "{}"}}),
                                 user("u2", {ToolResultPart{"functions.look:0", "1"}}),
                                 assistant("a2", {ToolCallPart{"functions.look:0", "look", "{}"}}),
                                 user("u3", {ToolResultPart{"functions.look:0", "2"}})});
  EXPECT_NE(sent.body.find(R"("tool_use_id":"functions_look_0_2","content":"2")"),
            std::string::npos);
  EXPECT_EQ(sent.kinds(), "call_id_changed");
}

TEST(AnthropicMessages, ARunWithoutAQuestionHasOne) {
  EXPECT_EQ(compose({assistant("a1", {TextPart{"Hello."}}), user("u1", {TextPart{"Hi"}})}).kinds(),
            "placeholder");
  EXPECT_EQ(compose({message("s1", Role::system, {TextPart{"Be kind."}})}).kinds(), "placeholder");
  EXPECT_EQ(compose({user("u1", {TextPart{"Hi"}}), assistant("a1", {TextPart{"Hello."}})}).kinds(),
            "continue_asked");
  const Composed moved =
      compose({user("u1", {TextPart{"Hi"}}), message("s1", Role::system, {TextPart{"Be brief."}}),
               user("u2", {TextPart{"So?"}})});
  EXPECT_EQ(moved.member("system"), R"([{"type":"text","text":"Be brief."}])");
  EXPECT_EQ(moved.kinds(), "joined system_moved");
}

TEST(AnthropicMessages, AContinuedAnswerEndsWithoutWhiteSpaceAndOnlyWithoutThinking) {
  RequestSettings with = settings();
  with.prefill = true;
  const std::vector<Message> path = {user("u1", {TextPart{"Hi"}}),
                                     assistant("a1", {TextPart{"Hello, \n"}})};
  const Composed filled = compose(path, with, MessageId("a1"));
  EXPECT_EQ(json::serialize(filled.request.at("messages").at(1)),
            R"({"role":"assistant","content":[{"type":"text","text":"Hello,"}]})");
  EXPECT_EQ(filled.kinds(), "space_cut");

  with.request.push_back({"thinking", R"({"type":"adaptive"})"});
  EXPECT_EQ(compose(path, with, MessageId("a1")).kinds(), "continue_asked");

  std::vector<Message> paused = path;
  paused[1].finish.reason = "pause_turn";
  EXPECT_EQ(compose(paused, settings(), MessageId("a1")).kinds(), "space_cut");
}

TEST(AnthropicMessages, AuthorsStandInTheTextIfThereAreSeveral) {
  Message ada = user("u1", {TextPart{"Hi"}});
  ada.author = "ada";
  Message bob = user("u2", {TextPart{"Ho"}});
  EXPECT_EQ(compose({ada, assistant("a1", {TextPart{"Yes"}}), bob}).kinds(), "");
  bob.author = "bob";
  const Composed sent = compose({ada, assistant("a1", {TextPart{"Yes"}}), bob});
  EXPECT_NE(sent.body.find(R"("ada: Hi")"), std::string::npos);
  EXPECT_NE(sent.body.find(R"("bob: Ho")"), std::string::npos);
  EXPECT_EQ(sent.kinds(), "author_in_text");
}

TEST(AnthropicMessages, CacheMarksStandBehindTheSystemPromptAndTheLastTwoQuestions) {
  RequestSettings with = settings();
  with.cache = true;
  with.system = "Be kind.";
  const std::vector<Message> path = {
      user("u1", {TextPart{"1"}}), assistant("a1", {TextPart{"one"}}), user("u2", {TextPart{"2"}}),
      assistant("a2", {TextPart{"two"}}), user("u3", {TextPart{"3"}})};
  const auto marks = [](const std::string& body) {
    std::size_t count = 0;
    for (std::size_t at = body.find(one_mark); at != std::string::npos;
         at = body.find(one_mark, at + 1)) {
      ++count;
    }
    return count;
  };
  const Composed sent = compose(path, with);
  EXPECT_EQ(marks(sent.body), 3u);
  EXPECT_NE(sent.body.find(R"("text":"3",)" + one_mark), std::string::npos);
  EXPECT_NE(sent.body.find(R"("text":"2",)" + one_mark), std::string::npos);
  with.request.push_back({"tools", R"([{"name":"a","cache_control":{"type":"ephemeral"}},)"
                                   R"({"name":"b","cache_control":{"type":"ephemeral"}}])"});
  EXPECT_EQ(marks(compose(path, with).body), 4u);
  with.cache = false;
  EXPECT_EQ(marks(compose(path, with).body), 2u);
}

TEST(AnthropicMessages, ParametersOfOpenAisFormAreTranslated) {
  const Composed sent = compose(
      {user("u1", {TextPart{"Hi"}})},
      settings({{"max_completion_tokens", "5000"},
                {"tools", R"([{"type":"function","function":{"name":"look","description":"d",)"
                          R"("parameters":{"type":"object"}}},{"type":"web_search_20250305",)"
                          R"("name":"web_search","max_uses":2}])"},
                {"tool_choice", R"("required")"},
                {"parallel_tool_calls", "false"},
                {"stop", R"("END")"},
                {"user", R"("ada")"},
                {"seed", "1"},
                {"temperature", "0.5"}}));
  EXPECT_EQ(sent.member("max_tokens"), "5000");
  EXPECT_EQ(sent.member("tools"),
            R"([{"name":"look","description":"d","input_schema":{"type":"object"}},)"
            R"({"type":"web_search_20250305","name":"web_search","max_uses":2}])");
  EXPECT_EQ(sent.member("tool_choice"), R"({"type":"any","disable_parallel_tool_use":true})");
  EXPECT_EQ(sent.member("stop_sequences"), R"(["END"])");
  EXPECT_EQ(sent.member("metadata"), R"({"user_id":"ada"})");
  EXPECT_EQ(sent.member("temperature"), "5E-1");
  EXPECT_EQ(sent.kinds(), "parameter_left_out");
}

TEST(AnthropicMessages, AnEffortBecomesWhatTheModelTakes) {
  const auto with_model = [](const char* model, std::vector<JsonMember> more) {
    RequestSettings with = settings(std::move(more));
    with.request[0].value = "\"" + std::string(model) + "\"";
    return compose({user("u1", {TextPart{"Hi"}})}, with);
  };
  const JsonMember medium{"reasoning_effort", R"("medium")"};
  EXPECT_EQ(with_model("claude-sonnet-4-5", {medium}).member("thinking"),
            R"({"type":"enabled","budget_tokens":4500})");
  const Composed adaptive = with_model("claude-opus-4-6", {medium, {"temperature", "0"}});
  EXPECT_EQ(adaptive.member("thinking"), R"({"type":"adaptive"})");
  EXPECT_EQ(adaptive.member("output_config"), R"({"effort":"medium"})");
  EXPECT_EQ(adaptive.kinds(), "parameter_left_out");
  EXPECT_EQ(with_model("claude-3-5-haiku", {medium}).kinds(), "parameter_left_out");
  EXPECT_EQ(with_model("claude-opus-4-6", {{"reasoning_effort", R"("none")"}}).member("thinking"),
            "");
}

// Random paths: every request keeps the rules of the API.
class RandomPath {
 public:
  explicit RandomPath(unsigned seed) : random_(seed) {}

  std::vector<Message> take() {
    std::vector<Message> path;
    const std::size_t size = below(12);
    for (std::size_t at = 0; at < size; ++at) path.push_back(message_at(at));
    return path;
  }
  bool chance() { return below(2) == 0; }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  Message message_at(std::size_t at) {
    constexpr std::array roles = {Role::user, Role::assistant, Role::assistant,
                                  Role::tool, Role::user,      Role::system};
    Message made = message("m" + std::to_string(at), roles.at(below(roles.size())), {});
    std::vector<Part> parts;
    for (std::size_t count = below(5); count > 0; --count) add_part(made, parts);
    made.parts = std::move(parts);
    if (below(3) == 0) made.author = below(2) == 0 ? "ada l." : "bob";
    made.status = below(4) == 0 ? MessageStatus::stopped : MessageStatus::complete;
    return made;
  }

  void add_part(Message& made, std::vector<Part>& parts) {
    const auto part = static_cast<std::uint32_t>(parts.size());
    const auto note = [&](const std::string& value) {
      if (made.role != Role::assistant || below(4) == 0) return;
      made.opaque.put({part, below(5) == 0 ? "another" : origin, Json{value}});
    };
    const std::string number = std::to_string(below(3));
    switch (below(9)) {
      case 0:
      case 1:
        return parts.emplace_back(TextPart{below(4) == 0 ? " \n" : "text " + number}), void();
      case 2:
        note(R"({"signature":"signed:thought )" + number + R"("})");
        return parts.emplace_back(ReasoningPart{"thought " + number}), void();
      case 3:
        note(R"({"type":"redacted_thinking","data":"signed"})");
        return parts.emplace_back(ReasoningPart{}), void();
      case 4:
        return parts.emplace_back(ToolCallPart{"c." + number, "a.b", below(3) ? "{}" : "{"}),
               void();
      case 5:
        return parts.emplace_back(ToolResultPart{"c." + number, below(3) ? "r" : ""}), void();
      case 6:
        return parts.emplace_back(FilePart{"data:image/png;base64,QQ==", {}, {}}), void();
      case 7:
        note(R"({"type":"server_tool_use","id":"s)" + number + R"(","input":{}})");
        return parts.emplace_back(DataPart{"asked", Json{"1"}}), void();
      default:
        note(R"({"type":"web_search_tool_result","tool_use_id":"s)" + number + R"("})");
        return parts.emplace_back(DataPart{"found", Json{"2"}}), void();
    }
  }

  std::mt19937 random_;
};

TEST(AnthropicMessages, NoPathMakesARequestThatTheApiRefuses) {
  for (unsigned seed = 0; seed < 5'000; ++seed) {
    SCOPED_TRACE(seed);
    RandomPath random(seed);
    const std::vector<Message> path = random.take();
    RequestSettings with = settings();
    with.cache = random.chance();
    if (random.chance()) with.system = "Be kind.";
    if (random.chance()) {
      with.request.push_back({"thinking", R"({"type":"enabled","budget_tokens":1024})"});
    }
    const Composed sent = compose(path, with);
    EXPECT_EQ(compose(path, with).body, sent.body);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace lockstep
