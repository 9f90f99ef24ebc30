// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <vector>

#include "server/inference/media_limits.h"
#include "server/inference/run_ids.h"
#include "tests/inference/response_events.h"
#include "tests/inference/written.h"

namespace lockstep {
namespace {

// A stream as the reference shows it: reasoning with a summary, a text, a call.
std::vector<std::string> documented() {
  const std::string thought = reasoning_item("rs_1", {R"("Hm.")"}, "gAAA");
  const std::string said = message_item("msg_1", R"("Hello")");
  const std::string called = call_item("fc_1", "call_1", "look", R"("{\"a\":1}")");
  return {
      created(),
      event("in_progress", R"(,"response":)" + response("in_progress", "")),
      added(0, R"({"id":"rs_1","type":"reasoning","summary":[]})"),
      event("reasoning_summary_part.added",
            at(0, "rs_1") + R"(,"summary_index":0,"part":{"type":"summary_text","text":""})"),
      summary_delta(0, "rs_1", 0, R"("H")"),
      summary_delta(0, "rs_1", 0, R"("m.")"),
      event("reasoning_summary_text.done", at(0, "rs_1") + R"(,"summary_index":0,"text":"Hm.")"),
      event("reasoning_summary_part.done",
            at(0, "rs_1") + R"(,"summary_index":0,"part":{"type":"summary_text","text":"Hm."})"),
      done(0, thought),
      added(1, R"({"id":"msg_1","type":"message","status":"in_progress","role":"assistant",)"
               R"("content":[]})"),
      event("content_part.added",
            at(1, "msg_1") +
                R"(,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]})"),
      text_delta(1, "msg_1", R"("Hel")"),
      text_delta(1, "msg_1", R"("lo")"),
      event("output_text.done", at(1, "msg_1") + R"(,"content_index":0,"text":"Hello")"),
      event("content_part.done",
            at(1, "msg_1") + R"(,"content_index":0,"part":{"type":"output_text","text":"Hello",)"
                             R"("annotations":[]})"),
      done(1, said),
      added(2, call_item("fc_1", "call_1", "look", R"("")", "in_progress")),
      arguments_delta(2, "fc_1", R"("{\"a\"")"),
      arguments_delta(2, "fc_1", R"(":1}")"),
      event("function_call_arguments.done", at(2, "fc_1") + R"(,"arguments":"{\"a\":1}")"),
      done(2, called),
      completed(thought + "," + said + "," + called,
                R"(,"usage":{"input_tokens":36,"output_tokens":87})"),
  };
}

TEST(ResponsesDecoder, WritesThePartsOfADocumentedStreamOnce) {
  const Written written = respond(documented());

  ASSERT_EQ(written.messages.size(), 1u);
  EXPECT_EQ(written.messages[0].id, MessageId("r1.a1"));
  EXPECT_EQ(written.shape(), "reasoning text call");
  EXPECT_EQ(written.reasoning(), "Hm.");
  EXPECT_EQ(written.text(), "Hello");
  EXPECT_EQ(written.calls()[0], (ToolCallPart{"call_1", "look", R"({"a":1})"}));
  EXPECT_EQ(written.messages[0].ended, MessageStatus::complete);
  EXPECT_EQ(written.end->status, RunStatus::completed);
  EXPECT_EQ(written.end->finish, (Finish{"tool_calls", "gpt-5-2026-01-01"}));
  EXPECT_EQ(written.end->usage->text, R"({"input_tokens":36,"output_tokens":87})");
}

TEST(ResponsesDecoder, KeepsWhatGoesBackNextToEachPart) {
  const Written written = respond(documented());

  EXPECT_EQ(written.opaque(0), reasoning_item("rs_1", {R"("Hm.")"}, "gAAA"));
  EXPECT_EQ(written.opaque(1),
            R"({"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant"},)"
            R"("part":{"type":"output_text","annotations":[]}})");
  EXPECT_EQ(written.opaque(2),
            R"({"id":"fc_1","type":"function_call","status":"completed","call_id":"call_1",)"
            R"("name":"look"})");
  for (const OpaqueData& data : written.messages[0].opaque) EXPECT_EQ(data.origin, test_origin);
}

TEST(ResponsesDecoder, ShowsTheSameFromAnyOfTheRepetitions) {
  const std::string levels[] = {".created",   "_item.added", "_part.added", ".delta",
                                "_part.done", "_item.done",  "_text.done",  "_arguments.done"};
  const std::vector<std::string> events = documented();
  const Written whole = respond(events);
  // The last event repeats all, so any of the others may be missing.
  for (unsigned missing = 0; missing < 1U << std::size(levels); ++missing) {
    SCOPED_TRACE(missing);
    std::vector<std::string> some = events;
    for (unsigned level = 0; level < std::size(levels); ++level) {
      if ((missing >> level & 1U) == 0) continue;
      std::erase_if(some, [&](const std::string& each) {
        return each.substr(0, each.find(',')).ends_with(levels[level] + '"');
      });
    }
    const Written written = respond(some);

    EXPECT_EQ(written.text(), whole.text());
    EXPECT_EQ(written.reasoning(), whole.reasoning());
    EXPECT_EQ(written.calls(), whole.calls());
    EXPECT_EQ(written.messages[0].opaque.size(), 3u);
  }
}

TEST(ResponsesDecoder, AReasoningWithoutASummaryIsAnEmptyPart) {
  const Written written = respond({added(0, R"({"id":"rs_1","type":"reasoning","summary":[]})"),
                                   done(0, reasoning_item("rs_1", {}, "gAAA")), completed()});

  EXPECT_EQ(written.shape(), "reasoning");
  EXPECT_EQ(written.reasoning(), "");
  EXPECT_EQ(written.opaque(0), reasoning_item("rs_1", {}, "gAAA"));
}

TEST(ResponsesDecoder, EachItemOfReasoningIsAPartOfItsOwn) {
  const Written written = respond({done(0, reasoning_item("rs_1", {R"("a")", R"("b")"}, "A")),
                                   done(1, reasoning_item("rs_2", {R"("c")"}, "B")), completed()});

  EXPECT_EQ(written.shape(), "reasoning reasoning");
  EXPECT_EQ(written.reasoning(), "a\n\nbc");
  EXPECT_EQ(written.opaque(1), reasoning_item("rs_2", {R"("c")"}, "B"));
}

TEST(ResponsesDecoder, APartThatWasCutHasNoOpaqueData) {
  const Written written =
      respond({summary_delta(0, "rs_1", 0, R"("Hm")"), summary_delta(0, "rs_1", 0, R"("m")")});

  EXPECT_EQ(written.reasoning(), "Hmm");
  EXPECT_EQ(written.opaque(0), "");
  EXPECT_EQ(written.end->status, RunStatus::interrupted);
  EXPECT_EQ(written.end->error->code, "upstream_interrupted");
}

// --- Each event ----------------------------------------------------------------------------------

struct EventCase {
  std::string name;
  std::vector<std::string> events;
  std::string shape;
  std::string shown;  // reasoning, text and arguments, one after the other
};

std::vector<EventCase> event_cases() {
  const std::string part = R"(,"content_index":0)";
  const std::string summary = R"(,"summary_index":0)";
  return {
      {"response.queued", {event("queued", R"(,"response":)" + response("queued", ""))}, "", ""},
      {"response.output_text.delta", {text_delta(0, "m", R"("a")")}, "text", "a"},
      {"response.output_text.done",
       {event("output_text.done", at(0, "m") + part + R"(,"text":"a")")},
       "text",
       "a"},
      {"response.content_part.done",
       {event("content_part.done",
              at(0, "m") + part + R"(,"part":{"type":"output_text","text":"a"})")},
       "text",
       "a"},
      {"response.refusal.delta",
       {event("refusal.delta", at(0, "m") + part + R"(,"delta":"no")")},
       "text",
       "no"},
      {"response.refusal.done",
       {event("refusal.done", at(0, "m") + part + R"(,"refusal":"no")")},
       "text",
       "no"},
      {"response.reasoning_summary_text.delta",
       {summary_delta(0, "r", 0, R"("a")"), summary_delta(0, "r", 1, R"("b")")},
       "reasoning",
       "a\n\nb"},
      {"response.reasoning_summary_text.done",
       {event("reasoning_summary_text.done", at(0, "r") + summary + R"(,"text":"a")")},
       "reasoning",
       "a"},
      {"response.reasoning_summary_part.done",
       {event("reasoning_summary_part.done",
              at(0, "r") + summary + R"(,"part":{"type":"summary_text","text":"a"})")},
       "reasoning",
       "a"},
      {"response.reasoning_text.delta",
       {event("reasoning_text.delta", at(0, "r") + part + R"(,"delta":"a")")},
       "reasoning",
       "a"},
      {"response.reasoning_text.done",
       {event("reasoning_text.done", at(0, "r") + part + R"(,"text":"a")")},
       "reasoning",
       "a"},
      {"response.function_call_arguments.delta",
       {added(0, call_item("f", "c", "look", R"("")")), arguments_delta(0, "f", R"("{}")")},
       "call",
       "{}"},
      {"response.function_call_arguments.done",
       {added(0, call_item("f", "c", "look", R"("")")),
        event("function_call_arguments.done", at(0, "f") + R"(,"arguments":"{}")")},
       "call",
       "{}"},
      {"response.custom_tool_call_input",
       {added(0, R"({"id":"f","type":"custom_tool_call","call_id":"c","name":"run","input":""})"),
        event("custom_tool_call_input.delta", at(0, "f") + R"(,"delta":"say \"")"),
        event("custom_tool_call_input.done", at(0, "f") + R"(,"input":"say \"hi\"")")},
       "call",
       R"({"input":"say \"hi\""})"},
      {"response.web_search_call.searching",
       {event("web_search_call.searching", at(0, "w"))},
       "",
       ""},
      {"response.image_generation_call.partial_image",
       {event("image_generation_call.partial_image", at(0, "i") + R"(,"partial_image_b64":"AA")")},
       "",
       ""},
      {"an event of later", {event("something.new", R"(,"delta":"a")")}, "", ""},
      {"keepalive", {R"({"type":"keepalive","sequence_number":3})"}, "", ""},
  };
}

TEST(ResponsesDecoder, TakesEachDocumentedEvent) {
  for (const EventCase& each : event_cases()) {
    SCOPED_TRACE(each.name);
    std::vector<std::string> events = each.events;
    events.push_back(completed());
    const Written written = respond(events);

    EXPECT_EQ(written.end->status, RunStatus::completed);
    EXPECT_EQ(written.shape(), each.shape);
    std::string shown = written.reasoning() + written.text();
    for (const ToolCallPart& call : written.calls()) shown += call.arguments;
    EXPECT_EQ(shown, each.shown);
  }
}

TEST(ResponsesDecoder, CitationsAreDataBehindTheirText) {
  const std::string citation =
      R"({"type":"url_citation","start_index":0,"end_index":1,"url":"https://a.example"})";
  const std::vector<std::string> streams[] = {
      {text_delta(0, "m", R"("a")"),
       event("output_text.annotation.added",
             at(0, "m") + R"(,"content_index":0,"annotation_index":0,"annotation":)" + citation),
       done(0, message_item("m", R"("a")", "[" + citation + "]")), completed()},
      {text_delta(0, "m", R"("a")"),
       event("output_text.annotation.added",
             at(0, "m") + R"(,"content_index":0,"annotation_index":0,"annotation":)" + citation),
       completed()},
      {completed(message_item("m", R"("a")", "[" + citation + "]"))},
  };
  for (const auto& stream : streams) {
    const Written written = respond(stream);

    ASSERT_EQ(written.shape(), "text data");
    EXPECT_EQ(std::get<DataPart>(written.messages[0].parts[1]),
              (DataPart{"openai.annotations", Json{"[" + citation + "]"}}));
    EXPECT_EQ(written.opaque(1), R"({"type":"annotations"})");
  }
}

// --- Items ---------------------------------------------------------------------------------------

TEST(ResponsesDecoder, WhatABuiltInToolDidIsDataAndGoesBackWhole) {
  const std::string items[] = {
      R"({"id":"ws_1","type":"web_search_call","status":"completed","action":{"query":"x"}})",
      R"({"id":"fs_1","type":"file_search_call","queries":["x"],"results":null})",
      R"({"id":"ci_1","type":"code_interpreter_call","code":"1+1","outputs":null})",
      R"({"id":"mcp_1","type":"mcp_call","name":"roll","arguments":"{}","output":"4"})",
      R"({"id":"mcpl_1","type":"mcp_list_tools","server_label":"d","tools":[]})",
      R"({"id":"x_1","type":"something_new","number":1.50})",
  };
  for (const std::string& item : items) {
    SCOPED_TRACE(item);
    const Written written = respond({done(0, item), completed()});

    ASSERT_EQ(written.shape(), "data");
    const auto& data = std::get<DataPart>(written.messages[0].parts[0]);
    EXPECT_TRUE(data.name.starts_with("openai."));
    EXPECT_EQ(data.value.text, item);
    EXPECT_EQ(written.opaque(0), item);
    EXPECT_EQ(written.end->finish.reason, "stop");
  }
}

// The API refuses such an item without an answer right behind it, which nobody here gives.
TEST(ResponsesDecoder, AnItemThatAsksForAnAnswerDoesNotGoBack) {
  const std::string items[] = {
      R"({"id":"cu_1","type":"computer_call","call_id":"c","action":{"type":"screenshot"}})",
      R"({"id":"lsh_1","type":"local_shell_call","call_id":"c","action":{"command":["ls"]}})",
      R"({"id":"mcpr_1","type":"mcp_approval_request","name":"roll","arguments":"{}"})",
  };
  for (const std::string& item : items) {
    const Written written = respond({done(0, item), completed()});

    EXPECT_EQ(written.shape(), "data");
    EXPECT_EQ(written.opaque(0), R"({"type":"nothing"})");
  }
}

TEST(ResponsesDecoder, AGeneratedImageIsAFile) {
  const std::string item = R"({"id":"ig_1","type":"image_generation_call","status":"completed",)"
                           R"("output_format":"webp","result":"UklGRg=="})";
  const Written written = respond({done(0, item), completed(item)});

  ASSERT_EQ(written.shape(), "file");
  EXPECT_EQ(std::get<FilePart>(written.messages[0].parts[0]),
            (FilePart{"data:image/webp;base64,UklGRg==", "image/webp", {}}));
  EXPECT_EQ(written.opaque(0), R"({"id":"ig_1","type":"image_generation_call",)"
                               R"("status":"completed","output_format":"webp"})");
}

TEST(ResponsesDecoder, AnImageThatIsTooLongForAnAddressIsDataWithoutItsBytes) {
  const std::string item =
      R"({"id":"ig_1","type":"image_generation_call","status":"completed","result":")" +
      std::string(limits::generated_file_bytes_max, 'A') + R"("})";
  const Written written = respond({done(0, item), completed()});

  ASSERT_EQ(written.shape(), "data");
  EXPECT_EQ(std::get<DataPart>(written.messages[0].parts[0]).value.text,
            R"({"id":"ig_1","type":"image_generation_call","status":"completed"})");
  EXPECT_EQ(written.opaque(0), R"({"type":"nothing"})");
}

TEST(ResponsesDecoder, ARefusalIsTextThatGoesBackAsARefusal) {
  const std::string item =
      R"({"id":"msg_1","type":"message","status":"completed","role":"assistant",)"
      R"("content":[{"type":"refusal","refusal":"No."}]})";
  const Written written = respond({done(0, item), completed()});

  EXPECT_EQ(written.text(), "No.");
  EXPECT_TRUE(written.opaque(0).ends_with(R"("part":{"type":"refusal"}})"));
}

TEST(ResponsesDecoder, ParallelCallsGrowNextToEachOther) {
  const Written written = respond({
      added(0, call_item("f1", "c1", "look", R"("")")),
      added(1, call_item("f2", "c2", "find", R"("")")),
      arguments_delta(0, "f1", R"("{\"a\"")"),
      arguments_delta(1, "f2", R"("{\"b\"")"),
      arguments_delta(0, "f1", R"(":1}")"),
      arguments_delta(1, "f2", R"(":2}")"),
      completed(),
  });

  EXPECT_EQ(written.calls(), (std::vector<ToolCallPart>{{"c1", "look", R"({"a":1})"},
                                                        {"c2", "find", R"({"b":2})"}}));
}

TEST(ResponsesDecoder, TwoCallsOfOneIdGetTwoIds) {
  const Written written = respond({done(0, call_item("f1", "c1", "look", R"("{}")")),
                                   done(1, call_item("f2", "c1", "look", R"("{}")")),
                                   done(2, call_item("f3", "", "look", R"("{}")")), completed()});

  EXPECT_EQ(written.calls()[0].id, "c1");
  EXPECT_EQ(written.calls()[1].id, call_id_of(RunId("r1"), 2));
  EXPECT_EQ(written.calls()[2].id, call_id_of(RunId("r1"), 3));
}

TEST(ResponsesDecoder, ACallWithoutArgumentsHasNoneAndOneThatWasCutStaysCut) {
  const std::string added_call = added(0, call_item("f", "c", "look", R"("")"));
  EXPECT_EQ(respond({added_call, completed()}).calls()[0].arguments, "{}");
  const std::string cut = call_item("f", "c", "look", R"("{\"a\"")", "incomplete");
  const Written written =
      respond({added_call, done(0, cut),
               event("incomplete",
                     R"(,"response":)" +
                         response("incomplete", cut,
                                  R"(,"incomplete_details":{"reason":"max_output_tokens"})"))});

  EXPECT_EQ(written.calls()[0].arguments, R"({"a")");
  EXPECT_EQ(written.end->finish.reason, "length");
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(ResponsesDecoder, TheIndexCountsWhereIdsDifferFromEventToEvent) {
  const Written written =
      respond({added(0, message_item("a", R"("")")), text_delta(0, "b", R"("x")"),
               text_delta(0, "c", R"("y")"), done(0, message_item("d", R"("xy")")),
               completed(message_item("e", R"("xy")"))});

  EXPECT_EQ(written.shape(), "text");
  EXPECT_EQ(written.text(), "xy");
}

TEST(ResponsesDecoder, ARepetitionThatSaysSomethingElseDoesNotCount) {
  const Written written = respond(
      {text_delta(0, "m", R"("abc")"), done(0, message_item("m", R"("xyz")")), completed()});

  EXPECT_EQ(written.text(), "abc");
}

TEST(ResponsesDecoder, JoinsCharactersThatTwoPiecesShare) {
  const Written written =
      respond({text_delta(0, "m", R"("a\ud83d")"), text_delta(0, "m", R"("\ude00b")"),
               done(0, message_item("m", R"("a😀b")")), completed()});

  EXPECT_EQ(written.text(), "a😀b");
}

}  // namespace
}  // namespace lockstep
