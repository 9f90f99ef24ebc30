// SPDX-License-Identifier: Apache-2.0
// What a Chat Completions server signs or encrypts, and gets back as it came.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "schema/json/json_reader.h"
#include "schema/json/limits.h"
#include "server/inference/compose.h"
#include "server/inference/reasoning_details.h"
#include "server/inference/settings.h"
#include "tests/inference/decoded.h"

namespace lockstep {
namespace {

const std::string origin = "openai https://router.example some/model";

Written decode_from(const std::vector<std::string>& chunks) {
  ChatDecoder decoder(RunId("r1"), {}, ThinkTags::off, origin);
  Written written;
  for (const std::string& chunk : chunks) written.take(decoder.take(chunk));
  written.take(decoder.end());
  return written;
}

std::string details(const std::string& items) {
  return delta(R"("reasoning_details":[)" + items + "]");
}

// The answer as a turn of the next request, of the agent with this origin.
std::string sent_back(const WrittenMessage& answer, const std::string& to = origin) {
  RequestSettings settings;
  settings.kind = "openai";
  settings.reasoning = ReasoningBack::always;
  settings.origin = to;
  Context context;
  context.settings = settings_bytes(settings);
  Message message;
  message.id = answer.id;
  message.role = Role::assistant;
  message.parts = answer.parts;
  message.opaque = answer.opaque;
  context.path = {message};
  return sent_from_settings(context).body;
}

TEST(ChatOpaque, DetailsOfReasoningComeInPiecesAndGoBackWhole) {
  const Written written = decode_from(
      {details(R"({"type":"reasoning.text","text":"Let me ","index":0,"format":"a-v1"})"),
       details(R"({"type":"reasoning.text","text":"think.","index":0})"),
       details(R"({"type":"reasoning.text","text":"","signature":"c2ln","index":0})"),
       details(R"({"type":"reasoning.encrypted","data":"AAAA","id":"x","index":1})"),
       content("\"So.\""), finish("stop")});

  EXPECT_EQ(written.reasoning(), "Let me think.");
  const std::string request = sent_back(written.messages[0]);
  EXPECT_NE(request.find(R"("reasoning_details":[{"type":"reasoning.text","text":"Let me think.",)"
                         R"("index":0,"format":"a-v1","signature":"c2ln"},)"
                         R"({"type":"reasoning.encrypted","data":"AAAA","id":"x","index":1}])"),
            std::string::npos)
      << request;
  EXPECT_EQ(request.find("reasoning_content"), std::string::npos) << request;
}

// Model servers choose these names.
TEST(ChatOpaque, ANameOfADetailThatNeedsEscapesGoesBackAsItCame) {
  const Written written = decode_from(
      {details(R"({"type":"reasoning.text","text":"Hm.","a\"b\\":1,"index":0})"), finish("stop")});

  const std::string request = sent_back(written.messages[0]);

  EXPECT_TRUE(is_json_object(request, limits::json_depth_max)) << request;
  EXPECT_NE(request.find(R"("a\"b\\":1)"), std::string::npos) << request;
}

TEST(ChatOpaque, DetailsWithoutATextAreKeptForTheAnswer) {
  const Written written =
      decode_from({details(R"({"type":"reasoning.encrypted","data":"AAAA","index":0})"),
                   calls(R"({"index":0,"id":"c1","function":{"name":"look","arguments":"{}"}})"),
                   finish("tool_calls")});

  EXPECT_EQ(written.shape(), "call");
  EXPECT_NE(sent_back(written.messages[0]).find(R"("data":"AAAA")"), std::string::npos);
}

TEST(ChatOpaque, DetailsAreNotedOnceTheTextBegins) {
  ChatDecoder decoder(RunId("r1"), {}, ThinkTags::off, origin);
  Written written;
  written.take(decoder.take(details(R"({"type":"reasoning.text","text":"Hm","index":0})")));
  EXPECT_TRUE(written.messages[0].opaque.empty());

  written.take(decoder.take(content("\"So\"")));

  EXPECT_EQ(written.messages[0].opaque.size(), 1u);  // a stop from here on keeps it
}

TEST(ChatOpaque, TheSignatureOfACallGoesBackWithThatCall) {
  const Written written = decode_from(
      {calls(R"({"index":0,"id":"c1","extra_content":{"google":{"thought_signature":"s1"}},)"
             R"("function":{"name":"look","arguments":"{}"}})"),
       calls(R"({"index":1,"id":"c2","function":{"name":"ask","arguments":"{}"}})"),
       finish("tool_calls")});

  const std::string request = sent_back(written.messages[0]);
  EXPECT_NE(
      request.find(R"({"id":"c1","type":"function","function":{"name":"look","arguments":"{}"},)"
                   R"("extra_content":{"google":{"thought_signature":"s1"}}},)"
                   R"({"id":"c2","type":"function","function":{"name":"ask","arguments":"{}"}})"),
      std::string::npos)
      << request;
}

TEST(ChatOpaque, ASignatureBeforeTheNameOfItsCallIsKept) {
  const Written written = decode_from(
      {calls(R"({"index":0,"id":"c1","extra_content":{"google":{"thought_signature":"s1"}}})"),
       calls(R"({"index":0,"function":{"name":"look","arguments":"{}"}})"), finish("tool_calls")});

  ASSERT_EQ(written.messages[0].opaque.size(), 1u);
  EXPECT_EQ(written.messages[0].opaque.begin()->part, 0u);
}

TEST(ChatOpaque, TheSignatureOfAnAnswerGoesBackWithIt) {
  const Written written =
      decode_from({content("\"So.\""),
                   delta(R"("content":"","extra_content":{"google":{"thought_signature":"s9"}})"),
                   finish("stop")});

  EXPECT_NE(sent_back(written.messages[0])
                .find(R"("extra_content":{"google":{"thought_signature":"s9"}})"),
            std::string::npos);
}

TEST(ChatOpaque, AnotherServerGetsNothingOfIt) {
  const Written written =
      decode_from({details(R"({"type":"reasoning.text","text":"Hm","signature":"c2ln","index":0})"),
                   calls(R"({"index":0,"id":"c1","extra_content":{"g":{"s":"s1"}},)"
                         R"("function":{"name":"look","arguments":"{}"}})"),
                   finish("tool_calls")});

  for (const std::string other : {"", "openai https://other.example some/model"}) {
    const std::string request = sent_back(written.messages[0], other);
    EXPECT_EQ(request.find("c2ln"), std::string::npos) << request;
    EXPECT_EQ(request.find("s1"), std::string::npos) << request;
    EXPECT_NE(request.find(R"("reasoning_content":"Hm")"), std::string::npos) << request;
  }
}

TEST(ChatOpaque, DataThatIsNoObjectGoesNowhere) {
  WrittenMessage answer;
  answer.id = MessageId("a1");
  answer.parts = {ReasoningPart{"Hm"}, TextPart{"So."}};
  for (const std::string value :
       {"null", "[]", "\"x\"", R"({"reasoning_details":7})", R"({"reasoning_details":[]})"}) {
    answer.opaque.put({0, origin, Json{value}});
    const std::string request = sent_back(answer);
    EXPECT_TRUE(read_json(request, {.depth_max = 64})) << request;
    EXPECT_EQ(request.find("reasoning_details"), std::string::npos) << request;
  }
}

// An item's texts are cut at random places, and items come in turns: the list is the same.
TEST(ChatOpaque, ItemsAreTheSameInAnyPieces) {
  std::mt19937 random(7);
  const std::string text = "thinking about \\\"this\\\" and that";
  for (int round = 0; round < 2000; ++round) {
    ReasoningDetails pieces;
    const std::size_t cut = random() % (text.size() + 1);
    if (cut > 0 && text[cut - 1] == '\\') continue;  // an escape is not cut
    const std::string one = text.substr(0, cut);
    const std::string two = text.substr(cut);
    pieces.take(R"({"type":"reasoning.text","index":0,"text":")" + one + "\"}");
    if (random() % 2 == 0) {
      pieces.take(R"({"type":"reasoning.encrypted","index":1,"data":"AA"})");
      pieces.take(R"({"type":"reasoning.text","index":0,"text":")" + two + "\"}");
    } else {
      pieces.take(R"({"type":"reasoning.text","index":0,"text":")" + two + "\"}");
      pieces.take(R"({"type":"reasoning.encrypted","index":1,"data":"AA"})");
    }
    EXPECT_EQ(pieces.list(), R"([{"type":"reasoning.text","index":0,"text":")" + text +
                                 R"("},{"type":"reasoning.encrypted","index":1,"data":"AA"}])");
  }
}

}  // namespace
}  // namespace lockstep
