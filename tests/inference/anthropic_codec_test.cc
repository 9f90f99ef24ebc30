// SPDX-License-Identifier: Apache-2.0
// The streams here are made by hand after the events that Anthropic documents: thinking with its
// signatures, errors and stops. Recorded ones are in anthropic_streams_test.cc.
#include "server/inference/anthropic_codec.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/inference/written.h"

namespace lockstep {
namespace {

using Events = std::vector<std::string>;

const std::string begin =
    R"({"type":"message_start","message":{"type":"message","role":"assistant","model":"claude-x",)"
    R"("content":[],"stop_reason":null,"usage":{"input_tokens":7,"cache_read_input_tokens":3,)"
    R"("output_tokens":1}}})";

std::string start(int at, const std::string& block) {
  return R"({"type":"content_block_start","index":)" + std::to_string(at) + R"(,"content_block":)" +
         block + "}";
}
std::string delta(int at, const std::string& fields) {
  return R"({"type":"content_block_delta","index":)" + std::to_string(at) + R"(,"delta":{)" +
         fields + "}}";
}
std::string text(int at, const std::string& text) {
  return delta(at, R"("type":"text_delta","text":")" + text + R"(")");
}
std::string thinking(int at, const std::string& text) {
  return delta(at, R"("type":"thinking_delta","thinking":")" + text + R"(")");
}
std::string signature(int at, const std::string& text) {
  return delta(at, R"("type":"signature_delta","signature":")" + text + R"(")");
}
std::string json(int at, const std::string& piece) {
  return delta(at, R"("type":"input_json_delta","partial_json":")" + piece + R"(")");
}
std::string stop(int at) {
  return R"({"type":"content_block_stop","index":)" + std::to_string(at) + "}";
}
std::string ending(const std::string& reason) {
  return R"({"type":"message_delta","delta":{"stop_reason":")" + reason +
         R"(","stop_sequence":null},"usage":{"output_tokens":42}})";
}
const std::string over = R"({"type":"message_stop"})";

Written decode(const Events& events) {
  AnthropicDecoder decoder(RunId("r1"), "anthropic https://a claude");
  Written written;
  for (const std::string& event : events) written.take(decoder.take(event));
  written.take(decoder.end());
  EXPECT_TRUE(decoder.ended());
  return written;
}

std::string opaque_of(const Written& written, std::optional<std::uint32_t> part) {
  const OpaqueData* data = written.messages.at(0).opaque.of(part);
  if (!data) return "";
  EXPECT_EQ(data->origin, "anthropic https://a claude");
  return data->value.text;
}

TEST(AnthropicCodec, ThinkingKeepsItsSignatureBesideTheReasoning) {
  const Written written = decode(
      {begin, start(0, R"({"type":"thinking","thinking":"","signature":""})"),
       thinking(0, "Let me "), thinking(0, "see."), signature(0, "EqQB\\/x"), stop(0),
       start(1, R"({"type":"text","text":""})"), text(1, "Hi"), stop(1), ending("end_turn"), over});

  EXPECT_EQ(written.shape(), "reasoning text");
  EXPECT_EQ(written.reasoning(), "Let me see.");
  EXPECT_EQ(opaque_of(written, 0), R"({"signature":"EqQB/x"})");
  EXPECT_EQ(opaque_of(written, 1), "");
  EXPECT_EQ(written.messages[0].finish.reason, "stop");
  EXPECT_EQ(written.messages[0].finish.model, "claude-x");
  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.end->usage->text,
            R"({"input_tokens":7,"cache_read_input_tokens":3,"output_tokens":42})");
}

TEST(AnthropicCodec, ThinkingWithoutAVisibleTextIsAnEmptyPartWithItsData) {
  const Written written = decode(
      {begin, start(0, R"({"type":"redacted_thinking","data":"EmwK"})"), stop(0),
       start(1, R"({"type":"thinking","thinking":"","signature":""})"), signature(1, "S"), stop(1),
       start(2, R"({"type":"text","text":"Hi"})"), stop(2), ending("end_turn"), over});

  EXPECT_EQ(written.shape(), "reasoning reasoning text");
  EXPECT_EQ(written.reasoning(), "");
  EXPECT_EQ(opaque_of(written, 0), R"({"type":"redacted_thinking","data":"EmwK"})");
  EXPECT_EQ(opaque_of(written, 1), R"({"signature":"S"})");
}

TEST(AnthropicCodec, AStopWithinThinkingLeavesNoSignature) {
  AnthropicDecoder decoder(RunId("r1"), "o");
  Written written;
  for (const std::string& event :
       Events{begin, start(0, R"({"type":"thinking","thinking":"","signature":""})"),
              thinking(0, "Half a"), signature(0, "not whole")}) {
    written.take(decoder.take(event));
  }
  written.take(decoder.end());

  EXPECT_EQ(written.end->status, RunStatus::interrupted);
  EXPECT_EQ(written.reasoning(), "Half a");
  EXPECT_TRUE(written.messages[0].opaque.empty());
}

TEST(AnthropicCodec, CallsGrowWithTheirPiecesAndAnEmptyInputIsAnObject) {
  const Written written =
      decode({begin, start(0, R"({"type":"tool_use","id":"toolu_1","name":"look","input":{}})"),
              json(0, ""), json(0, R"({\"at\": )"), json(0, R"(1.50})"), stop(0),
              start(1, R"({"type":"tool_use","id":"toolu_2","name":"list","input":{}})"), stop(1),
              start(2, R"({"type":"tool_use","id":"toolu_3","name":"roll","input":{"n":1.0},)"
                       R"("caller":{"type":"code_execution_20250825","tool_id":"srv_1"}})"),
              stop(2), ending("tool_use"), over});

  const std::vector<ToolCallPart> calls = written.calls();
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[0], (ToolCallPart{"toolu_1", "look", R"({"at": 1.50})"}));
  EXPECT_EQ(calls[1], (ToolCallPart{"toolu_2", "list", "{}"}));
  EXPECT_EQ(calls[2], (ToolCallPart{"toolu_3", "roll", R"({"n":1.0})"}));
  EXPECT_EQ(opaque_of(written, 2),
            R"({"caller":{"type":"code_execution_20250825","tool_id":"srv_1"}})");
  EXPECT_EQ(written.end->finish.reason, "tool_calls");
}

TEST(AnthropicCodec, BlocksOfServerToolsAreDataAndGoBackWhole) {
  const std::string result =
      R"({"type":"web_search_tool_result","tool_use_id":"srv_1","content":[)"
      R"({"type":"web_search_result","url":"https://a.example","encrypted_content":"ZZZ"}]})";
  const Written written = decode(
      {begin, start(0, R"({"type":"server_tool_use","id":"srv_1","name":"web_search","input":{}})"),
       json(0, R"({\"query\":\"a\"})"), stop(0), start(1, result), stop(1),
       start(2, R"({"type":"a_new_kind","score":1.0})"), stop(2),
       start(3, R"({"type":"compaction","content":null})"),
       delta(3, R"("type":"compaction_delta","content":"In ")"),
       delta(3, R"("type":"compaction_delta","content":"short")"), stop(3), ending("end_turn"),
       over});

  ASSERT_EQ(written.shape(), "data data data data");
  const auto data = [&](std::size_t at) {
    return std::get<DataPart>(written.messages[0].parts[at]);
  };
  const std::string asked =
      R"({"type":"server_tool_use","id":"srv_1","name":"web_search","input":{"query":"a"}})";
  EXPECT_EQ(data(0).name, "anthropic.server_tool_use");
  EXPECT_EQ(data(0).value.text, asked);
  EXPECT_EQ(opaque_of(written, 0), asked);
  EXPECT_EQ(data(1).value.text,
            R"({"type":"web_search_tool_result","tool_use_id":"srv_1","content":[)"
            R"({"type":"web_search_result","url":"https://a.example"}]})");
  EXPECT_EQ(opaque_of(written, 1), result);
  EXPECT_EQ(data(2).name, "anthropic.a_new_kind");
  EXPECT_EQ(opaque_of(written, 2), R"({"type":"a_new_kind","score":1.0})");
  EXPECT_EQ(data(3).value.text, R"({"type":"compaction","content":"In short"})");
}

TEST(AnthropicCodec, CitationsStandBehindTheirTextAndGoBackWithIt) {
  const Written written =
      decode({begin, start(0, R"({"type":"text","text":"","citations":[]})"),
              delta(0, R"("type":"citations_delta","citation":{"url":"u","encrypted_index":"E"})"),
              text(0, "It is"), text(0, " so"), stop(0), start(1, R"({"type":"text","text":""})"),
              text(1, "."), stop(1), ending("end_turn"), over});

  ASSERT_EQ(written.shape(), "text data text");
  EXPECT_EQ(written.text(), "It is so.");
  EXPECT_EQ(std::get<DataPart>(written.messages[0].parts[1]),
            (DataPart{"citations", Json{R"([{"url":"u"}])"}}));
  EXPECT_EQ(opaque_of(written, 0), R"({"citations":[{"url":"u","encrypted_index":"E"}]})");
  EXPECT_EQ(opaque_of(written, 1), R"({"cites":0})");
}

TEST(AnthropicCodec, StopReasonsHaveTheNamesOfAllAgents) {
  struct Case {
    const char* stop;
    const char* reason;
    RunStatus status;
  };
  for (const Case& each : {Case{"end_turn", "stop", RunStatus::completed},
                           Case{"max_tokens", "length", RunStatus::completed},
                           Case{"model_context_window_exceeded", "length", RunStatus::completed},
                           Case{"tool_use", "tool_calls", RunStatus::completed},
                           Case{"stop_sequence", "stop_sequence", RunStatus::completed},
                           Case{"pause_turn", "pause_turn", RunStatus::completed},
                           Case{"refusal", "refusal", RunStatus::failed}}) {
    const Written written = decode(
        {begin, start(0, R"({"type":"text","text":"Hi"})"), stop(0), ending(each.stop), over});
    EXPECT_EQ(written.end->status, each.status) << each.stop;
    EXPECT_EQ(written.end->finish.reason, each.reason);
    EXPECT_EQ(written.end->error ? written.end->error->code : "",
              each.status == RunStatus::failed ? "content_filter" : "");
  }
}

TEST(AnthropicCodec, ErrorsOfTheStreamHaveTheHousesCodes) {
  struct Case {
    const char* type;
    const char* message;
    const char* code;
  };
  for (const Case& each :
       {Case{"overloaded_error", "Overloaded", "upstream_overloaded"},
        Case{"rate_limit_error", "slow down", "upstream_rate_limited"},
        Case{"authentication_error", "invalid x-api-key", "bad_key"},
        Case{"permission_error", "not for you", "upstream_unauthorized"},
        Case{"invalid_request_error", "prompt is too long: 3 tokens > 2 maximum",
             "context_too_long"},
        Case{"invalid_request_error", "Your credit balance is too low", "no_credit"},
        Case{"billing_error", "pay", "no_credit"},
        Case{"invalid_request_error", "messages: bad", "upstream_rejected"},
        Case{"api_error", "Internal server error", "upstream_error"}}) {
    const std::string error = R"({"type":"error","error":{"type":")" + std::string(each.type) +
                              R"(","message":")" + each.message + R"("}})";
    const Written in_stream = decode({begin, error});
    EXPECT_EQ(in_stream.end->error->code, each.code) << each.message;
    EXPECT_EQ(in_stream.end->error->detail, each.message);

    AnthropicDecoder decoder(RunId("r1"), "o");
    Written named;
    named.take(decoder.take_error(error));
    EXPECT_EQ(named.end->error->code, each.code) << each.message;
  }
}

TEST(AnthropicCodec, AWholeBodyHasTheSameContent) {
  AnthropicDecoder decoder(RunId("r1"), "anthropic https://a claude");
  Written written;
  written.take(decoder.take_whole(
      R"({"type":"message","model":"claude-x","content":[{"type":"thinking","thinking":"so",)"
      R"("signature":"S"},{"type":"text","text":"Hi","citations":null},)"
      R"({"type":"tool_use","id":"t","name":"look","input":{"a":1}}],)"
      R"("stop_reason":"tool_use","usage":{"input_tokens":1}})"));

  EXPECT_EQ(written.shape(), "reasoning text call");
  EXPECT_EQ(opaque_of(written, 0), R"({"signature":"S"})");
  EXPECT_EQ(written.calls()[0].arguments, R"({"a":1})");
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(AnthropicCodec, AnAnswerOfAnotherProtocolIsNamed) {
  const Written chat = decode({R"({"choices":[{"index":0,"delta":{"content":"Hi"}}]})", "[DONE]"});
  EXPECT_EQ(chat.end->error->code, "upstream_malformed");
  EXPECT_NE(chat.end->error->detail.find("kind `openai`"), std::string::npos);
  EXPECT_TRUE(chat.messages.empty());

  EXPECT_EQ(decode({"no JSON"}).end->error->code, "upstream_malformed");
}

TEST(AnthropicCodec, AStreamOfResponsesIsNamed) {
  const Written written =
      decode({R"({"type":"response.created","response":{"object":"response"}})",
              R"({"type":"response.completed","response":{"status":"completed","output":[]}})"});

  EXPECT_EQ(written.end->error->code, "upstream_malformed");
  EXPECT_TRUE(written.end->error->detail.contains("`openai-responses`"));
}

TEST(AnthropicCodec, AnEventWithoutDataIsPassedOver) {
  const Written written = decode({begin, "", " ", start(0, R"({"type":"text","text":""})"),
                                  text(0, "So."), stop(0), ending("end_turn"), over});

  EXPECT_EQ(written.text(), "So.");
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(AnthropicCodec, ACallWithoutANameFailsTheRun) {
  const Written written = decode({begin, start(0, R"({"type":"text","text":"see"})"), stop(0),
                                  start(1, R"({"type":"tool_use","id":"t1","name":"","input":{}})"),
                                  stop(1), ending("tool_use"), over});

  EXPECT_EQ(written.end->status, RunStatus::failed);
  EXPECT_EQ(written.end->error->code, "upstream_malformed");
  EXPECT_EQ(written.text(), "see");
}

TEST(AnthropicCodec, EventsAndDeltasOfUnknownKindsArePassedOver) {
  const Written written = decode({R"({"type":"ping"})", begin, R"({"type":"a_new_event","x":1})",
                                  start(0, R"({"type":"text","text":""})"),
                                  delta(0, R"("type":"new_delta","text":"no")"), text(0, "Hi"),
                                  stop(0), ending("end_turn"), over});
  EXPECT_EQ(written.text(), "Hi");
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(AnthropicCodec, ACallThatALimitCutIsHalf) {
  const Written written =
      decode({begin, start(0, R"({"type":"tool_use","id":"t","name":"look","input":{}})"),
              json(0, R"({\"at\": \"ha)"), ending("max_tokens"), over});
  EXPECT_EQ(written.calls()[0].arguments, R"({"at": "ha)");
  EXPECT_EQ(written.end->finish.reason, "length");
}

TEST(AnthropicCodec, AnEmptyCallThatALimitCutHasNoArguments) {
  const Written written =
      decode({begin, start(0, R"({"type":"tool_use","id":"t","name":"look","input":{}})"),
              ending("max_tokens"), over});
  EXPECT_EQ(written.calls()[0].arguments, "");
}

TEST(AnthropicCodec, ACharacterInTwoDeltasIsWhole) {
  const Written written =
      decode({begin, start(0, R"({"type":"text","text":""})"), text(0, "\\ud83d"),
              text(0, "\\ude00!"), stop(0), ending("end_turn"), over});
  EXPECT_EQ(written.text(), "\xF0\x9F\x98\x80!");
}

// The text as escapes, in random pieces that may end within a character.
Events pieces_of(const std::vector<unsigned>& units, std::mt19937& random,
                 const std::function<std::string(const std::string&)>& event) {
  Events events;
  std::string piece;
  for (const unsigned unit : units) {
    std::array<char, 8> escape{};
    std::snprintf(escape.data(), escape.size(), "\\u%04x", unit);
    piece += escape.data();
    if (random() % 4 == 0) events.push_back(event(std::exchange(piece, {})));
  }
  events.push_back(event(piece));
  return events;
}

TEST(AnthropicCodec, TheSameAnswerInAnyPiecesHasTheSameContent) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    std::vector<unsigned> units;
    for (std::size_t count = random() % 40; count > 0; --count) {
      if (random() % 3 == 0) {
        units.push_back(0xD83D);
        units.push_back(0xDE00 + static_cast<unsigned>(random() % 16));
      }
      units.push_back('a' + static_cast<unsigned>(random() % 26));
    }
    const auto stream = [&] {
      Events events = {begin, start(0, R"({"type":"thinking","thinking":"","signature":""})")};
      const auto add = [&events](const Events& more) {
        events.insert(events.end(), more.begin(), more.end());
      };
      add(pieces_of(units, random, [](const std::string& piece) { return thinking(0, piece); }));
      add({signature(0, "S"), stop(0), start(1, R"({"type":"text","text":""})")});
      add(pieces_of(units, random, [](const std::string& piece) { return text(1, piece); }));
      add({stop(1), start(2, R"({"type":"tool_use","id":"t","name":"look","input":{}})"),
           json(2, R"({\"a\":\")")});
      add(pieces_of(units, random, [](const std::string& piece) { return json(2, piece); }));
      add({json(2, R"(\"})"), stop(2), ending("tool_use"), over});
      return events;
    };
    const Written one = decode(stream());
    const Written other = decode(stream());

    ASSERT_EQ(one.messages.at(0).parts, other.messages.at(0).parts) << round;
    EXPECT_EQ(one.messages[0].opaque, other.messages[0].opaque);
    EXPECT_EQ(one.reasoning(), one.text());
  }
}

}  // namespace
}  // namespace lockstep
