// SPDX-License-Identifier: Apache-2.0
// The calls of an answer, as servers send them in pieces.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "tests/inference/decoded.h"

namespace lockstep {
namespace {

using Calls = std::vector<ToolCallPart>;

// The calls of a stream that ends well.
Calls calls_of(std::vector<std::string> chunks) {
  chunks.push_back(finish("tool_calls"));
  const Written written = decode(chunks);
  EXPECT_EQ(written.end->status, RunStatus::completed);
  return written.calls();
}

// A piece at index 0 with these arguments.
std::string more(const std::string& arguments, const std::string& fields = {}) {
  return calls(R"({"index":0,)" + fields + R"("function":{"arguments":)" + json_string(arguments) +
               "}}");
}
// The first piece of a call `f` at index 0 with the id x.
std::string first(const std::string& arguments) {
  return calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":)" +
               json_string(arguments) + "}}");
}

TEST(ChatCalls, JoinsTheArgumentsOfCallsByIndex) {
  const Written written = decode(
      {calls(R"({"index":0,"id":"x","type":"function","function":{"name":"f","arguments":""}})"),
       calls(R"({"index":0,"function":{"arguments":"{\"a\""}})"),
       calls(R"({"index":1,"id":"y","function":{"name":"g","arguments":"{"}})"),
       calls(R"({"index":0,"function":{"arguments":":1}"}},{"index":1,"function":{"arguments":)"
             R"("}"}})"),
       finish("tool_calls"), "[DONE]"});

  EXPECT_EQ(written.shape(), "call call");
  EXPECT_EQ(written.calls(),
            (std::vector<ToolCallPart>{{"x", "f", R"({"a":1})"}, {"y", "g", "{}"}}));
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(ChatCalls, TakesACallThatComesWholeInOneChunk) {
  const Written written =
      decode({calls(R"({"id":"x","index":0,"function":{"name":"f","arguments":"{\"a\":1}"}})"),
              finish("tool_calls")});

  EXPECT_EQ(written.calls(), (std::vector<ToolCallPart>{{"x", "f", R"({"a":1})"}}));
}

TEST(ChatCalls, ANewIdAtAnOpenIndexIsANewCall) {
  const Written written =
      decode({calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":"{}"}})"),
              calls(R"({"index":0,"id":"y","function":{"name":"f","arguments":"{"}})"),
              calls(R"({"index":0,"function":{"arguments":"}"}})"), finish("tool_calls")});

  EXPECT_EQ(written.calls(), (std::vector<ToolCallPart>{{"x", "f", "{}"}, {"y", "f", "{}"}}));
}

TEST(ChatCalls, AnIdAndNameThatAreRepeatedAreTheSameCall) {
  const Written written =
      decode({calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":"{"}})"),
              calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":"}"}})"),
              calls(R"({"index":0,"id":"","function":{"name":"f","arguments":""}})"),
              finish("tool_calls")});

  EXPECT_EQ(written.calls(), (std::vector<ToolCallPart>{{"x", "f", "{}"}}));
}

TEST(ChatCalls, WithoutAnIndexTheIdOrTheLastCallCounts) {
  const Written written =
      decode({calls(R"({"id":"x","function":{"name":"f","arguments":"{"}})"),
              calls(R"({"function":{"arguments":"}"}})"),
              calls(R"({"id":"y","function":{"name":"g","arguments":"{"}})"),
              calls(R"({"id":"y","function":{"arguments":"}"}})"), finish("tool_calls")});

  EXPECT_EQ(written.calls(), (std::vector<ToolCallPart>{{"x", "f", "{}"}, {"y", "g", "{}"}}));
}

TEST(ChatCalls, CallsWithoutIdsGetIdsOfTheirOwn) {
  const std::vector<std::string> chunks = {
      calls(R"({"index":0,"function":{"name":"f","arguments":"{}"}},{"index":0,"function":)"
            R"({"name":"f","arguments":"{\"b\":2}"}})"),
      finish("tool_calls")};
  const Written written = decode(chunks);

  const std::vector<ToolCallPart> made = written.calls();
  ASSERT_EQ(made.size(), 2u);
  EXPECT_TRUE(made[0].id.starts_with("call_"));
  EXPECT_NE(made[0].id, made[1].id);
  EXPECT_EQ(made[1].arguments, R"({"b":2})");
  EXPECT_EQ(decode(chunks).calls(), made);
}

TEST(ChatCalls, HoldsArgumentsBackUntilTheCallsNameIsKnown) {
  const Written written = decode(
      {calls(R"({"index":0,"id":"x"})"), calls(R"({"index":0,"function":{"arguments":"{"}})"),
       calls(R"({"index":0,"function":{"name":"f","arguments":"}"}})"), finish("tool_calls")});

  EXPECT_EQ(written.calls(), (std::vector<ToolCallPart>{{"x", "f", "{}"}}));
}

TEST(ChatCalls, ACallThatIsNeverNamedFailsTheRun) {
  const Written written =
      decode({calls(R"({"index":0,"function":{"arguments":"{}"}})"), finish("tool_calls")});

  EXPECT_EQ(written.end->status, RunStatus::failed);
  EXPECT_EQ(written.end->error->code, "upstream_malformed");
}

TEST(ChatCalls, ArgumentsMayBeAnObjectOrMissing) {
  const Written written =
      decode({calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":{"a":[1,2]}}})"),
              calls(R"({"index":1,"id":"y","function":{"name":"g"}})"), finish("tool_calls")});

  EXPECT_EQ(written.calls(),
            (std::vector<ToolCallPart>{{"x", "f", R"({"a":[1,2]})"}, {"y", "g", "{}"}}));
}

TEST(ChatCalls, ACallWhoseArgumentsDidNotComeIsNotMadeWhole) {
  const Written written =
      decode({calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":""}})")});

  EXPECT_EQ(written.end->status, RunStatus::interrupted);
  EXPECT_EQ(written.calls(), (std::vector<ToolCallPart>{{"x", "f", ""}}));
}

TEST(ChatCalls, TakesTheOldFunctionCall) {
  const Written written =
      decode({delta(R"("function_call":{"name":"f","arguments":"{"})"),
              delta(R"("function_call":{"arguments":"}"})"), finish("function_call")});

  ASSERT_EQ(written.calls().size(), 1u);
  EXPECT_EQ(written.calls()[0].arguments, "{}");
}

TEST(ChatCalls, TextBehindACallIsAPartOfItsOwn) {
  const Written written = decode(
      {content(R"("a")"), calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":"{"}})"),
       content(R"("b")"), calls(R"({"index":0,"function":{"arguments":"}"}})"), content(R"("c")"),
       finish("tool_calls")});

  EXPECT_EQ(written.shape(), "text call text text");
  EXPECT_EQ(written.calls()[0].arguments, "{}");
}

// --- Which call a piece belongs to ---------------------------------------------------------------

TEST(ChatCalls, AnIdForEachPieceIsTheSameCall) {
  EXPECT_EQ(calls_of({first(R"({"x":)"),
                      calls(R"({"index":0,"id":"a2","function":{"name":null,"arguments":"12"}})"),
                      more("}", R"("id":"a3",)")}),
            (Calls{{"x", "f", R"({"x":12})"}}));
  EXPECT_EQ(calls_of({calls(R"({"id":"x","function":{"name":"f","arguments":"{"}})"),
                      calls(R"({"id":"y","function":{"arguments":"}"}})")}),
            (Calls{{"x", "f", "{}"}}));
}

TEST(ChatCalls, AnIdForEachPieceWithTheNameRepeatedIsTheSameCallWhileItsArgumentsAreHalf) {
  EXPECT_EQ(calls_of({first(R"({"x":)"),
                      calls(R"({"index":0,"id":"y","function":{"name":"f","arguments":"1}"}})")}),
            (Calls{{"x", "f", R"({"x":1})"}}));
}

TEST(ChatCalls, ANameMayComeInPieces) {
  const auto name = [](const std::string& piece) {
    return calls(R"({"index":0,"function":{"name":")" + piece + R"("}})");
  };
  const std::string begin = calls(R"({"index":0,"id":"x","function":{"name":"get_"}})");

  EXPECT_EQ(calls_of({begin, name("wea"), name("ther"), more("{}")}),
            (Calls{{"x", "get_weather", "{}"}}));
  EXPECT_EQ(calls_of({begin, name("get_wea"), name("get_weather"), more("{}")}),
            (Calls{{"x", "get_weather", "{}"}}));
  EXPECT_EQ(calls_of({begin, name("weather")}), (Calls{{"x", "get_weather", "{}"}}));
}

TEST(ChatCalls, ANameThatIsRepeatedInEveryPieceCountsOnce) {
  const auto piece = [](const std::string& arguments) {
    return calls(R"({"index":0,"function":{"name":"f","arguments":)" + json_string(arguments) +
                 "}}");
  };

  const Calls made = calls_of({piece(""), piece("{"), piece(R"("x":1)"), piece("}"), piece("")});

  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].name, "f");
  EXPECT_EQ(made[0].arguments, R"({"x":1})");
}

TEST(ChatCalls, CallsInOneChunkWithoutIndexAndIdCountByTheirPlace) {
  const Calls made =
      calls_of({calls(R"({"function":{"name":"f"}},{"function":{"name":"g","arguments":"{"}})"),
                calls(R"({"function":{"arguments":"{\"a\":1}"}},{"function":{"arguments":"}"}})")});

  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].name + made[0].arguments, R"(f{"a":1})");
  EXPECT_EQ(made[1].name + made[1].arguments, "g{}");
  EXPECT_NE(made[0].id, made[1].id);
}

TEST(ChatCalls, CallsWithoutIndexAndIdOneAfterAnotherAreSeveral) {
  const Calls made = calls_of({calls(R"({"function":{"name":"f","arguments":"{\"a\":1}"}})"),
                               calls(R"({"function":{"name":"g"}})"),
                               calls(R"({"function":{"name":"h","arguments":"{}"}})")});

  ASSERT_EQ(made.size(), 3u);
  EXPECT_EQ(made[1].name + made[1].arguments, "g{}");
}

TEST(ChatCalls, CallsThatAreNamedLateHaveDifferentIds) {
  const Calls made = calls_of(
      {calls(
           R"({"index":0,"function":{"arguments":"{"}},{"index":1,"function":{"arguments":"{"}})"),
       calls(R"({"index":0,"function":{"name":"f","arguments":"}"}})"),
       calls(R"({"index":1,"function":{"name":"g","arguments":"}"}})")});

  ASSERT_EQ(made.size(), 2u);
  EXPECT_NE(made[0].id, made[1].id);
}

TEST(ChatCalls, APieceThatSaysNothingIsNoCall) {
  const Written written =
      decode({content(R"("a")"), calls(R"({"index":0,"id":"x"})"), finish("stop")});

  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.shape(), "text");
}

TEST(ChatCalls, TakesACallWithoutTheObjectFunction) {
  EXPECT_EQ(calls_of({calls(R"({"index":0,"id":"x","name":"f","arguments":{"a":1}})")}),
            (Calls{{"x", "f", R"({"a":1})"}}));
}

TEST(ChatCalls, TakeAnIdOrAnIndexThatComesLate) {
  const Calls made = {{"x", "f", R"({"a":1})"}};

  EXPECT_EQ(calls_of({calls(R"({"index":0,"function":{"name":"f"}})"),
                      more(R"({"a":1})", R"("id":"x",)")}),
            made);
  EXPECT_EQ(calls_of({calls(R"({"id":"x","function":{"name":"f"}})"),
                      more(R"({"a":1})", R"("id":"x",)")}),
            made);
}

TEST(ChatCalls, StandInTheOrderOfTheirFirstContent) {
  const Written written =
      decode({calls(R"({"index":0,"id":"x","function":{"name":"f"}})"), content(R"("a")"),
              calls(R"({"index":1,"id":"y","function":{"name":"g"}})"),
              calls(R"({"index":0,"function":{"arguments":"{\"a\":1}"}})"), finish("stop")});

  EXPECT_EQ(written.shape(), "call text call");
  EXPECT_EQ(written.calls(), (Calls{{"x", "f", R"({"a":1})"}, {"y", "g", "{}"}}));
}

// --- Ids -----------------------------------------------------------------------------------------

TEST(ChatCalls, OfTwoWithOneIdTheFirstKeepsIt) {
  const std::vector<std::string> both = {
      calls(R"({"index":0,"id":"c","function":{"name":"f","arguments":"{\"n\":1}"}})"),
      calls(R"({"index":1,"id":"c","function":{"name":"f","arguments":"{\"n\":2}"}})")};

  const Calls made = calls_of(both);

  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0], (ToolCallPart{"c", "f", R"({"n":1})"}));
  EXPECT_TRUE(made[1].id.starts_with("call_"));
  EXPECT_EQ(made[1].arguments, R"({"n":2})");
  EXPECT_EQ(calls_of(both), made);
}

TEST(ChatCalls, TwoWithOneIdAndNoIndexAreTwoIfTheirArgumentsDiffer) {
  const Calls made =
      calls_of({calls(R"({"id":"c","function":{"name":"f","arguments":"{\"n\":1}"}},)"
                      R"({"id":"c","function":{"name":"f","arguments":"{\"n\":2}"}})")});

  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].id, "c");
  EXPECT_NE(made[1].id, "c");
}

// --- Arguments that come twice -------------------------------------------------------------------

TEST(ChatCalls, ArgumentsThatAreSentAgainCountOnce) {
  const Calls once = {{"x", "f", R"({"x":1})"}};

  EXPECT_EQ(calls_of({first(""), more(R"({"x":1})"), first(R"({"x":1})")}), once);
  EXPECT_EQ(calls_of({first(R"({"x":1}{"x":1})")}), once);
  EXPECT_EQ(calls_of({first(R"({"x":1})"), more(R"({"x")"), more(R"(:1})"), more(R"({"x":1})")}),
            once);
  EXPECT_EQ(calls_of({first(R"({"x":1})"), more(R"({"x")")}), once);
}

TEST(ChatCalls, AnEmptyObjectBeforeTheArgumentsIsDropped) {
  const Calls made = {{"x", "f", R"({"x":1})"}};

  EXPECT_EQ(calls_of({first("{}"), more(R"({"x":1})")}), made);
  EXPECT_EQ(calls_of({first("{"), more("}"), more(R"({"x")"), more(":1}")}), made);
  EXPECT_EQ(calls_of({calls(R"({"index":0,"id":"x","function":{"name":"f","arguments":{}}})"),
                      more(R"({"x":1})")}),
            made);
  EXPECT_EQ(calls_of({first("{}")}), (Calls{{"x", "f", "{}"}}));
  EXPECT_EQ(calls_of({first("{}{}{}")}), (Calls{{"x", "f", "{}"}}));
}

TEST(ChatCalls, OtherTextBehindTheArgumentsIsKept) {
  for (const std::string behind : {R"({"x":2})",
                                   R"({"x":1)"
                                   "2}",
                                   "]", "}"}) {
    const Calls made = calls_of({first(R"({"x":1})"), more(behind)});

    ASSERT_EQ(made.size(), 1u);
    EXPECT_EQ(made[0].arguments, R"({"x":1})" + behind);
  }
  EXPECT_EQ(calls_of({first("{}"), more("x")}), (Calls{{"x", "f", "{}x"}}));
}

TEST(ChatCalls, KeepWhiteSpaceAndTextThatIsNoObjectAsItCame) {
  for (const std::string text : {" {\n\"a\": [1, {}]}\n", "[1]", "null", R"({"a":"}{\")",
                                 R"({"a":"\\"} )", "{a}{a}", "{]"}) {
    const Calls made = calls_of({first(text)});

    ASSERT_EQ(made.size(), 1u);
    EXPECT_EQ(made[0].arguments, text);
  }
}

// Law: objects of any form, in any pieces, come out as they were sent, and once if they are sent
// again.
TEST(ChatCalls, AnyObjectInAnyPiecesComesOutOnce) {
  std::mt19937 random(7);
  const std::vector<std::string> atoms = {R"("\"}")", R"("{[\\")", "1.50", "null", "{}", "[]"};
  for (int round = 0; round < 2000; ++round) {
    std::string object = "{";
    const std::size_t members = random() % 4;
    for (std::size_t i = 0; i < members; ++i) {
      if (i > 0) object += ",";
      object += "\"m" + std::to_string(i) + "\":[" + atoms[random() % atoms.size()] + "]";
      if (random() % 2 == 0) object += " ";
    }
    object += "}";
    ASSERT_TRUE(is_json_object(object)) << object;
    const std::size_t times = 1 + random() % 3;
    std::string sent;
    for (std::size_t i = 0; i < times; ++i) sent += object;
    std::vector<std::string> chunks = {first("")};
    for (std::size_t at = 0; at < sent.size();) {
      const std::size_t size = 1 + random() % 12;
      chunks.push_back(more(sent.substr(at, size)));
      at += size;
    }

    EXPECT_EQ(calls_of(chunks), (Calls{{"x", "f", object}})) << sent;
  }
}

TEST(ChatCalls, TheCostOfArgumentsIsLinearInTheirBytes) {
  const auto seconds_for = [](int pieces) {
    ChatDecoder decoder(RunId("r"));
    const std::string piece = calls(R"({"index":0,"function":{"name":"f","arguments":")" +
                                    std::string(100, 'a') + R"("}})");
    const auto begin = std::chrono::steady_clock::now();
    (void)decoder.take(calls(R"({"index":0,"function":{"name":"f","arguments":"{\"a\":\""}})"));
    for (int i = 0; i < pieces; ++i) (void)decoder.take(piece);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };

  const double few = seconds_for(2'500);
  const double many = seconds_for(40'000);

  EXPECT_LT(many, 16 * 5 * few) << "16 times the pieces may cost 16 times the time, not 256 times";
}

// --- Custom tools --------------------------------------------------------------------------------

TEST(ChatCalls, ACustomToolsInputIsKeptWholeAsAMember) {
  const Calls made = calls_of(
      {calls(R"({"index":0,"id":"x","type":"custom","custom":{"name":"code","input":""}})"),
       calls(R"({"index":0,"custom":{"input":"print(\"a"}})"),
       calls(R"({"index":0,"custom":{"input":"\")\n"}})")});

  EXPECT_EQ(made, (Calls{{"x", "code", R"({"input":"print(\"a\")\n"})"}}));
  EXPECT_TRUE(is_json_object(made[0].arguments));
  EXPECT_EQ(calls_of({calls(R"({"index":0,"id":"x","type":"custom"})"),
                      calls(R"({"index":0,"custom":{"name":"code","input":"a"}})")}),
            (Calls{{"x", "code", R"({"input":"a"})"}}));
}

TEST(ChatCalls, ACustomToolsInputThatIsCutStaysHalf) {
  const Written written =
      decode({calls(R"({"index":0,"id":"x","custom":{"name":"code","input":"print("}})"),
              finish("length")});

  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.calls(), (Calls{{"x", "code", R"({"input":"print()"}}));
}

TEST(ChatCalls, ArgumentsThatDidNotComeBeforeTheLengthWasReachedAreNotMade) {
  const Written written =
      decode({calls(R"({"index":0,"id":"x","function":{"name":"f"}})"), finish("length")});

  EXPECT_EQ(written.calls(), (Calls{{"x", "f", ""}}));
}

}  // namespace
}  // namespace lockstep
