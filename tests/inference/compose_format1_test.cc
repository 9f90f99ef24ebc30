// SPDX-License-Identifier: Apache-2.0
// compose_format1_test.cc: runs of 0.1.0 keep the requests that they were sent, byte for byte.
#include "server/inference/compose_format1.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/inference/compose.h"
#include "server/inference/settings.h"

namespace lockstep {
namespace {

std::string settings(std::string system = "", bool names = true) {
  RequestSettings settings;
  settings.format = 1;
  settings.kind = "openai";
  settings.system = std::move(system);
  settings.names = names;
  settings.request = {{"model", "\"m\""}, {"stream", "true"}};
  return settings_bytes(settings);
}

Message message(std::string id, Role role, std::vector<Part> parts) {
  Message message;
  message.id = MessageId(std::move(id));
  message.role = role;
  message.parts = std::move(parts);
  return message;
}
Message user(std::string id, std::vector<Part> parts) {
  return message(std::move(id), Role::user, std::move(parts));
}
Message assistant(std::string id, std::vector<Part> parts) {
  return message(std::move(id), Role::assistant, std::move(parts));
}

struct Composed {
  std::string body;
  std::vector<std::string> repairs;
};

Composed compose(std::vector<Message> path, std::string bytes = settings()) {
  Sent sent = sent_from_settings({.thread = {UserId("u"), ThreadId("t")},
                                  .run = RunId("r"),
                                  .path = std::move(path),
                                  .unanswered = {},
                                  .settings = std::move(bytes)});
  Composed composed{std::move(sent.body), {}};
  for (Repair& repair : sent.repairs) {
    EXPECT_TRUE(repair.kind.empty() && repair.ids.empty()) << repair.text;
    composed.repairs.push_back(std::move(repair.text));
  }
  return composed;
}

// The golden text of a body with these messages.
std::string body(const std::string& messages) {
  return R"({"model":"m","messages":[)" + messages + R"(],"stream":true})";
}

const ToolCallPart call{"c1", "weather", R"({"at":"Bern"})"};
const std::string call_text =
    R"([{"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"at\":)"
    R"(\"Bern\"}"}}])";

TEST(ComposeFormat1, SendsRolesAndTextInTheOrderOfThePath) {
  const Composed sent =
      compose({message("s", Role::system, {TextPart{"Be brief."}}),
               user("u", {TextPart{"Hi\n\"you\" \xF0\x9F\x8E\xB5"}}),
               assistant("a", {TextPart{"Hello."}}), user("v", {TextPart{"Bye"}})});

  EXPECT_EQ(sent.body,
            body(R"({"role":"system","content":"Be brief."},)"
                 "{\"role\":\"user\",\"content\":\"Hi\\n\\\"you\\\" \xF0\x9F\x8E\xB5\"},"
                 R"({"role":"assistant","content":"Hello."},{"role":"user","content":"Bye"})"));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(ComposeFormat1, PutsTheConfiguredSystemPromptFirst) {
  const Composed sent = compose({user("u", {TextPart{"Hi"}})}, settings("Be \"kind\"."));

  EXPECT_EQ(sent.body,
            body(R"({"role":"system","content":"Be \"kind\"."},{"role":"user","content":"Hi"})"));
}

TEST(ComposeFormat1, IsTheSameBytesEveryTime) {
  const std::vector<Message> path = {user("u", {TextPart{"Hi"}}),
                                     assistant("a", {ReasoningPart{"x"}, call})};

  EXPECT_EQ(compose(path).body, compose(path).body);
  EXPECT_EQ(compose(path).repairs, compose(path).repairs);
}

TEST(ComposeFormat1, JoinsTextPartsByAnEmptyLine) {
  const Composed sent = compose({user("u", {TextPart{"a"}, TextPart{""}, TextPart{"b"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"a\n\nb"})"));
}

TEST(ComposeFormat1, LeavesReasoningOutAndSaysSo) {
  const Composed sent =
      compose({assistant("a", {ReasoningPart{"hm"}, ReasoningPart{"so"}, TextPart{"Yes."}})});

  EXPECT_EQ(sent.body, body(R"({"role":"assistant","content":"Yes."})"));
  EXPECT_EQ(sent.repairs, std::vector<std::string>{"message a: its reasoning is not sent"});
}

TEST(ComposeFormat1, LeavesEmptyMessagesOutAndSaysSo) {
  const Composed sent =
      compose({user("u", {TextPart{"Hi"}}), assistant("a", {}), assistant("b", {TextPart{""}}),
               assistant("c", {ReasoningPart{"hm"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"Hi"})"));
  EXPECT_EQ(sent.repairs,
            (std::vector<std::string>{
                "message a: it is empty and left out", "message b: it is empty and left out",
                "message c: its reasoning is not sent", "message c: it is empty and left out"}));
}

TEST(ComposeFormat1, PutsResultsOfTheSameMessageBehindItAndLaterPartsBehindThem) {
  const Composed sent = compose(
      {assistant("a", {TextPart{"Look:"}, call, ToolResultPart{"c1", "rain"}, TextPart{"Rain."}})});

  EXPECT_EQ(sent.body, body(R"({"role":"assistant","content":"Look:","tool_calls":)" + call_text +
                            R"(},{"role":"tool","tool_call_id":"c1","content":"rain"},)"
                            R"({"role":"assistant","content":"Rain."})"));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(ComposeFormat1, TakesResultsFromToolMessages) {
  const Composed sent =
      compose({assistant("a", {call}), message("t", Role::tool, {ToolResultPart{"c1", "rain"}}),
               assistant("b", {TextPart{"Rain."}})});

  EXPECT_EQ(sent.body, body(R"({"role":"assistant","content":null,"tool_calls":)" + call_text +
                            R"(},{"role":"tool","tool_call_id":"c1","content":"rain"},)"
                            R"({"role":"assistant","content":"Rain."})"));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(ComposeFormat1, KeepsParallelCallsTogetherWithTheirResultsInOrder) {
  const ToolCallPart other{"c2", "time", "{}"};
  const Composed sent = compose(
      {assistant("a", {call, other}),
       message("t", Role::tool, {ToolResultPart{"c2", "noon"}, ToolResultPart{"c1", "rain"}})});

  EXPECT_NE(sent.body.find(R"({"role":"tool","tool_call_id":"c1","content":"rain"},)"
                           R"({"role":"tool","tool_call_id":"c2","content":"noon"})"),
            std::string::npos);
}

TEST(ComposeFormat1, GivesADanglingCallAResultAndSaysSo) {
  const Composed sent = compose({assistant("a", {call}), user("u", {TextPart{"And?"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"assistant","content":null,"tool_calls":)" + call_text +
                            R"(},{"role":"tool","tool_call_id":"c1","content":"no result:)"
                            R"( the call was not carried out"},)"
                            R"({"role":"user","content":"And?"})"));
  EXPECT_EQ(sent.repairs, std::vector<std::string>{"call c1: it has no result, one was made"});
}

TEST(ComposeFormat1, LeavesACallOutThatIsNotWholeWithItsResult) {
  const Composed sent = compose({assistant("a", {TextPart{"x"}, ToolCallPart{"c1", "f", R"({"a)"}}),
                                 message("t", Role::tool, {ToolResultPart{"c1", "rain"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"assistant","content":"x"})"));
  EXPECT_EQ(sent.repairs,
            (std::vector<std::string>{
                "message a: the call c1 is not whole and is left out",
                "message t: the result of c1 has no open call before it and is left out",
                "message t: it is empty and left out"}));
}

TEST(ComposeFormat1, LeavesOrphanAndSecondResultsOut) {
  const Composed sent =
      compose({message("t", Role::tool, {ToolResultPart{"c1", "early"}}), assistant("a", {call}),
               message("u", Role::tool, {ToolResultPart{"c1", "one"}}),
               message("v", Role::tool, {ToolResultPart{"c1", "two"}})});

  EXPECT_EQ(sent.body.find("early"), std::string::npos);
  EXPECT_NE(sent.body.find("one"), std::string::npos);
  EXPECT_EQ(sent.body.find("two"), std::string::npos);
  EXPECT_EQ(sent.repairs.size(), 4u);
}

TEST(ComposeFormat1, MatchesAResultWithTheLatestOpenCallOfItsId) {
  const Composed sent = compose({assistant("a", {call, ToolResultPart{"c1", "rain"}}),
                                 assistant("b", {call, ToolResultPart{"c1", "sun"}})});

  EXPECT_LT(sent.body.find("rain"), sent.body.find("sun"));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(ComposeFormat1, SendsImagesOfAUserAsImages) {
  const Composed sent =
      compose({user("u", {TextPart{"What?"}, FilePart{"https://x/y", "image/png", {}},
                          FilePart{"data:image/gif;base64,R0", {}, {}}})});

  EXPECT_EQ(sent.body,
            body(R"({"role":"user","content":[{"type":"text","text":"What?"},)"
                 R"({"type":"image_url","image_url":{"url":"https://x/y"}},)"
                 R"({"type":"image_url","image_url":{"url":"data:image/gif;base64,R0"}}]})"));
}

TEST(ComposeFormat1, NamesOtherFilesInTheTextAndSaysSo) {
  const Composed sent = compose(
      {user("u", {FilePart{"s3://b/c", "text/csv", "c.csv"}, FilePart{"data:text/csv,YQ", {}, {}}}),
       assistant("a", {FilePart{"https://x/y", "image/png", {}}})});

  EXPECT_EQ(sent.body,
            body(R"({"role":"user","content":"[file c.csv (text/csv): s3://b/c]\n\n[file]"},)"
                 R"({"role":"assistant","content":"[file (image/png): https://x/y]"})"));
  EXPECT_EQ(sent.repairs.size(), 3u);
}

TEST(ComposeFormat1, SendsDataAsText) {
  const Composed sent = compose({user("u", {DataPart{"form", Json{R"({"a":1})"}}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"form: {\"a\":1}"})"));
  EXPECT_EQ(sent.repairs, std::vector<std::string>{"message u: the data form is sent as text"});
}

TEST(ComposeFormat1, SendsAuthorsAsNamesThatProvidersTake) {
  Message ada = assistant("a", {TextPart{"x"}});
  ada.author = "ada";
  Message bob = user("u", {TextPart{"y"}});
  bob.author = "Bob <B>";

  const Composed sent = compose({ada, bob});
  const Composed without = compose({ada, bob}, settings("", false));

  EXPECT_EQ(sent.body, body(R"({"role":"assistant","name":"ada","content":"x"},)"
                            R"({"role":"user","name":"Bob__B_","content":"y"})"));
  EXPECT_EQ(sent.repairs,
            std::vector<std::string>{"message u: its author is sent as the name Bob__B_"});
  EXPECT_EQ(without.body,
            body(R"({"role":"assistant","content":"x"},{"role":"user","content":"y"})"));
}

TEST(ComposeFormat1, SendsTextOfAToolMessageAsTheUsers) {
  const Composed sent = compose({message("t", Role::tool, {TextPart{"found"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"found"})"));
  EXPECT_EQ(sent.repairs.size(), 1u);
}

TEST(ComposeFormat1, LeavesACallOutThatIsNotAnAssistants) {
  const Composed sent = compose({user("u", {TextPart{"x"}, call})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"x"})"));
  EXPECT_EQ(sent.repairs.size(), 1u);
}

TEST(ComposeFormat1, ListsIgnoredParametersAsRepairs) {
  RequestSettings settings;
  settings.format = 1;
  settings.kind = "openai";
  settings.request = {{"model", "\"m\""}, {"stream", "true"}};
  apply_params(settings, Json{R"({"stream":false,"temperature":0.70,"messages":[]})"},
               ModelChoice::fixed);

  const Composed sent = compose({user("u", {TextPart{"Hi"}})}, settings_bytes(settings));

  EXPECT_EQ(sent.body, R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true,)"
                       R"("temperature":0.70})");
  EXPECT_EQ(sent.repairs,
            (std::vector<std::string>{
                "parameter stream: it is not the caller's to set and is left out",
                "parameter messages: it is not the caller's to set and is left out"}));
}

}  // namespace
}  // namespace lockstep
