// SPDX-License-Identifier: Apache-2.0
// The JSON that the server writes, byte for byte.
#include "server/codec/json_write.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/base/codes.h"
#include "engine/base/text.h"
#include "schema/json/json_text.h"
#include "server/codec/diff_frames.h"
#include "server/codec/json_read.h"
#include "server/codec/problem.h"
#include "server/codec/stream.h"

namespace lockstep {
namespace {

std::string event_json(const Event& event) {
  std::string out;
  append_event(out, event);
  return out;
}

Message hello() {
  Message message;
  message.id = MessageId("m1");
  message.role = Role::assistant;
  message.run = RunId("r1");
  message.parts = {TextPart{"hi"}, ToolCallPart{"c1", "f", "{}"}};
  message.status = MessageStatus::open;
  message.created = Timestamp(5);
  message.updated = Timestamp(6);
  return message;
}

TEST(JsonText, EscapesOnlyCharactersThatJsonWantsEscaped) {
  std::string out;
  append_text(out, "a\"b\\c\n\t\x01\x7f/\xe2\x80\xa8\xf0\x9f\x98\x80");

  EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\t\\u0001\x7f/\xe2\x80\xa8\xf0\x9f\x98\x80\"");
}

TEST(JsonWrite, WritesEveryEventAsTheContractSays) {
  EXPECT_EQ(event_json(ThreadUpdated{"t", true, Json{"{}"}}),
            R"({"type":"thread_updated","title":"t","archived":true,"metadata":{}})");
  EXPECT_EQ(
      event_json(MessagePut{hello()}),
      R"({"type":"message_put","message":{"id":"m1","parent":null,"role":"assistant","run":"r1",)"
      R"("parts":[{"type":"text","text":"hi"},)"
      R"({"type":"tool_call","id":"c1","name":"f","arguments":"{}"}],)"
      R"("status":"open","created":5,"updated":6}})");
  EXPECT_EQ(
      event_json(MessageCreated{MessageId("m"), MessageId("p"), Role::tool, "bot", RunId("r")}),
      R"({"type":"message_created","message":{"id":"m","parent":"p",)"
      R"("role":"tool","author":"bot","run":"r"}})");
  EXPECT_EQ(event_json(PartStarted{MessageId("m"), 2, FilePart{"u", "image/png", std::nullopt}}),
            R"({"type":"part_started","message":"m","part":2,)"
            R"("value":{"type":"file","uri":"u","media_type":"image/png"}})");
  EXPECT_EQ(event_json(ContentAppended{MessageId("m"), 0, 3, "x"}),
            R"({"type":"content_appended","message":"m","part":0,"at":3,"text":"x"})");
  EXPECT_EQ(event_json(MessageEnded{MessageId("m"), MessageStatus::complete, Json{"{\"n\":1}"}}),
            R"({"type":"message_ended","message":"m","status":"complete","usage":{"n":1}})");
  EXPECT_EQ(event_json(MessageCut{MessageId("m"), {3, 0}, MessageStatus::stopped}),
            R"({"type":"message_cut","message":"m","keep":[3,0],"status":"stopped"})");
  EXPECT_EQ(event_json(MessageDeleted{MessageId("m")}),
            R"({"type":"message_deleted","message":"m"})");
  EXPECT_EQ(event_json(HeadMoved{std::nullopt, MessageId("secret")}),
            R"({"type":"head_moved","head":null})");
  EXPECT_EQ(event_json(RunQueued{
                RunId("r"), AgentName("a"), {}, {Place::Kind::parent, MessageId("p")}, {}}),
            R"({"type":"run_queued","run":"r","agent":"a","input":[],"parent":"p"})");
  EXPECT_EQ(event_json(RunStarted{RunId("r"), 1, MessageId("h"), "gpt", Hash{}}),
            R"({"type":"run_started","run":"r","attempt":1,"head":"h","model":"gpt","settings":")" +
                std::string(64, '0') + "\"}");
  EXPECT_EQ(
      event_json(RunEnded{RunId("r"), RunStatus::failed, RunError{"c", "d"}, std::nullopt}),
      R"({"type":"run_ended","run":"r","status":"failed","error":{"code":"c","detail":"d"}})");
}

TEST(JsonWrite, AnEntryHidesFieldsThatAreNotForFronts) {
  Entry entry;
  entry.at = Timestamp(9);
  entry.previous = Timestamp(8);
  entry.producer = ProducerOffset{RunId("r"), 1, 5};
  entry.origin = Origin{ThreadId("t"), UserId("u")};
  Ack ack;
  ack.user = UserId("u");
  ack.device = DeviceId("d");
  ack.outcome.op = Op(4);
  ack.outcome.applied = false;
  ack.outcome.code = "busy";
  entry.acks = {ack};

  std::string out;
  append_entry_frame(out, entry);

  EXPECT_EQ(
      out,
      R"({"frame":"entry","ts":9,"prev":8,"events":[],"acks":[{"user":"u","device":"d","op":4,)"
      R"("outcome":"refused","code":"busy"}]})");
}

SyncReply long_reply(std::size_t count, std::size_t size) {
  SyncReply reply;
  reply.cursor = {Timestamp(100), Epoch(1)};
  reply.diff.to = Timestamp(100);
  reply.diff.thread = Thread{};
  for (std::size_t at = 0; at < count; ++at) {
    Message message = hello();
    message.id = MessageId("m" + std::to_string(at));
    message.parts = {TextPart{std::string(size, 'x')}};
    reply.diff.messages.emplace_back(SharedMessage(std::move(message)));
  }
  reply.diff.removed = {MessageId("gone")};
  reply.diff.runs = {Run{}};
  reply.outcomes = {Outcome{}};
  return reply;
}

TEST(DiffFrames, AShortDiffIsOneFrame) {
  DiffFrames frames(long_reply(1, 2), 1 << 20);

  std::string frame;
  EXPECT_TRUE(frames.next(frame));

  const auto value = boost::json::parse(frame).as_object();
  EXPECT_EQ(value.at("frame"), "diff");
  EXPECT_EQ(value.at("cursor"), "100@0000000000000001");
  EXPECT_EQ(value.at("from"), 0);
  EXPECT_FALSE(value.contains("more"));
  EXPECT_EQ(value.at("outcomes").as_array().size(), 1U);
}

TEST(DiffFrames, ALongDiffComesInFramesOfWhichTheLastHasTheOutcomes) {
  constexpr std::size_t frame_max = 10'000;
  DiffFrames frames(long_reply(50, 1000), frame_max);
  std::size_t messages = 0;
  std::size_t count = 0;
  bool last = false;

  while (!last) {
    std::string frame;
    last = frames.next(frame);
    ++count;
    EXPECT_LE(frame.size(), frame_max);
    const auto value = boost::json::parse(frame).as_object();
    messages += value.at("messages").as_array().size();
    EXPECT_EQ(value.contains("more"), !last);
    EXPECT_EQ(value.contains("outcomes"), last);
    EXPECT_EQ(value.contains("thread"), count == 1);
    EXPECT_EQ(value.at("removed").as_array().size(), last ? 1U : 0U);
  }

  EXPECT_EQ(messages, 50U);
  EXPECT_GT(count, 5U);
}

TEST(DiffFrames, AMessageThatIsLongerThanAFrameHasOneOfItsOwn) {
  DiffFrames frames(long_reply(3, 5000), 1000);
  std::size_t count = 1;

  std::string frame;
  while (!frames.next(frame)) {
    const auto value = boost::json::parse(frame).as_object();
    EXPECT_LE(value.at("messages").as_array().size(), 1U);
    frame.clear();
    ++count;
  }

  EXPECT_GE(count, 3U);
}

TEST(Problem, TravelsAsADocumentAndAsAFrame) {
  const Problem problem = make_problem(codes::invalid, "No.", "changes[0]");
  std::string document;
  append_problem(document, problem);
  std::string frame;
  append_failure(frame, problem);

  EXPECT_EQ(
      document,
      R"({"status":422,"code":"invalid","title":"Not valid","detail":"No.","path":"changes[0]"})");
  EXPECT_EQ(frame, R"({"frame":"failure","status":422,"code":"invalid","title":"Not valid",)"
                   R"("detail":"No.","path":"changes[0]","retry":false})");
}

TEST(Problem, OfARefusedBatchSaysHowTheRunStands) {
  StepRefusal refusal;
  refusal.code = "ended";
  refusal.status = RunStatus::stopped;
  refusal.seq = 7;
  refusal.at = Timestamp(3);
  refusal.cut_calls = {"c1"};

  const Problem problem = problem_of(refusal, Epoch(1));

  EXPECT_EQ(problem.status, 409U);
  EXPECT_EQ(problem.members,
            R"(,"run_status":"stopped","cursor":"3@0000000000000001","seq":7,"cut_calls":["c1"])");
}

TEST(Framing, WrapsAFrameAsEachFormWantsIt) {
  std::string sse;
  Framing{Form::sse, {}}.append(sse, "{\"frame\":\"x\"}", "5@1");
  std::string lines;
  Framing{Form::lines, {}}.append(lines, "{\"frame\":\"x\"}", "5@1");
  std::string socket;
  Framing{Form::socket, "q"}.append(socket, "{\"frame\":\"x\"}", "5@1");

  EXPECT_EQ(sse, "id: 5@1\ndata: {\"frame\":\"x\"}\n\n");
  EXPECT_EQ(lines, "{\"frame\":\"x\"}\n");
  EXPECT_EQ(socket, std::string("\x81\x16") + R"({"id":"q","frame":"x"})");
}

TEST(JsonWrite, AFeedFrameNamesTheUserOfAnothersThreadAlone) {
  FeedItem item{.cursor = "5@e", .owner = UserId("ada"), .thread = {}, .removed = ThreadId("t")};
  std::string own;
  std::string other;

  append_feed_frame(own, item, UserId("ada"));
  append_feed_frame(other, item, UserId("bob"));

  EXPECT_EQ(own, R"({"frame":"feed","cursor":"5@e","removed":"t"})");
  EXPECT_EQ(other, R"({"frame":"feed","cursor":"5@e","user":"ada","removed":"t"})");
}

}  // namespace
}  // namespace lockstep
