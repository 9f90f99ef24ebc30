// SPDX-License-Identifier: Apache-2.0
// Requests of fronts: the reader names every error by its code and path.
#include "server/codec/sync_codec.h"

#include <gtest/gtest.h>

#include "engine/base/limits.h"

namespace lockstep {
namespace {

struct Bad {
  std::string body;
  std::string code;
  std::string path;
};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.body.substr(0, 100); }

class BadSync : public testing::TestWithParam<Bad> {};

TEST_P(BadSync, IsRefusedByNameAndPath) {
  const Bad& bad = GetParam();

  const auto read = read_sync(bad.body);

  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, bad.code);
  EXPECT_EQ(read.error().path, bad.path);
}

std::string change(const std::string& fields) { return R"({"changes":[{)" + fields + "}]}"; }
std::string message(const std::string& fields) {
  return change(R"("type":"put_message","message":{)" + fields + "}");
}

INSTANTIATE_TEST_SUITE_P(Text, BadSync,
                         testing::Values(Bad{"", "malformed", ""}, Bad{"{", "malformed", ""},
                                         Bad{"{} {}", "malformed", ""},
                                         Bad{"{\"a\":01}", "malformed", ""},
                                         Bad{std::string(100, '['), "too_large", ""},
                                         Bad{"\xef\xbb\xbf{}", "malformed", ""},
                                         Bad{"{\"cursor\":\"\xff\"}", "invalid_utf8", ""},
                                         Bad{"{\"cursor\":\"\xed\xa0\x80\"}", "invalid_utf8", ""},
                                         Bad{R"({"cursor":"\ud800"})", "lone_surrogate", ""},
                                         Bad{R"({"cursor":"\ud800x"})", "lone_surrogate", ""},
                                         Bad{R"({"cursor":"\udc00"})", "lone_surrogate", ""},
                                         Bad{R"({"cursor":"\ud800\ud800"})", "lone_surrogate", ""},
                                         Bad{"[]", "invalid", ""}, Bad{"null", "invalid", ""}));

INSTANTIATE_TEST_SUITE_P(Request, BadSync,
                         testing::Values(Bad{R"({"cursors":1})", "unknown_field", "cursors"},
                                         Bad{R"({"cursor":5})", "invalid", "cursor"},
                                         Bad{R"({"cursor":"5"})", "invalid", "cursor"},
                                         Bad{R"({"cursor":"5@xyz"})", "invalid", "cursor"},
                                         Bad{R"({"device":"a b"})", "invalid", "device"},
                                         Bad{R"({"device":""})", "invalid", "device"},
                                         Bad{R"({"device":".."})", "invalid", "device"},
                                         Bad{R"({"changes":{}})", "invalid", "changes"},
                                         Bad{R"({"changes":[5]})", "invalid", "changes[0]"},
                                         Bad{R"({"if_head":null})", "invalid", "if_head"},
                                         Bad{R"({"digest":"abc"})", "invalid", "digest"},
                                         Bad{R"({"window":0})", "invalid", "window"},
                                         Bad{R"({"window":-1})", "invalid", "window"},
                                         Bad{R"({"window":1.0})", "invalid", "window"},
                                         Bad{R"({"window":4294967296})", "invalid", "window"},
                                         Bad{R"({"follow":"always"})", "invalid", "follow"},
                                         Bad{R"({"follow":1})", "invalid", "follow"}));

INSTANTIATE_TEST_SUITE_P(
    Changes, BadSync,
    testing::Values(
        Bad{change(""), "invalid", "changes[0].type"},
        Bad{change(R"("type":"start")"), "invalid", "changes[0].type"},
        Bad{change(R"("type":"start_run","op":1)"), "invalid", ""},
        Bad{change(R"("type":"start_run","needs":[1])"), "invalid", ""},
        Bad{change(R"("type":"start_run","op":-1)"), "invalid", "changes[0].op"},
        Bad{change(R"("type":"start_run","op":9007199254740992)"), "invalid", "changes[0].op"},
        Bad{change(R"("type":"start_run","op":"1")"), "invalid", "changes[0].op"},
        Bad{change(R"("type":"start_run","seen":"x")"), "invalid", "changes[0].seen"},
        Bad{change(R"("type":"start_run","run":"a/b")"), "invalid", "changes[0].run"},
        Bad{change(R"("type":"start_run","message":1)"), "unknown_field", "changes[0].message"},
        Bad{change(R"("type":"start_run","after":"a","parent":"b")"), "invalid",
            "changes[0].parent"},
        Bad{change(R"("type":"start_run","when_busy":"wait")"), "invalid", "changes[0].when_busy"},
        Bad{change(R"("type":"start_run","params":[])"), "invalid", "changes[0].params"},
        Bad{change(R"("type":"start_run","input":[{}])"), "invalid", "changes[0].input[0]"},
        Bad{change(R"("type":"put_message")"), "invalid", "changes[0].message"},
        Bad{change(R"("type":"delete_message")"), "invalid", "changes[0].message"},
        Bad{change(R"("type":"move_head")"), "invalid", "changes[0].head"},
        Bad{change(R"("type":"stop_run","shown":[{"message":"m","part":0}])"), "invalid",
            "changes[0].shown[0].length"},
        Bad{change(R"("type":"update_thread","archived":"yes")"), "invalid", "changes[0].archived"},
        Bad{change(R"("type":"update_thread","metadata":1)"), "invalid", "changes[0].metadata"},
        Bad{change(R"("type":"update_thread","title":")" +
                   std::string(limits::title_bytes_max + 1, 'x') + "\""),
            "too_large", "changes[0].title"}));

INSTANTIATE_TEST_SUITE_P(
    Twins, BadSync,
    testing::Values(Bad{R"({"device":"a","device":"b"})", "invalid", "device"},
                    Bad{change(R"("type":"move_head","head":null,"head":"a")"), "invalid",
                        "changes[0].head"},
                    Bad{message(R"("text":"a","metadata":{"x":{"y":1,"y":1}})"), "invalid",
                        "changes[0].message.metadata.x.y"}));

INSTANTIATE_TEST_SUITE_P(
    Messages, BadSync,
    testing::Values(
        Bad{message(R"("text":"a","parts":[])"), "invalid", "changes[0].message.parts"},
        Bad{message(R"("text":5)"), "invalid", "changes[0].message.text"},
        Bad{message(R"("text":"a","role":"bot")"), "invalid", "changes[0].message.role"},
        Bad{message(R"("text":"a","status":"open")"), "unknown_field", "changes[0].message.status"},
        Bad{message(R"("id":"ä","text":"a")"), "invalid", "changes[0].message.id"},
        Bad{message(R"("parts":[{"type":"text","text":"a"},{"type":"text","text":7}])"), "invalid",
            "changes[0].message.parts[1].text"},
        Bad{message(R"("parts":[{"type":"picture"}])"), "invalid",
            "changes[0].message.parts[0].type"},
        Bad{message(R"("parts":[{"type":"text","text":"a","x":1}])"), "unknown_field",
            "changes[0].message.parts[0].x"},
        Bad{message(R"("parts":[{"type":"tool_call","id":"1","name":"f"}])"), "invalid",
            "changes[0].message.parts[0].arguments"}));

TEST(SyncCodec, ReadsARequestWithEverythingInIt) {
  const std::string body = R"({"cursor":"7@00000000000000ab","device":"phone",
    "changes":[{"type":"start_run","op":3,"seen":"6@00000000000000ab","run":"r1","agent":"fast",
      "input":[{"id":"u1","text":"hi \ud83d\ude00"}],"after":null,"when_busy":"interrupt",
      "needs":[1,2],"params":{"temperature":0.7,"n":1}}],
    "if_head":"m1","digest":")" +
                           std::string(64, 'a') + R"(","window":20,"follow":"live"})";

  const auto read = read_sync(body);

  ASSERT_TRUE(read.has_value()) << read.error().detail;
  EXPECT_EQ(read->follow, Follow::live);
  EXPECT_EQ(read->request.window, 20U);
  EXPECT_EQ(read->request.changes.cursor, (Cursor{Timestamp(7), Epoch(0xab)}));
  ASSERT_EQ(read->request.changes.changes.size(), 1U);
  const Change& change = read->request.changes.changes[0];
  EXPECT_EQ(change.op, Op(3));
  EXPECT_EQ(change.content, content_of(change));
  const auto& start = std::get<StartRun>(change.what);
  EXPECT_EQ(start.agent, AgentName("fast"));
  EXPECT_EQ(start.place, (Place{Place::Kind::after, std::nullopt}));
  EXPECT_EQ(start.when_busy, WhenBusy::stop);
  EXPECT_EQ(start.params->text, R"({"temperature":0.7,"n":1})");
  ASSERT_EQ(start.input.size(), 1U);
  EXPECT_EQ(std::get<TextPart>(start.input[0].parts[0]).text, "hi \xf0\x9f\x98\x80");
}

TEST(SyncCodec, ARefusedNameIsAnsweredWithTheNamesThatAreAllowed) {
  const std::string allowed = "must be one of `queue`, `interrupt`, `rollback`, `reject`.";

  const auto unknown = read_sync(change(R"("type":"start_run","when_busy":"wait")"));
  const auto long_one =
      read_sync(change(R"("type":"start_run","when_busy":")" + std::string(100, 'x') + "\""));

  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().detail, "`changes[0].when_busy` is `wait`, and " + allowed);
  ASSERT_FALSE(long_one.has_value());
  EXPECT_EQ(long_one.error().detail, "`changes[0].when_busy` is not a known value, and " + allowed);
}

TEST(SyncCodec, KeepsTheDigitsOfNumbersThatTheServerDoesNotRead) {
  const auto read = read_sync(
      change(R"("type":"start_run","params":{"seed":18446744073709551616,"x":[1e400,1.0,-0]})"));

  ASSERT_TRUE(read.has_value());
  const auto& start = std::get<StartRun>(read->request.changes.changes[0].what);
  EXPECT_EQ(start.params->text, R"({"seed":18446744073709551616,"x":[1e400,1.0,-0]})");
}

TEST(SyncCodec, LeavesOutAbsentFields) {
  const auto read = read_sync("{}");

  ASSERT_TRUE(read.has_value());
  EXPECT_FALSE(read->request.changes.cursor.has_value());
  EXPECT_FALSE(read->follow.has_value());
  EXPECT_TRUE(read->request.changes.changes.empty());
}

TEST(SyncCodec, ReadsWhetherAChangeMustNotOverwriteAnotherDevices) {
  const auto read = read_sync(
      R"({"changes":[{"type":"put_message","message":{"id":"m","text":"x"},"if_unchanged":true},)"
      R"({"type":"delete_message","message":"m","if_unchanged":true},)"
      R"({"type":"put_message","message":{"id":"m","text":"x"},"if_unchanged":false},)"
      R"({"type":"delete_message","message":"m"}]})");

  ASSERT_TRUE(read.has_value());
  const std::vector<Change>& changes = read->request.changes.changes;
  EXPECT_TRUE(std::get<PutMessage>(changes.at(0).what).if_unchanged);
  EXPECT_TRUE(std::get<DeleteMessage>(changes.at(1).what).if_unchanged);
  EXPECT_FALSE(std::get<PutMessage>(changes.at(2).what).if_unchanged);
  EXPECT_FALSE(std::get<DeleteMessage>(changes.at(3).what).if_unchanged);
  EXPECT_EQ(
      read_sync(change(R"("type":"delete_message","message":"m","if_unchanged":1)")).error().path,
      "changes[0].if_unchanged");
}

TEST(SyncCodec, TakesAtMostSoManyChanges) {
  std::string body = R"({"changes":[)";
  for (std::size_t at = 0; at <= limits::changes_max; ++at) {
    body += std::string(at > 0 ? "," : "") + R"({"type":"stop_run"})";
  }

  const auto read = read_sync(body + "]}");

  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().path, "changes");
}

TEST(SyncCodec, ReadsStepsThatAreDense) {
  const auto good = read_steps(
      R"({"steps":[{"seq":4,"type":"message_created","message":{"id":"m"}},
         {"seq":5,"type":"content_appended","message":"m","text":"a"},
         {"seq":6,"type":"part_started","message":"m","value":{"type":"reasoning","text":""}},
         {"seq":7,"type":"message_ended","message":"m","usage":{"tokens":1}},
         {"seq":8,"type":"run_ended","status":"failed","error":{"code":"x","detail":"y"}}]})");
  const auto gap =
      read_steps(R"({"steps":[{"seq":1,"type":"run_ended"},{"seq":3,"type":"run_ended"}]})");
  const auto none = read_steps(R"({"steps":[]})");

  ASSERT_TRUE(good.has_value()) << good.error().detail;
  EXPECT_EQ(good->size(), 5U);
  EXPECT_EQ(gap.error().path, "steps");
  EXPECT_EQ(none.error().path, "steps");
}

TEST(SyncCodec, NamesTheRequestOfARefusedSocketCall) {
  const auto refused = read_socket_call(R"({"sync":{"id":"s1","thread":"t","x":1}})");
  const auto unreadable = read_socket_call("{");
  const auto unknown = read_socket_call(R"({"hello":{}})");

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().id, "s1");
  EXPECT_EQ(refused.error().problem.path, "sync.x");
  EXPECT_EQ(unreadable.error().problem.code, "malformed");
  EXPECT_EQ(unknown.error().problem.code, "unknown_field");
}

TEST(SyncCodec, ReadsSocketCalls) {
  const auto cancel = read_socket_call(R"({"cancel":"s1"})");
  const auto feed = read_socket_call(R"({"feed":{"id":"f","cursor":"abc"}})");
  const auto steps = read_socket_call(R"({"steps":{"id":"p","thread":"t","run":"r","attempt":1,)"
                                      R"("steps":[{"seq":1,"type":"run_ended"}]}})");

  ASSERT_TRUE(cancel && feed && steps);
  EXPECT_EQ(cancel->id, "s1");
  EXPECT_EQ(std::get<SocketFeed>(feed->what).cursor, "abc");
  EXPECT_EQ(std::get<SocketSteps>(steps->what).batch.run, RunId("r"));
}

TEST(SyncCodec, AUserBesideTheThreadSaysWhoseItIs) {
  const auto sync = read_socket_call(R"({"sync":{"id":"s","thread":"t","user":"ada"}})");
  const auto own = read_socket_call(R"({"sync":{"id":"s","thread":"t"}})");
  const auto steps = read_socket_call(R"({"steps":{"id":"p","thread":"t","user":"ada","run":"r",)"
                                      R"("attempt":1,"steps":[{"seq":1,"type":"run_ended"}]}})");
  const auto wrong = read_socket_call(R"({"sync":{"id":"s","thread":"t","user":"a b"}})");

  ASSERT_TRUE(sync && own && steps);
  const ThreadName hers{UserId("ada"), ThreadId("t")};
  EXPECT_EQ(std::get<SocketSync>(sync->what).call.request.thread, hers);
  EXPECT_EQ(std::get<SocketSteps>(steps->what).thread, hers);
  EXPECT_EQ(std::get<SocketSync>(own->what).call.request.thread.owner, UserId());
  EXPECT_EQ(wrong.error().problem.path, "sync.user");
}

}  // namespace
}  // namespace lockstep
