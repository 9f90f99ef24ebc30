// SPDX-License-Identifier: Apache-2.0
// What an agent of kind `openai-responses` sends of a path.
#include "server/inference/responses_input.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "schema/json/json_reader.h"
#include "schema/json/limits.h"
#include "server/inference/compose.h"
#include "server/inference/settings.h"
#include "tests/inference/response_events.h"

namespace lockstep {
namespace {

RequestSettings settings() {
  RequestSettings settings;
  settings.kind = "openai-responses";
  settings.origin = test_origin;
  settings.reasoning = ReasoningBack::always;
  settings.request = {{"model", "\"gpt-5\""}, {"store", "false"}};
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
Message tool(std::string id, std::vector<Part> parts) {
  return message(std::move(id), Role::tool, std::move(parts));
}

// The message that a run made of these items.
Message answered(const std::string& id, const std::string& items) {
  const Written written = respond({completed(items)});
  Message answer = message(id, Role::assistant, {});
  if (written.messages.empty()) return answer;
  answer.parts = written.messages[0].parts;
  answer.opaque = written.messages[0].opaque;
  return answer;
}

Sent compose(std::vector<Message> path, const RequestSettings& with = settings()) {
  return sent_from_settings({.thread = {UserId("u"), ThreadId("t")},
                             .run = RunId("r"),
                             .path = std::move(path),
                             .unanswered = {},
                             .settings = settings_bytes(with)});
}

// The golden text of a body with these items.
std::string body(const std::string& items) {
  return R"({"model":"gpt-5","input":[)" + items + R"(],"store":false})";
}

std::string lines(const std::vector<Repair>& repairs) {
  std::string text;
  for (const Repair& repair : repairs) {
    if (!text.empty()) text += '\n';
    text += repair.kind;
    for (const std::string& id : repair.ids) text += " " + id;
  }
  return text;
}

std::string users(const std::string& text) {
  return R"({"type":"message","role":"user","content":[{"type":"input_text","text":")" + text +
         R"("}]})";
}
std::string plain(const std::string& text) {
  return R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":")" +
         text + R"("}]})";
}
std::string output(const std::string& call, const std::string& text) {
  return R"({"type":"function_call_output","call_id":")" + call + R"(","output":")" + text +
         R"("})";
}

const std::string thought = reasoning_item("rs_1", {R"("Hm.")"}, "gAAA");
const std::string said = message_item("msg_1", R"("Hello")");
const std::string called = call_item("fc_1", "call_1", "look", R"("{\"a\":1}")");

// The same items in the order in which they go back.
const std::string said_back =
    R"({"id":"msg_1","type":"message","status":"completed","role":"assistant",)"
    R"("content":[{"type":"output_text","annotations":[],"text":"Hello"}]})";
const std::string called_back =
    R"({"type":"function_call","id":"fc_1","status":"completed","call_id":"call_1",)"
    R"("name":"look","arguments":"{\"a\":1}"})";

// --- What the API wrote --------------------------------------------------------------------------

TEST(ResponsesInput, GivesEachItemBackAsItCame) {
  const Sent sent =
      compose({user("u", {TextPart{"Hi"}}), answered("a", thought + "," + said + "," + called),
               tool("t", {ToolResultPart{"call_1", "found"}})});

  EXPECT_EQ(sent.body, body(users("Hi") + "," + thought + "," + said_back + "," + called_back +
                            "," + output("call_1", "found")));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(ResponsesInput, PutsTheOutputsBehindTheCallsThatStandTogether) {
  const std::string other = call_item("fc_2", "call_2", "find", R"("{}")");
  const Sent sent =
      compose({user("u", {TextPart{"Hi"}}),
               answered("a", thought + "," + called + "," + other + "," + said),
               tool("t", {ToolResultPart{"call_2", "b"}, ToolResultPart{"call_1", "a"}})});

  EXPECT_EQ(sent.body, body(users("Hi") + "," + thought + "," + called_back +
                            R"(,{"type":"function_call","id":"fc_2","status":"completed",)"
                            R"("call_id":"call_2","name":"find","arguments":"{}"},)" +
                            output("call_1", "a") + "," + output("call_2", "b") + "," + said_back));
}

TEST(ResponsesInput, SendsNothingOfAnotherOrigin) {
  Message answer = answered("a", thought + "," + said + "," + called);
  Opaque others;
  for (OpaqueData data : answer.opaque) {
    data.origin = "openai-responses https://other.example gpt";
    others.put(std::move(data));
  }
  answer.opaque = others;
  const Sent sent = compose(
      {user("u", {TextPart{"Hi"}}), answer, tool("t", {ToolResultPart{"call_1", "found"}})});

  EXPECT_EQ(sent.body, body(users("Hi") + "," + plain("Hello") +
                            R"(,{"type":"function_call","call_id":"call_1","name":"look",)"
                            R"("arguments":"{\"a\":1}"},)" +
                            output("call_1", "found")));
  EXPECT_EQ(lines(sent.repairs), "reasoning_left_out a");
}

// The API refuses an item by its id that has lost the reasoning before it.
TEST(ResponsesInput, WhatFollowsReasoningThatIsLeftOutGoesWithoutItsIds) {
  const std::string search =
      R"({"id":"ws_1","type":"web_search_call","status":"completed","action":{}})";
  const std::string lost[] = {
      R"({"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}]})",
      R"({"id":"rs_1","type":"reasoning","status":"incomplete","encrypted_content":"g",)"
      R"("summary":[{"type":"summary_text","text":"Hm."}]})",
  };
  for (const std::string& each : lost) {
    const Sent sent =
        compose({user("u", {TextPart{"Hi"}}), answered("a", each + "," + search + "," + said)});

    EXPECT_FALSE(sent.body.contains("rs_1"));
    EXPECT_FALSE(sent.body.contains("msg_1"));
    EXPECT_TRUE(sent.body.contains("openai.web_search_call: "));
    EXPECT_EQ(lines(sent.repairs), "reasoning_left_out a\ndata_as_text a");
  }
}

// Model servers choose these names.
TEST(ResponsesInput, ANameThatNeedsEscapesStaysWholeWhereAnItemLosesItsId) {
  const std::string search =
      R"({"id":"ws_1","type":"web_search_call","status":"completed","a\"b\\":1})";

  const Sent sent = compose({user("u", {TextPart{"Hi"}}), answered("a", search + "," + said),
                             user("v", {TextPart{"And?"}}), answered("b", search + "," + said)});

  EXPECT_TRUE(is_json_object(sent.body, limits::json_depth_max)) << sent.body;
  EXPECT_TRUE(sent.body.contains(R"({"type":"web_search_call","status":"completed","a\"b\\":1})"))
      << sent.body;
}

TEST(ResponsesInput, LeavesOutReasoningThatNoItemFollows) {
  const Sent alone = compose({user("u", {TextPart{"Hi"}}), answered("a", thought)});
  EXPECT_EQ(alone.body, body(users("Hi") + "," + plain("[The answer was empty.]")));
  EXPECT_EQ(lines(alone.repairs), "reasoning_left_out a\nplaceholder a");

  // Behind a text there is no other item of the message.
  const Sent last = compose({user("u", {TextPart{"Hi"}}), answered("a", said + "," + thought),
                             user("v", {TextPart{"So?"}})});
  EXPECT_EQ(last.body, body(users("Hi") + "," + said_back + "," + users("So?")));
  EXPECT_EQ(lines(last.repairs), "reasoning_left_out a");
}

TEST(ResponsesInput, ReasoningBelongsToAnItemOfItsOwnMessage) {
  Message first = answered("a", said + "," + thought);
  Message second = message("b", Role::assistant, {TextPart{" and on"}});
  second.continues = first.id;
  const Sent sent = compose({user("u", {TextPart{"Hi"}}), first, second});

  EXPECT_FALSE(sent.body.contains("gAAA"));
  EXPECT_EQ(lines(sent.repairs), "reasoning_left_out a");
}

TEST(ResponsesInput, KeepsEveryItemOfReasoningBeforeAnItem) {
  const std::string more = reasoning_item("rs_2", {}, "gBBB");
  const Sent sent =
      compose({user("u", {TextPart{"Hi"}}), answered("a", thought + "," + more + "," + said)});

  EXPECT_EQ(sent.body, body(users("Hi") + "," + thought + "," + more + "," + said_back));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(ResponsesInput, SendsReasoningAsTheSettingsSay) {
  const std::vector<Message> path = {user("u", {TextPart{"Hi"}}),
                                     answered("a", thought + "," + said)};
  EXPECT_TRUE(compose(path, settings_with(ReasoningBack::always)).body.contains("gAAA"));
  for (const ReasoningBack each : {ReasoningBack::never, ReasoningBack::with_calls}) {
    const Sent sent = compose(path, settings_with(each));

    EXPECT_EQ(sent.body, body(users("Hi") + "," + plain("Hello")));
    EXPECT_EQ(lines(sent.repairs), "reasoning_left_out a");
  }
}

TEST(ResponsesInput, SendsAnEditedTextWithoutTheReasoningAndTheIdOfTheFormer) {
  Message answer = answered("a", thought + "," + said);
  answer.parts.edit()[1] = TextPart{"Hallo"};
  answer.opaque.keep([](std::optional<std::uint32_t> part) { return part == 0; });
  const Sent sent = compose({user("u", {TextPart{"Hi"}}), answer});

  EXPECT_EQ(sent.body, body(users("Hi") + "," + plain("Hallo")));
  EXPECT_EQ(lines(sent.repairs), "reasoning_left_out a");
}

TEST(ResponsesInput, GivesBackWhatBuiltInToolsDid) {
  const std::string search =
      R"({"id":"ws_1","type":"web_search_call","status":"completed","action":{"n":1.50}})";
  const std::string image =
      R"({"id":"ig_1","type":"image_generation_call","status":"completed","result":"iVBO"})";
  const std::string cited =
      message_item("msg_1", R"("Hello")", R"([{"type":"url_citation","url":"https://a.example"}])");
  const Sent sent =
      compose({user("u", {TextPart{"Hi"}}), answered("a", search + "," + image + "," + cited)});

  EXPECT_EQ(sent.body,
            body(users("Hi") + "," + search + "," + image +
                 R"(,{"id":"msg_1","type":"message","status":"completed","role":"assistant",)"
                 R"("content":[{"type":"output_text","annotations":[{"type":"url_citation",)"
                 R"("url":"https://a.example"}],"text":"Hello"}]})"));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(ResponsesInput, SendsACustomCallWithItsText) {
  const std::string item = R"({"id":"ct_1","type":"custom_tool_call","status":"completed",)"
                           R"("call_id":"c","name":"run","input":"say \"hi\""})";
  const std::vector<Message> path = {user("u", {TextPart{"Hi"}}), answered("a", item),
                                     tool("t", {ToolResultPart{"c", "hi"}})};
  EXPECT_EQ(compose(path).body,
            body(users("Hi") +
                 R"(,{"type":"custom_tool_call","id":"ct_1","status":"completed","call_id":"c",)"
                 R"("name":"run","input":"say \"hi\""},{"type":"custom_tool_call_output",)"
                 R"("call_id":"c","output":"hi"})"));
}

TEST(ResponsesInput, SendsARefusalAsARefusal) {
  const std::string item = R"({"id":"m","type":"message","status":"completed",)"
                           R"("role":"assistant","content":[{"type":"refusal","refusal":"No."}]})";
  const Sent sent = compose({user("u", {TextPart{"Hi"}}), answered("a", item)});

  EXPECT_TRUE(sent.body.contains(R"("content":[{"type":"refusal","refusal":"No."}])"));
}

TEST(ResponsesInput, SendsTextsOfOneItemAsOneItem) {
  const std::string item =
      R"({"id":"m","type":"message","role":"assistant","content":[)"
      R"({"type":"output_text","text":"a"},{"type":"output_text","text":"b"}]})";
  const Sent sent = compose({user("u", {TextPart{"Hi"}}), answered("a", item)});

  EXPECT_EQ(sent.body,
            body(users("Hi") +
                 R"(,{"id":"m","type":"message","role":"assistant","content":[)"
                 R"({"type":"output_text","text":"a"},{"type":"output_text","text":"b"}]})"));
}

// An import may hold any opaque data.
TEST(ResponsesInput, OpaqueDataOfNoKnownFormIsNotSent) {
  const std::string values[] = {"1",
                                "[]",
                                "{}",
                                R"({"type":"message"})",
                                R"({"item":1,"part":2})",
                                R"({"item":{"type":"message","content":[]},"part":{}})"};
  for (const std::string& value : values) {
    Message answer = message("a", Role::assistant,
                             {ReasoningPart{"Hm."}, TextPart{"Hello"}, DataPart{"x", Json{"{}"}}});
    for (std::uint32_t part = 0; part < 3; ++part) {
      answer.opaque.put({part, test_origin, Json{value}});
    }
    const Sent sent = compose({user("u", {TextPart{"Hi"}}), answer});

    EXPECT_EQ(sent.body, body(users("Hi") + "," + plain(R"(Hello\n\nx: {})"))) << value;
  }
}

// --- What others wrote ---------------------------------------------------------------------------

TEST(ResponsesInput, SendsTheSystemPromptAsInstructions) {
  RequestSettings with = settings();
  with.system = "Be kind.";
  const Sent sent = compose(
      {message("s", Role::system, {TextPart{"Be brief."}}), user("u", {TextPart{"Hi"}})}, with);

  EXPECT_EQ(sent.body, R"({"model":"gpt-5","instructions":"Be kind.","input":[{"type":"message",)"
                       R"("role":"system","content":[{"type":"input_text","text":"Be brief."}]},)" +
                           users("Hi") + R"(],"store":false})");
}

TEST(ResponsesInput, SendsImagesAndDocumentsInTheirPlaces) {
  const Sent sent = compose(
      {user("u", {TextPart{"a"}, FilePart{"https://a.example/b.png", "image/png", {}},
                  FilePart{"data:application/pdf;base64,JVBE", "application/pdf", "c.pdf"},
                  FilePart{"https://a.example/d.pdf", "application/pdf", {}}, TextPart{"e"}})});

  EXPECT_EQ(sent.body,
            body(R"({"type":"message","role":"user","content":[{"type":"input_text","text":"a"},)"
                 R"({"type":"input_image","image_url":"https://a.example/b.png"},)"
                 R"({"type":"input_file","filename":"c.pdf",)"
                 R"("file_data":"data:application/pdf;base64,JVBE"},)"
                 R"({"type":"input_file","file_url":"https://a.example/d.pdf"},)"
                 R"({"type":"input_text","text":"e"}]})"));
  EXPECT_TRUE(sent.repairs.empty());
}

TEST(ResponsesInput, TextsBeginWithTheirAuthorsWhereAPathHasSeveral) {
  Message ada = user("u", {TextPart{"Hi"}});
  ada.author = "ada";
  Message bob = user("v", {TextPart{"Ho"}});
  bob.author = "bob";
  const Message answer = message("a", Role::assistant, {TextPart{"Hello"}});

  EXPECT_EQ(compose({ada, answer, ada}).body,
            body(users("Hi") + "," + plain("Hello") + "," + users("Hi")));
  const Sent both = compose({ada, answer, bob});
  EXPECT_EQ(both.body, body(users("ada: Hi") + "," + plain("Hello") + "," + users("bob: Ho")));
  EXPECT_EQ(lines(both.repairs), "author_in_text u v");
}

TEST(ResponsesInput, ACallWithoutAResultHasOne) {
  const Sent sent = compose({user("u", {TextPart{"Hi"}}), answered("a", called)});

  EXPECT_TRUE(sent.body.contains(output("call_1", std::string(no_result_sentence))));
  EXPECT_EQ(lines(sent.repairs), "no_result call_1");
}

TEST(ResponsesInput, AsksForTheRestOfAnAnswer) {
  Context context{
      .thread = {UserId("u"), ThreadId("t")},
      .run = RunId("r"),
      .path = {user("u", {TextPart{"Hi"}}), message("a", Role::assistant, {TextPart{"Once"}})},
      .continues = MessageId("a"),
      .settings = settings_bytes(settings())};
  const Sent sent = sent_from_settings(context);

  EXPECT_EQ(sent.body,
            body(users("Hi") + "," + plain("Once") + "," + users(std::string(continue_sentence))));
}

TEST(ResponsesInput, AContinuedAnswerIsOneText) {
  const Message first = message("a", Role::assistant, {TextPart{"Once"}});
  Message second = message("b", Role::assistant, {TextPart{" upon"}});
  second.continues = first.id;

  EXPECT_EQ(compose({user("u", {TextPart{"Hi"}}), first, second}).body,
            body(users("Hi") + "," + plain("Once upon")));
}

TEST(ResponsesInput, HasTheIdOfAnItemOnce) {
  const Sent sent = compose({user("u", {TextPart{"Hi"}}), answered("a", said),
                             user("v", {TextPart{"Again"}}), answered("b", said)});

  const std::size_t first = sent.body.find("msg_1");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(sent.body.find("msg_1", first + 1), std::string::npos) << sent.body;
  EXPECT_EQ(lines(sent.repairs), "");
}

TEST(ResponsesInput, GivesTheCallOfAnotherTurnAnIdOfItsOwn) {
  Message again = answered("b", thought + "," + called);
  const Sent sent =
      compose({user("u", {TextPart{"Hi"}}), answered("a", called),
               tool("t", {ToolResultPart{"call_1", "one"}}), user("v", {TextPart{"Again"}}), again,
               tool("w", {ToolResultPart{"call_1", "two"}})});

  EXPECT_TRUE(sent.body.contains(output("call_1", "one"))) << sent.body;
  EXPECT_TRUE(sent.body.contains(output("call_1_2", "two"))) << sent.body;
  EXPECT_FALSE(sent.body.contains("gAAA")) << "its reasoning was followed by another item";
  EXPECT_EQ(lines(sent.repairs), "reasoning_left_out b\ncall_id_changed call_1");
}

TEST(ResponsesInput, LeavesReasoningOutBeforeACallWhoseArgumentsWereChanged) {
  const Sent sent =
      compose({user("u", {TextPart{"Hi"}}),
               answered("a", thought + "," + call_item("fc_1", "call_1", "look", R"("{\"a\":")")),
               tool("t", {ToolResultPart{"call_1", "no"}})});

  EXPECT_FALSE(sent.body.contains("gAAA")) << sent.body;
  EXPECT_TRUE(sent.body.contains("invalid_json")) << sent.body;
}

TEST(ResponsesInput, LeavesOutATextOfWhiteSpaceAndTheReasoningBeforeIt) {
  const Sent sent =
      compose({user("u", {TextPart{"Hi"}}),
               answered("a", thought + "," + message_item("msg_1", R"(" \n ")") + "," + called),
               tool("t", {ToolResultPart{"call_1", "it"}})});

  EXPECT_FALSE(sent.body.contains("output_text")) << sent.body;
  EXPECT_FALSE(sent.body.contains("gAAA")) << sent.body;
  EXPECT_TRUE(sent.body.contains(output("call_1", "it"))) << sent.body;
}

}  // namespace
}  // namespace lockstep
