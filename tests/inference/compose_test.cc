// SPDX-License-Identifier: Apache-2.0
#include "server/inference/compose.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/inference/limits.h"
#include "server/inference/settings.h"
#include "server/inference/turns.h"

namespace lockstep {
namespace {

RequestSettings settings() {
  RequestSettings settings;
  settings.kind = "openai";
  settings.request = {{"model", "\"m\""}, {"stream", "true"}};
  return settings;
}

RequestSettings settings_with(ReasoningBack reasoning) {
  RequestSettings with = settings();
  with.reasoning = reasoning;
  return with;
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
Message assistant(std::string id, std::vector<Part> parts) {
  return message(std::move(id), Role::assistant, std::move(parts));
}
Message tool(std::string id, std::vector<Part> parts) {
  return message(std::move(id), Role::tool, std::move(parts));
}

Context context(std::vector<Message> path, const RequestSettings& with = settings()) {
  return {.thread = {UserId("u"), ThreadId("t")},
          .run = RunId("r"),
          .path = std::move(path),
          .unanswered = {},
          .settings = settings_bytes(with)};
}

Sent compose(std::vector<Message> path, const RequestSettings& with = settings()) {
  return sent_from_settings(context(std::move(path), with));
}

// The golden text of a body with these messages.
std::string body(const std::string& messages) {
  return R"({"model":"m","messages":[)" + messages + R"(],"stream":true})";
}

// `kind id id`, a line a repair.
std::string lines(const std::vector<Repair>& repairs) {
  std::string text;
  for (const Repair& repair : repairs) {
    if (!text.empty()) text += '\n';
    text += repair.kind;
    for (const std::string& id : repair.ids) text += " " + id;
    EXPECT_GE(repair.count, repair.ids.size());
    EXPECT_FALSE(repair.text.empty());
  }
  return text;
}

const ToolCallPart call{"c1", "weather", R"({"at":"Bern"})"};

// `"tool_calls":[…]` and the results behind the turn, each `id arguments result`.
std::string call_text(const std::string& id, const std::string& name,
                      const std::string& arguments) {
  return R"({"id":")" + id + R"(","type":"function","function":{"name":")" + name +
         R"(","arguments":")" + arguments + R"("}})";
}
std::string result_text(const std::string& id, const std::string& content) {
  return R"({"role":"tool","tool_call_id":")" + id + R"(","content":")" + content + R"("})";
}
const std::string weather = call_text("c1", "weather", R"({\"at\":\"Bern\"})");

// --- Texts and roles -----------------------------------------------------------------------------

TEST(Compose, SendsRolesAndTextInTheOrderOfThePath) {
  const Sent sent = compose({message("s", Role::system, {TextPart{"Be brief."}}),
                             user("u", {TextPart{"Hi\n\"you\" \xF0\x9F\x8E\xB5"}}),
                             assistant("a", {TextPart{"Hello."}}), user("v", {TextPart{"Bye"}})});

  EXPECT_EQ(sent.body,
            body(R"({"role":"system","content":"Be brief."},)"
                 "{\"role\":\"user\",\"content\":\"Hi\\n\\\"you\\\" \xF0\x9F\x8E\xB5\"},"
                 R"({"role":"assistant","content":"Hello."},{"role":"user","content":"Bye"})"));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(Compose, PutsTheConfiguredSystemPromptFirstInOneMessageWithTheThreadsOwn) {
  RequestSettings with = settings();
  with.system = "Be \"kind\".";

  const Sent alone = compose({user("u", {TextPart{"Hi"}})}, with);
  const Sent both = compose(
      {message("s", Role::system, {TextPart{"Be brief."}}), user("u", {TextPart{"Hi"}})}, with);

  EXPECT_EQ(alone.body,
            body(R"({"role":"system","content":"Be \"kind\"."},{"role":"user","content":"Hi"})"));
  EXPECT_TRUE(alone.repairs.empty());
  EXPECT_EQ(both.body, body(R"({"role":"system","content":"Be \"kind\".\n\nBe brief."},)"
                            R"({"role":"user","content":"Hi"})"));
  EXPECT_EQ(lines(both.repairs), "joined s");
}

TEST(Compose, IsTheSameBytesEveryTime) {
  const std::vector<Message> path = {user("u", {TextPart{"Hi"}}),
                                     assistant("a", {ReasoningPart{"x"}, call})};

  EXPECT_EQ(compose(path).body, compose(path).body);
  EXPECT_EQ(compose(path).repairs, compose(path).repairs);
}

TEST(Compose, JoinsNeighboursOfOneRoleByAnEmptyLine) {
  const Sent sent =
      compose({user("u", {TextPart{"a"}, TextPart{""}, TextPart{"b"}}), user("v", {TextPart{"c"}}),
               assistant("x", {TextPart{"d"}}), assistant("y", {TextPart{"e"}, call}),
               tool("t", {ToolResultPart{"c1", "rain"}}), assistant("z", {TextPart{"f"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"a\n\nb\n\nc"},)"
                            R"({"role":"assistant","content":"d\n\ne","tool_calls":[)" +
                            weather + "]}," + result_text("c1", "rain") +
                            R"(,{"role":"assistant","content":"f"})"));
  EXPECT_EQ(lines(sent.repairs), "joined v y");
}

TEST(Compose, KeepsNeighboursApartIfTheSettingsSaySo) {
  RequestSettings with = settings();
  with.join = false;

  const Sent sent = compose({user("u", {TextPart{"a"}}), user("v", {TextPart{"b"}})}, with);

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"a"},{"role":"user","content":"b"})"));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(Compose, SendsAuthorsAsNamesThatProvidersTake) {
  Message ada = assistant("a", {TextPart{"x"}});
  ada.author = "ada";
  Message bob = user("u", {TextPart{"y"}});
  bob.author = "Bob <B>";
  RequestSettings nameless = settings();
  nameless.names = false;

  const Sent sent = compose({ada, bob});
  const Sent without = compose({ada, bob}, nameless);

  EXPECT_EQ(sent.body, body(R"({"role":"assistant","name":"ada","content":"x"},)"
                            R"({"role":"user","name":"Bob__B_","content":"y"})"));
  EXPECT_EQ(lines(sent.repairs), "name_changed u");
  EXPECT_EQ(without.body,
            body(R"({"role":"assistant","content":"x"},{"role":"user","content":"y"})"));
}

TEST(Compose, NamesTheAuthorsOfJoinedMessagesInTheText) {
  Message ada = user("u", {TextPart{"x"}, TextPart{"y"}});
  ada.author = "ada";
  Message bob = user("v", {FilePart{"https://x/y", "image/png", {}}, TextPart{"z"}});
  bob.author = "bob";
  Message again = user("w", {TextPart{"w"}});
  again.author = "ada";

  const Sent several = compose({ada, bob});
  const Sent one = compose({ada, again});

  EXPECT_EQ(several.body,
            body(R"({"role":"user","content":[{"type":"text","text":"ada: x\n\ny\n\nbob:"},)"
                 R"({"type":"image_url","image_url":{"url":"https://x/y"}},)"
                 R"({"type":"text","text":"z"}]})"));
  EXPECT_EQ(lines(several.repairs), "joined v\nauthor_in_text u v");
  EXPECT_EQ(one.body, body(R"({"role":"user","name":"ada","content":"x\n\ny\n\nw"})"));
}

TEST(Compose, LeavesMessagesOfUsersWithoutContentOut) {
  const Sent sent = compose({user("u", {}), user("v", {TextPart{"Hi"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"Hi"})"));
  EXPECT_EQ(lines(sent.repairs), "empty_left_out u");
}

TEST(Compose, SendsTextOfAToolMessageAsTheUsers) {
  const Sent sent = compose({tool("t", {TextPart{"found"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"found"})"));
  EXPECT_EQ(lines(sent.repairs), "tool_text_as_users t");
}

// --- Turns without text --------------------------------------------------------------------------

TEST(Compose, SendsAnAnswerThatWasStoppedBeforeItsFirstWordAsASentence) {
  Message stopped = assistant("a", {ReasoningPart{"hm"}});
  stopped.status = MessageStatus::stopped;

  const Sent sent = compose({user("u", {TextPart{"Hi"}}), stopped, user("v", {TextPart{"So?"}}),
                             assistant("b", {}), user("w", {TextPart{"Well?"}})});

  EXPECT_EQ(sent.body,
            body(R"({"role":"user","content":"Hi"},{"role":"assistant","content":")" +
                 std::string(stopped_sentence) + R"("},{"role":"user","content":"So?"},)" +
                 R"({"role":"assistant","content":")" + std::string(empty_sentence) +
                 R"("},{"role":"user","content":"Well?"})"));
  EXPECT_EQ(lines(sent.repairs), "reasoning_left_out a\nplaceholder a b");
}

TEST(Compose, SendsAnAnswerThatLeftNoMessageAsASentence) {
  Context given = context(
      {user("u", {TextPart{"Hi"}}), user("v", {TextPart{"So?"}}), user("w", {TextPart{"Well?"}})});
  given.unanswered = {{MessageId("u"), RunStatus::stopped}, {MessageId("v"), RunStatus::completed}};

  const Sent sent = sent_from_settings(given);

  EXPECT_EQ(sent.body,
            body(R"({"role":"user","content":"Hi"},{"role":"assistant","content":")" +
                 std::string(stopped_sentence) + R"("},{"role":"user","content":"So?"},)" +
                 R"({"role":"assistant","content":")" + std::string(empty_sentence) +
                 R"("},{"role":"user","content":"Well?"})"));
  EXPECT_EQ(lines(sent.repairs), "placeholder u v");
}

// --- Reasoning -----------------------------------------------------------------------------------

TEST(Compose, SendsReasoningBackAsTheSettingsSay) {
  const std::vector<Message> path = {
      assistant("a", {ReasoningPart{"hm"}, ReasoningPart{"so"}, call, ToolResultPart{"c1", "rain"},
                      ReasoningPart{"well"}, TextPart{"Rain."}})};
  const std::string called = R"(,"tool_calls":[)" + weather + "]}," + result_text("c1", "rain");

  const Sent never = compose(path);
  const Sent with_calls = compose(path, settings_with(ReasoningBack::with_calls));
  RequestSettings all = settings_with(ReasoningBack::always);
  all.reasoning_field = "reasoning";
  const Sent always = compose(path, all);

  EXPECT_EQ(never.body, body(R"({"role":"assistant","content":null)" + called +
                             R"(,{"role":"assistant","content":"Rain."})"));
  EXPECT_EQ(lines(never.repairs), "reasoning_left_out a a a");
  EXPECT_EQ(with_calls.body,
            body(R"({"role":"assistant","content":null,"reasoning_content":"hm\n\nso")" + called +
                 R"(,{"role":"assistant","content":"Rain."})"));
  EXPECT_EQ(lines(with_calls.repairs), "reasoning_left_out a");
  EXPECT_EQ(always.body,
            body(R"({"role":"assistant","content":null,"reasoning":"hm\n\nso")" + called +
                 R"(,{"role":"assistant","content":"Rain.","reasoning":"well"})"));
  EXPECT_TRUE(always.repairs.empty());
}

TEST(Compose, SendsAnEmptyReasoningWithCallsThatHaveNone) {
  const Sent sent =
      compose({assistant("a", {call, ToolResultPart{"c1", "rain"}}), user("u", {TextPart{"Hi"}})},
              settings_with(ReasoningBack::with_calls));

  EXPECT_EQ(sent.body, body(R"({"role":"assistant","content":null,"reasoning_content":"",)"
                            R"("tool_calls":[)" +
                            weather + "]}," + result_text("c1", "rain") +
                            R"(,{"role":"user","content":"Hi"})"));
}

TEST(Compose, NeverSendsATurnThatHasOnlyReasoning) {
  const Sent sent =
      compose({assistant("a", {call, ToolResultPart{"c1", "rain"}, ReasoningPart{"x"}}),
               user("u", {TextPart{"Hi"}})},
              settings_with(ReasoningBack::always));

  EXPECT_EQ(sent.body.find(R"("x")"), std::string::npos);
  EXPECT_EQ(lines(sent.repairs), "reasoning_left_out a");
}

// --- Calls and results ---------------------------------------------------------------------------

TEST(Compose, PutsResultsOfTheSameMessageBehindItAndLaterPartsBehindThem) {
  const Sent sent = compose(
      {assistant("a", {TextPart{"Look:"}, call, ToolResultPart{"c1", "rain"}, TextPart{"Rain."}})});

  EXPECT_EQ(sent.body,
            body(R"({"role":"assistant","content":"Look:","tool_calls":[)" + weather + "]}," +
                 result_text("c1", "rain") + R"(,{"role":"assistant","content":"Rain."})"));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(Compose, PutsALateResultBehindItsCall) {
  const Sent sent = compose(
      {assistant("a", {call, ToolResultPart{"c1", "no result"}}), user("u", {TextPart{"And?"}}),
       tool("t", {ToolResultPart{"c1", "SENT, id 77"}}), user("v", {TextPart{"Was it sent?"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"assistant","content":null,"tool_calls":[)" + weather +
                            "]}," + result_text("c1", "SENT, id 77") +
                            R"(,{"role":"user","content":"And?\n\nWas it sent?"})"));
  EXPECT_EQ(lines(sent.repairs), "joined v\nmade_result_left_out c1");
}

TEST(Compose, SendsAMadeResultIfThereIsNoOther) {
  const Sent sent = compose({assistant("a", {call, ToolResultPart{"c1", "stopped by the user"}})});

  EXPECT_NE(sent.body.find(result_text("c1", "stopped by the user")), std::string::npos);
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(Compose, GivesTheResultsOfEqualIdsToTheirCallsInOrder) {
  const ToolCallPart one{"c1", "f", R"({"n":1})"};
  const ToolCallPart two{"c1", "f", R"({"n":2})"};
  const Sent sent = compose({assistant("a", {one, two}), tool("t", {ToolResultPart{"c1", "of 1"}}),
                             tool("u", {ToolResultPart{"c1", "of 2"}}), assistant("b", {one}),
                             tool("v", {ToolResultPart{"c1", "of b"}})});

  EXPECT_EQ(sent.body,
            body(R"({"role":"assistant","content":null,"tool_calls":[)" +
                 call_text("c1", "f", R"({\"n\":1})") + "," + call_text("c1", "f", R"({\"n\":2})") +
                 "]}," + result_text("c1", "of 1") + "," + result_text("c1", "of 2") +
                 R"(,{"role":"assistant","content":null,"tool_calls":[)" +
                 call_text("c1", "f", R"({\"n\":1})") + "]}," + result_text("c1", "of b")));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(Compose, GivesACallWithoutAResultAMadeOne) {
  const Sent sent = compose({assistant("a", {call}), user("u", {TextPart{"And?"}})});

  EXPECT_NE(sent.body.find(result_text("c1", std::string(no_result_sentence))), std::string::npos);
  EXPECT_EQ(lines(sent.repairs), "no_result c1");
}

TEST(Compose, SendsACallWhoseArgumentsAreNoObjectWithItsError) {
  const Sent sent = compose({assistant("a", {ToolCallPart{"c1", "run", R"({"command": "ls)"}}),
                             tool("t", {ToolResultPart{"c1", "error: arguments are not JSON"}}),
                             assistant("b", {ToolCallPart{"c2", "run", R"({"x":1}{"x":1})"},
                                             ToolCallPart{"c3", "run", ""}})});

  EXPECT_NE(
      sent.body.find(call_text("c1", "run", R"({\"invalid_json\":\"{\\\"command\\\": \\\"ls\"})")),
      std::string::npos)
      << sent.body;
  EXPECT_NE(sent.body.find(result_text("c1", "error: arguments are not JSON")), std::string::npos);
  EXPECT_NE(sent.body.find(call_text("c3", "run", "{}")), std::string::npos);
  EXPECT_EQ(lines(sent.repairs), "no_result c2 c3\narguments_wrapped c1 c2");
}

TEST(Compose, LeavesOrphanAndSecondResultsOut) {
  const Sent sent =
      compose({tool("t", {ToolResultPart{"c1", "early"}}), assistant("a", {call}),
               tool("u", {ToolResultPart{"c1", "one"}}), tool("v", {ToolResultPart{"c1", "two"}})});

  EXPECT_EQ(sent.body.find("early"), std::string::npos);
  EXPECT_NE(sent.body.find("one"), std::string::npos);
  EXPECT_EQ(sent.body.find("two"), std::string::npos);
  EXPECT_EQ(lines(sent.repairs), "result_left_out c1 c1");
}

TEST(Compose, LeavesACallOutThatIsNotAnAssistants) {
  const Sent sent = compose({user("u", {TextPart{"x"}, call})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"x"})"));
  EXPECT_EQ(lines(sent.repairs), "call_left_out c1");
}

// --- Files and data ------------------------------------------------------------------------------

TEST(Compose, KeepsTheOrderOfTextsAndImages) {
  const FilePart png{"https://x/y", "image/png", {}};
  const FilePart gif{"data:image/gif;base64,R0k=", {}, {}};
  const Sent sent =
      compose({user("u", {TextPart{"First:"}, png, TextPart{"Second:"}, TextPart{"this"}, gif})});

  EXPECT_EQ(sent.body,
            body(R"({"role":"user","content":[{"type":"text","text":"First:"},)"
                 R"({"type":"image_url","image_url":{"url":"https://x/y"}},)"
                 R"({"type":"text","text":"Second:\n\nthis"},)"
                 R"({"type":"image_url","image_url":{"url":"data:image/gif;base64,R0k="}}]})"));
  EXPECT_TRUE(sent.repairs.empty());
}

// A provider refuses it, and with it every later turn of the thread.
TEST(Compose, SendsNoAddressThatCannotBeRead) {
  const Sent sent = compose({user("u", {FilePart{"data:image/gif;base64,R0", {}, {}},
                                        FilePart{"data:image/gif;base64,R 0=", "image/gif", {}},
                                        FilePart{"DATA:image/gif;base64,R0k=", "image/gif", "a"},
                                        FilePart{"data:image/svg+xml,%3Csvg%3E", {}, {}}})});

  EXPECT_EQ(sent.body,
            body(R"({"role":"user","content":)"
                 R"("[file]\n\n[file (image/gif)]\n\n[file a (image/gif)]\n\n[file]"})"));
  EXPECT_EQ(lines(sent.repairs), "file_as_text u u u u");
}

TEST(Compose, NamesOtherFilesInTheText) {
  const Sent sent = compose(
      {user("u", {FilePart{"s3://b/c", "text/csv", "c.csv"}, FilePart{"data:text/csv,YQ", {}, {}}}),
       assistant("a", {FilePart{"https://x/y", "image/png", {}}})});

  EXPECT_EQ(sent.body,
            body(R"({"role":"user","content":"[file c.csv (text/csv): s3://b/c]\n\n[file]"},)"
                 R"({"role":"assistant","content":"[file (image/png): https://x/y]"})"));
  EXPECT_EQ(lines(sent.repairs), "file_as_text u u a");
}

TEST(Compose, SendsDataAsText) {
  const Sent sent = compose({user("u", {DataPart{"form", Json{R"({"a":1})"}}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"form: {\"a\":1}"})"));
  EXPECT_EQ(lines(sent.repairs), "data_as_text u");
}

// --- Repairs and settings ------------------------------------------------------------------------

TEST(Compose, CountsRepairsOfAKindAndNamesTheFirst) {
  std::vector<Message> path;
  for (std::size_t at = 0; at < 2 * limits::repair_ids_max; ++at) {
    path.push_back(user("u" + std::to_string(at), {}));
  }

  const Sent sent = compose(path);

  ASSERT_EQ(sent.repairs.size(), 1u);
  EXPECT_EQ(sent.repairs[0].kind, "empty_left_out");
  EXPECT_EQ(sent.repairs[0].count, 2 * limits::repair_ids_max);
  EXPECT_EQ(sent.repairs[0].ids.size(), limits::repair_ids_max);
  EXPECT_EQ(sent.repairs[0].ids[1], "u1");
}

TEST(Compose, ListsIgnoredParametersAsRepairs) {
  RequestSettings with = settings();
  apply_params(with, Json{R"({"stream":false,"temperature":0.70,"messages":[]})"},
               ModelChoice::fixed);

  const Sent sent = compose({user("u", {TextPart{"Hi"}})}, with);

  EXPECT_EQ(sent.body, R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true,)"
                       R"("temperature":0.70})");
  EXPECT_EQ(lines(sent.repairs), "parameter_left_out stream messages");
}

TEST(Compose, SaysSoIfTheSettingsAreOfAnUnknownFormat) {
  for (const std::string bytes :
       {"", "[]", R"({"format":3,"kind":"openai","request":{}})", R"({"format":1})",
        R"({"format":2,"kind":"openai","request":{}})"}) {
    Context given = context({user("u", {TextPart{"Hi"}})});
    given.settings = bytes;
    const Sent sent = sent_from_settings(given);

    EXPECT_EQ(sent.body, "");
    EXPECT_EQ(sent.repairs.size(), 1u);
  }
}

// --- Continued answers ---------------------------------------------------------------------------

Message continuing(std::string id, const std::string& former, std::vector<Part> parts) {
  Message message = assistant(std::move(id), std::move(parts));
  message.parent = MessageId(former);
  message.continues = MessageId(former);
  return message;
}

// The request of a run that continues the last message of the path.
Sent compose_rest(std::vector<Message> path, const RequestSettings& with = settings()) {
  Context rest = context(std::move(path), with);
  rest.continues = rest.path.back().id;
  return sent_from_settings(rest);
}

TEST(Compose, AContinuedAnswerIsOneTurnWithoutALineBetween) {
  RequestSettings apart = settings();
  apart.join = false;
  for (const RequestSettings& with : {settings(), apart}) {
    const Sent sent =
        compose({user("u1", {TextPart{"A tale"}}), assistant("a1", {TextPart{"Once upon a ti"}}),
                 continuing("a2", "a1", {TextPart{"me there was"}}),
                 continuing("a3", "a2", {TextPart{" a king."}}), user("u2", {TextPart{"And?"}})},
                with);

    EXPECT_EQ(sent.body,
              body(R"({"role":"user","content":"A tale"},)"
                   R"({"role":"assistant","content":"Once upon a time there was a king."},)"
                   R"({"role":"user","content":"And?"})"));
    EXPECT_EQ(lines(sent.repairs), "");
  }
}

TEST(Compose, OnlyTheFirstTextOfAContinuationGoesOnWithinTheOneBefore) {
  const Sent sent = compose({user("u1", {TextPart{"A tale"}}), assistant("a1", {TextPart{"On"}}),
                             continuing("a2", "a1", {TextPart{"ce"}, TextPart{"The end"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"A tale"},)"
                            R"({"role":"assistant","content":"Once\n\nThe end"})"));
}

TEST(Compose, ARunThatContinuesAsksForTheRestByASentence) {
  const Sent sent = compose_rest(
      {user("u1", {TextPart{"A tale"}}), assistant("a1", {TextPart{"Once upon a ti"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"A tale"},)"
                            R"({"role":"assistant","content":"Once upon a ti"},)"
                            R"({"role":"user","content":")" +
                            std::string(continue_sentence) + R"("})"));
  EXPECT_EQ(lines(sent.repairs), "continue_asked a1");
}

TEST(Compose, AServerThatTakesAPrefillGetsTheAnswerLast) {
  RequestSettings prefill = settings();
  prefill.prefill = true;
  const Sent sent = compose_rest(
      {user("u1", {TextPart{"A tale"}}), assistant("a1", {TextPart{"Once upon a ti"}})}, prefill);

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"A tale"},)"
                            R"({"role":"assistant","content":"Once upon a ti"})"));
  EXPECT_EQ(lines(sent.repairs), "");
}

// The model answers the question: nothing is there to go on from.
TEST(Compose, AContinuedAnswerWithoutAWordIsLeftOut) {
  for (const bool prefill : {false, true}) {
    RequestSettings with = settings();
    with.prefill = prefill;
    Message empty = assistant("a1", {});
    empty.status = MessageStatus::stopped;
    const Sent rest = compose_rest({user("u1", {TextPart{"A tale"}}), empty}, with);
    EXPECT_EQ(rest.body, body(R"({"role":"user","content":"A tale"})"));
    EXPECT_EQ(lines(rest.repairs), "empty_left_out a1");

    const Sent later =
        compose({user("u1", {TextPart{"A tale"}}), empty,
                 continuing("a2", "a1", {TextPart{"Once."}}), user("u2", {TextPart{"And?"}})},
                with);
    EXPECT_EQ(later.body, body(R"({"role":"user","content":"A tale"},)"
                               R"({"role":"assistant","content":"Once."},)"
                               R"({"role":"user","content":"And?"})"));
    EXPECT_EQ(lines(later.repairs), "empty_left_out a1");
  }
}

TEST(Compose, ATextBehindACallOfAContinuationBeginsALineOfItsOwn) {
  const Sent sent =
      compose({user("u1", {TextPart{"Look"}}), assistant("a1", {TextPart{"I look"}}),
               continuing("a2", "a1", {ToolCallPart{"c1", "look", "{}"}, TextPart{"Done"}})});

  EXPECT_TRUE(sent.body.contains(R"("content":"I look\n\nDone","tool_calls")")) << sent.body;
}

TEST(Compose, AContinuationBehindAResultIsATurnOfItsOwn) {
  const Sent sent = compose_rest(
      {user("u1", {TextPart{"Look"}}),
       assistant("a1", {ToolCallPart{"c1", "look", "{}"}, ToolResultPart{"c1", "found"}})});

  EXPECT_EQ(lines(sent.repairs), "") << "the model goes on behind the result by itself";
  EXPECT_TRUE(sent.body.contains(R"("tool_call_id":"c1","content":"found"}],"stream")"))
      << sent.body;
}

TEST(Compose, WhiteSpaceAloneCountsAsEmpty) {
  const Sent sent = compose({user("u1", {TextPart{"Hi"}}), assistant("a1", {TextPart{" \n"}}),
                             user("u2", {TextPart{"\t"}}), user("u3", {TextPart{"Well?"}})});

  EXPECT_EQ(sent.body, body(R"({"role":"user","content":"Hi"},)"
                            R"({"role":"assistant","content":"[The answer was empty.]"},)"
                            R"({"role":"user","content":"Well?"})"));
  EXPECT_EQ(lines(sent.repairs), "placeholder a1\nempty_left_out u2");
}

TEST(Compose, WhiteSpaceBetweenThePiecesOfAnAnswerStays) {
  const Sent sent =
      compose({user("u1", {TextPart{"Hi"}}), assistant("a1", {TextPart{"One"}}),
               continuing("a2", "a1", {TextPart{" "}}), continuing("a3", "a2", {TextPart{"two"}})});

  EXPECT_TRUE(sent.body.contains(R"("content":"One two")")) << sent.body;
}

TEST(Compose, ANameOfAToolThatServersRefuseIsSentWithOtherLetters) {
  const Sent sent = compose(
      {user("u1", {TextPart{"Look"}}), assistant("a1", {ToolCallPart{"c1", "functions.look", "{}"},
                                                        ToolResultPart{"c1", "found"}})});

  EXPECT_TRUE(sent.body.contains(R"("name":"functions_look")")) << sent.body;
  EXPECT_EQ(lines(sent.repairs), "call_name_changed c1");
}

TEST(Compose, SettingsWithoutPrefillKeepTheirBytes) {
  EXPECT_FALSE(settings_bytes(settings()).contains("prefill"));
  RequestSettings prefill = settings();
  prefill.prefill = true;
  EXPECT_EQ(read_settings(settings_bytes(prefill)), prefill);
}

}  // namespace
}  // namespace lockstep
