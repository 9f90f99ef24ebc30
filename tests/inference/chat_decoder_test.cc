// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/inference/limits.h"
#include "server/inference/run_ids.h"
#include "tests/inference/decoded.h"
#include "tests/inference/written.h"

namespace lockstep {
namespace {

TEST(ChatDecoder, WritesOneMessageWithTheTextOfAllDeltas) {
  const Written written = decode({delta(R"("role":"assistant","content":"")"), content(R"("Hel")"),
                                  content("null"), content(R"("lo")"), finish("stop"), "[DONE]"});

  ASSERT_EQ(written.messages.size(), 1u);
  EXPECT_EQ(written.messages[0].id, MessageId("r1.a1"));
  EXPECT_EQ(written.shape(), "text");
  EXPECT_EQ(written.text(), "Hello");
  EXPECT_EQ(written.messages[0].ended, MessageStatus::complete);
  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_FALSE(written.end->error);
}

TEST(ChatDecoder, OpensNoMessageForAStreamThatSaysNothing) {
  ChatDecoder decoder(RunId("r1"));

  EXPECT_TRUE(decoder.take(delta(R"("role":"assistant","content":"")")).empty());
  EXPECT_FALSE(decoder.emitted());
  Written written;
  written.take(decoder.take(finish("stop")));
  written.take(decoder.take("[DONE]"));

  EXPECT_TRUE(written.messages.empty());
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(ChatDecoder, TakesReasoningInEverySpelling) {
  const std::string spellings[] = {
      R"("reasoning_content":"think")",
      R"("reasoning":"think")",
      R"("reasoning_details":[{"type":"reasoning.text","text":"thi"},{"type":)"
      R"("reasoning.summary","summary":"nk"},{"type":"reasoning.encrypted","data":"xx"}])",
      R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"thi"},{"type":)"
      R"("text","text":"nk"}]}])",
      R"("content":[{"type":"thinking","thinking":"think"}])",
  };
  for (const std::string& spelling : spellings) {
    SCOPED_TRACE(spelling);
    const Written written = decode({delta(spelling), content(R"("so")"), finish("stop")});

    EXPECT_EQ(written.shape(), "reasoning text");
    EXPECT_EQ(written.reasoning(), "think");
    EXPECT_EQ(written.text(), "so");
  }
}

TEST(ChatDecoder, TakesReasoningOnceWhereAServerSaysItTwice) {
  const Written written = decode(
      {delta(R"("reasoning":"a","reasoning_content":"a","reasoning_details":[{"text":"a"}])"),
       delta(R"("reasoning":"b","reasoning_content":"","reasoning_details":[{"text":"b"}])"),
       finish("stop")});

  EXPECT_EQ(written.reasoning(), "ab");
}

TEST(ChatDecoder, StartsAPartForEachChangeBetweenReasoningAndText) {
  const Written written = decode({delta(R"("reasoning":"a","content":"b")"), content(R"("c")"),
                                  delta(R"("reasoning":"d")"), content(R"("e")"), finish("stop")});

  EXPECT_EQ(written.shape(), "reasoning text reasoning text");
  EXPECT_EQ(std::get<TextPart>(written.messages[0].parts[1]).text, "bc");
}

TEST(ChatDecoder, TakesTextInAnArray) {
  const Written written = decode(
      {content(R"([{"type":"text","text":"a"},{"type":"reference","reference_ids":[1]},"b"])"),
       finish("stop")});

  EXPECT_EQ(written.text(), "ab");
}

TEST(ChatDecoder, TakesARefusalAsText) {
  EXPECT_EQ(decode({delta(R"("refusal":"no")"), finish("stop")}).text(), "no");
}

// --- Usage ---------------------------------------------------------------------------------------

TEST(ChatDecoder, KeepsTheLastUsageWhereverItStands) {
  const std::string used = R"("usage":{"completion_tokens":5})";
  const std::vector<std::vector<std::string>> streams = {
      {content(R"("a")"), finish("stop"), R"({"choices":[],)" + used + "}", "[DONE]"},
      {content(R"("a")"), R"({"choices":[{"delta":{},"finish_reason":"stop"}],)" + used + "}",
       "[DONE]"},
      {R"({"choices":[{"delta":{"content":"a"}}],"usage":{"completion_tokens":1}})",
       R"({"choices":[],)" + used + "}", finish("stop")},
      {R"({"choices":[{"delta":{"content":"a"}}],)" + used + "}",
       R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null})", "[DONE]"},
      {content(R"("a")"),
       R"({"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{)" + used + "}}"},
  };
  for (const auto& stream : streams) {
    const Written written = decode(stream);

    ASSERT_TRUE(written.messages[0].usage);
    EXPECT_EQ(written.messages[0].usage->text, R"({"completion_tokens":5})");
    EXPECT_EQ(written.end->usage->text, R"({"completion_tokens":5})");
  }
}

TEST(ChatDecoder, UsageNamesNoSecret) {
  const std::string key = "sk-ab\"cd\\ef%20gh==1234567890";
  const std::string quoted = R"(sk-ab\"cd\\ef%20gh==1234567890)";
  const Redactor redactor({key});
  const auto usage_of = [&](const std::string& usage) {
    const Written written = decode(
        {content(R"("a")"),
         R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":)" + usage + "}", "[DONE]"},
        redactor);
    return written.end->usage ? written.end->usage->text : "none";
  };

  EXPECT_EQ(usage_of(R"({"tokens":1,")" + quoted + R"(":2})"), R"({"tokens":1,"[secret]":2})");
  EXPECT_EQ(usage_of(R"({"tokens":1,"a":{"of )" + quoted + R"( ":")" + quoted + R"("}})"),
            R"({"tokens":1,"a":{"of [secret] ":"[secret]"}})");
  EXPECT_EQ(usage_of(R"({")" + quoted + R"(":1,")" + quoted.substr(0, 12) + R"(":2})"), "none");
}

// --- Ends ----------------------------------------------------------------------------------------

TEST(ChatDecoder, AStreamThatIsCutWithoutAFinishReasonWasInterrupted) {
  const Written written = decode({content(R"("a")")});

  EXPECT_EQ(written.end->status, RunStatus::interrupted);
  EXPECT_EQ(written.end->error->code, "upstream_interrupted");
  EXPECT_EQ(written.text(), "a");
}

TEST(ChatDecoder, AnswersCutByTheirLengthAreCompleteAndSaySo) {
  const Written written = decode({content(R"("a")"), finish("length")});

  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.end->finish.reason, "length");
}

TEST(ChatDecoder, FinishReasonsThatAreFailuresFailTheRun) {
  const Written filtered = decode({content(R"("a")"), finish("content_filter")});
  const Written broken = decode({content(R"("a")"), finish("error")});

  EXPECT_EQ(filtered.end->status, RunStatus::failed);
  EXPECT_EQ(filtered.end->error->code, "content_filter");
  EXPECT_EQ(filtered.messages[0].ended, MessageStatus::failed);
  EXPECT_EQ(broken.end->error->code, "upstream_error");
}

TEST(ChatDecoder, AnErrorInMidStreamFailsTheRunAndKeepsTheReceivedText) {
  const std::string errors[] = {
      R"({"error":{"code":502,"message":"went away"},"choices":[{"delta":{"content":""},)"
      R"("finish_reason":"error"}]})",
      R"({"error":{"message":"went away","type":"server_error"}})",
      R"({"error":"went away"})",
      R"({"choices":[{"delta":{},"finish_reason":"error","error":{"message":"went away"}}]})",
  };
  for (const std::string& error : errors) {
    const Written written = decode({content(R"("a")"), error, content(R"("never")")});

    EXPECT_EQ(written.text(), "a");
    EXPECT_EQ(written.messages[0].ended, MessageStatus::failed);
    EXPECT_EQ(written.end->status, RunStatus::failed);
    EXPECT_EQ(written.end->error->code, "upstream_error");
    EXPECT_EQ(written.end->error->detail, "went away");
  }
}

TEST(ChatDecoder, AnInvalidChunkFailsTheRun) {
  for (const std::string bad : {"{", "[]", "17", "{\"choices\":", "<html>"}) {
    const Written written = decode({content(R"("a")"), bad});

    EXPECT_EQ(written.end->status, RunStatus::failed);
    EXPECT_EQ(written.end->error->code, "upstream_malformed");
  }
}

TEST(ChatDecoder, WrongTypesInAChunkAreAsIfTheyWereNotThere) {
  const Written written =
      decode({R"({"choices":17})", R"({"choices":[17]})", R"({"choices":[{"index":0,"delta":[]}]})",
              delta(R"("content":5,"tool_calls":{},"reasoning":{})"), calls("1,null,\"x\""),
              calls(R"({"index":"0","id":5,"function":[]})"), content(R"("a")"), R"({"usage":5})",
              finish("stop")});

  EXPECT_EQ(written.text(), "a");
}

TEST(ChatDecoder, TakesTheFirstOfSeveralChoicesOnly) {
  const Written written =
      decode({R"({"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":)"
              R"("yes"}}]})",
              finish("stop")});

  EXPECT_EQ(written.text(), "yes");
}

TEST(ChatDecoder, AWholeAnswerIsTakenWhereNoStreamCame) {
  ChatDecoder decoder(RunId("r1"));
  Written written;

  written.take(
      decoder.take_whole(R"({"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},)"
                         R"("finish_reason":"stop"}],"usage":{"total_tokens":2}})"));

  EXPECT_EQ(written.text(), "hi");
  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.end->usage->text, R"({"total_tokens":2})");
}

TEST(ChatDecoder, AnErrorInAWholeAnswerFailsTheRun) {
  ChatDecoder decoder(RunId("r1"));
  Written written;

  written.take(decoder.take_whole(R"({"error":{"message":"no credit"}})"));

  EXPECT_EQ(written.end->error, (RunError{"upstream_error", "no credit"}));
}

TEST(ChatDecoder, TroubleBehindTheFinishReasonIsForgiven) {
  ChatDecoder decoder(RunId("r1"));
  Written written;
  written.take(decoder.take(content(R"("a")")));
  written.take(decoder.take(finish("stop")));

  written.take(decoder.end(RunStatus::failed, {"upstream_timeout", "late"}));

  EXPECT_EQ(written.end->status, RunStatus::completed);
}

// --- Text ----------------------------------------------------------------------------------------

TEST(ChatDecoder, JoinsAPairThatWasCutBetweenTwoChunks) {
  const Written written =
      decode({content(R"("a\ud83c")"), content(R"("\udfb5z")"), finish("stop")});

  EXPECT_EQ(written.text(), "a\xF0\x9F\x8E\xB5z");
}

TEST(ChatDecoder, ReplacesUnpairedHalvesAndInvalidBytes) {
  const Written written = decode({content(R"("a\ud83c")"), delta(R"("reasoning":"\udfb5")"),
                                  content("\"\xFF\""), content(R"("\ud83c")"), finish("stop")});

  EXPECT_EQ(written.text(), "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(written.reasoning(), "\xEF\xBF\xBD");
}

TEST(ChatDecoder, JoinsPairsThatWereCutInArguments) {
  const Written written = decode(
      {calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":"{\"a\":\"\ud83c"}})"),
       calls(R"({"index":0,"function":{"arguments":"\udfb5\"}"}})"), finish("tool_calls")});

  EXPECT_EQ(written.calls()[0].arguments, "{\"a\":\"\xF0\x9F\x8E\xB5\"}");
}

TEST(ChatDecoder, AnAnswerAboveTheLargestMessageFailsTheRun) {
  const std::string piece(1 << 20, 'a');
  std::vector<std::string> chunks(9, content("\"" + piece + "\""));

  const Written written = decode(chunks);

  EXPECT_EQ(written.end->status, RunStatus::failed);
  EXPECT_EQ(written.end->error->code, "upstream_too_large");
}

TEST(MessageIdOf, StaysAnIdForTheLongestRunId) {
  const RunId longest(std::string(limits::id_bytes_max, 'x'));
  const RunId other(std::string(limits::id_bytes_max - 1, 'x') + "y");

  EXPECT_EQ(message_id_of(RunId("r"), 2), MessageId("r.a2"));
  EXPECT_TRUE(is_id(message_id_of(longest, 1).get()));
  EXPECT_NE(message_id_of(longest, 1), message_id_of(other, 1));
  EXPECT_NE(message_id_of(longest, 1), message_id_of(longest, 2));
}

}  // namespace
}  // namespace lockstep
