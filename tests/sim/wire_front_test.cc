// SPDX-License-Identifier: Apache-2.0
// A device's handling of frames: it folds events, applies diffs, and names violations in words.
#include "tests/sim/wire_front.h"

#include <gtest/gtest.h>

#include "tests/sim/wire_front_text.h"

namespace lockstep::sim {
namespace {

using boost::json::object;

// At 20 it holds: a question, and its answer that is being written ("a😀b", a call).
constexpr std::string_view diff_20 = R"({"frame":"diff","cursor":"20@e1","from":0,
  "thread":{"id":"t","title":"q","archived":false,"metadata":{},"head":"a1","created":10,
            "updated":20,"running":true},
  "messages":[
    {"id":"u1","parent":null,"role":"user","parts":[{"type":"text","text":"q"}],
     "status":"complete","created":10,"updated":10},
    {"id":"a1","parent":"u1","role":"assistant","run":"r1","parts":[
       {"type":"text","text":"a😀b"},
       {"type":"tool_call","id":"c1","name":"look","arguments":"{\"x\""}],
     "status":"open","created":20,"updated":20}],
  "removed":[],
  "runs":[{"id":"r1","agent":"default","status":"running","attempt":1,"after":null,"head":"u1",
           "context_ts":10,"settings":"s","queued":10,"started":10}],
  "outcomes":[]})";

WireFront front_at_20() {
  WireFront front("t", "phone");
  EXPECT_EQ(front.take(diff_20).wrong, "");
  return front;
}

std::string entry_21(std::string_view events) {
  return R"({"frame":"entry","ts":21,"prev":20,"events":[)" + std::string(events) + "]}";
}

const object& message(const WireFront& front, std::string_view id) {
  return *front.state().messages().find(id);
}
const object& run(const WireFront& front, std::string_view id) {
  return *front.state().runs().find(id);
}
std::string parts_of(const WireFront& front, std::string_view id) {
  return canonical(message(front, id).at("parts"));
}

// The front after one entry of these events, which fit.
WireFront after(std::string_view events) {
  WireFront front = front_at_20();
  EXPECT_EQ(front.take(entry_21(events)).wrong, "");
  EXPECT_EQ(front.cursor(), "21@e1");
  return front;
}

std::string wrong_of(std::string_view events) { return front_at_20().take(entry_21(events)).wrong; }

constexpr std::string_view call_part =
    R"({"arguments":"{\"x\"","id":"c1","name":"look","type":"tool_call"})";

// --- Events

TEST(WireFront, FoldsAThreadUpdate) {
  const WireFront front = after(R"({"type":"thread_updated","title":"new","archived":true})");

  EXPECT_EQ(front.thread().at("title"), "new");
  EXPECT_EQ(front.thread().at("archived"), true);
  EXPECT_EQ(front.thread().at("metadata"), object());
  EXPECT_EQ(front.thread().at("updated"), 21);
}

TEST(WireFront, FoldsAPutInPlaceOfTheFormerMessage) {
  const WireFront front = after(R"({"type":"message_put","message":{"id":"u1","parent":null,
      "role":"user","parts":[],"status":"complete","created":10,"updated":21}})");

  EXPECT_EQ(front.messages().size(), 2U);
  EXPECT_EQ(front.messages().front().at("id"), "u1");
  EXPECT_EQ(parts_of(front, "u1"), "[]");
  EXPECT_EQ(front.thread().at("updated"), 20) << "a put is not an event for the thread";
}

TEST(WireFront, FoldsACreatedMessageOpenAndWithoutParts) {
  const WireFront front = after(R"({"type":"message_created","message":{"id":"a2","parent":"a1",
      "role":"assistant","author":"critic","run":"r1"}},{"type":"head_moved","head":"a2"})");

  EXPECT_EQ(canonical(message(front, "a2")),
            R"({"author":"critic","created":21,"id":"a2","parent":"a1","parts":[],)"
            R"("role":"assistant","run":"r1","status":"open","updated":21})");
  EXPECT_EQ(front.thread().at("head"), "a2");
}

TEST(WireFront, FoldsPartsAndAppends) {
  const WireFront front = after(
      R"({"type":"content_appended","message":"a1","part":1,"at":4,"text":":1}"},
         {"type":"part_started","message":"a1","part":2,"value":{"type":"reasoning","text":"so"}},
         {"type":"content_appended","message":"a1","part":3,"at":0,"text":"then"})");

  EXPECT_EQ(parts_of(front, "a1"),
            R"([{"text":"a😀b","type":"text"},)"
            R"({"arguments":"{\"x\":1}","id":"c1","name":"look","type":"tool_call"},)"
            R"({"text":"so","type":"reasoning"},{"text":"then","type":"text"}])");
  EXPECT_EQ(message(front, "a1").at("updated"), 21);
}

TEST(WireFront, CountsAnAppendInUtf16Units) {
  const WireFront front =
      after(R"({"type":"content_appended","message":"a1","part":0,"at":3,"text":"é😁"},
               {"type":"content_appended","message":"a1","part":0,"at":6,"text":"!"})");

  EXPECT_EQ(parts_of(front, "a1"),
            R"([{"text":"a😀é😁!","type":"text"},)" + std::string(call_part) + "]");
}

TEST(WireFront, FoldsACut) {
  const WireFront front =
      after(R"({"type":"message_cut","message":"a1","keep":[3],"status":"stopped"},
               {"type":"run_ended","run":"r1","status":"stopped"})");

  EXPECT_EQ(parts_of(front, "a1"), R"([{"text":"a😀","type":"text"}])");
  EXPECT_EQ(message(front, "a1").at("status"), "stopped");
  EXPECT_EQ(front.thread().at("running"), false);
}

TEST(WireFront, KeepsAPartWholeThatCanNotGrow) {
  const WireFront front = after(
      R"({"type":"part_started","message":"a1","part":2,"value":{"type":"file","uri":"u:x"}},
         {"type":"message_cut","message":"a1","keep":[0,4,0],"status":"stopped"})");

  EXPECT_EQ(parts_of(front, "a1"), R"([{"text":"","type":"text"},)" + std::string(call_part) +
                                       R"(,{"type":"file","uri":"u:x"}])");
}

TEST(WireFront, FoldsTheEndOfAMessageAndOfItsRun) {
  const WireFront front = after(
      R"({"type":"message_ended","message":"a1","status":"failed","usage":{"tokens":3}},
         {"type":"run_ended","run":"r1","status":"failed","error":{"code":"x","detail":"y"},
          "usage":{"tokens":4}})");

  EXPECT_EQ(message(front, "a1").at("status"), "failed");
  EXPECT_EQ(canonical(message(front, "a1").at("usage")), R"({"tokens":3})");
  EXPECT_EQ(run(front, "r1").at("status"), "failed");
  EXPECT_EQ(run(front, "r1").at("ended"), 21);
  EXPECT_EQ(canonical(run(front, "r1").at("error")), R"({"code":"x","detail":"y"})");
  EXPECT_EQ(canonical(run(front, "r1").at("usage")), R"({"tokens":4})");
}

TEST(WireFront, FoldsADeletionOfAllThatLiesBelow) {
  const WireFront front =
      after(R"({"type":"message_deleted","message":"u1"},{"type":"message_deleted","message":"a1"},
               {"type":"head_moved","head":null})");

  EXPECT_TRUE(front.messages().empty());
  EXPECT_EQ(front.digest(), "");
}

TEST(WireFront, KeepsTheInputOfARunUntilItStarts) {
  WireFront front = after(R"({"type":"run_queued","run":"r2","agent":"default",
      "input":[{"id":"u2","parts":[{"type":"text","text":"more"}]}],"after":"a1"})");

  EXPECT_EQ(run(front, "r2").at("status"), "queued");
  EXPECT_EQ(run(front, "r2").at("input").as_array().size(), 1U);
  EXPECT_EQ(front.thread().at("updated"), 21);

  const auto taken = front.take(R"({"frame":"entry","ts":22,"prev":21,"events":[
      {"type":"message_ended","message":"a1","status":"complete"},
      {"type":"run_ended","run":"r1","status":"completed"},
      {"type":"message_put","message":{"id":"u2","parent":"a1","role":"user",
         "parts":[{"type":"text","text":"more"}],"status":"complete","created":22,"updated":22}},
      {"type":"head_moved","head":"u2"},
      {"type":"run_started","run":"r2","attempt":1,"head":"u2","model":"m","settings":"s2"}]})");

  EXPECT_EQ(taken.wrong, "");
  EXPECT_EQ(canonical(run(front, "r2")),
            R"({"after":"a1","agent":"default","attempt":1,"context_ts":22,"head":"u2","id":"r2",)"
            R"("model":"m","queued":21,"settings":"s2","started":22,"status":"running"})");
  EXPECT_EQ(front.thread().at("running"), true);
}

TEST(WireFront, DropsTheInputOfARunThatIsStoppedWhileItWaits) {
  const WireFront front = after(R"({"type":"run_queued","run":"r2","agent":"default","input":[{}],
      "after":"a1"},{"type":"run_ended","run":"r2","status":"stopped"})");

  EXPECT_FALSE(run(front, "r2").contains("input"));
  EXPECT_EQ(front.thread().at("running"), true);
}

TEST(WireFront, KeepsTheInputOfARunThatIsInterruptedWhileItWaits) {
  const WireFront front = after(R"({"type":"run_queued","run":"r2","agent":"default","input":[{}],
      "after":"a1"},{"type":"run_ended","run":"r2","status":"interrupted"})");

  EXPECT_TRUE(run(front, "r2").contains("input"));
}

TEST(WireFront, HoldsTheSameAsAReadingOfARunThatWaitsWithoutInput) {
  const WireFront folded =
      after(R"({"type":"run_queued","run":"r2","agent":"d","input":[],"after":"a1"})");
  object reading = boost::json::parse(folded.state_json()).as_object();
  EXPECT_FALSE(reading.at("runs").at(1).as_object().contains("input"));

  reading.at("runs").at(1).as_object()["input"] = boost::json::array();

  EXPECT_EQ(folded.state_json(), canonical_state(reading));
}

TEST(WireFront, MakesTheThreadFromItsFirstEntry) {
  WireFront front("t", "phone");

  const auto taken = front.take(R"({"frame":"entry","ts":5,"prev":0,"events":[
      {"type":"message_put","message":{"id":"u1","parent":null,"role":"user","parts":[],
       "status":"complete","created":5,"updated":5}},{"type":"head_moved","head":"u1"}]})");

  EXPECT_EQ(taken.wrong, "");
  EXPECT_EQ(canonical(front.thread()),
            R"({"archived":false,"created":5,"head":"u1","id":"t","metadata":{},)"
            R"("running":false,"title":"","updated":5})");
}

// --- Complaints about frames that do not fit

TEST(WireFront, SaysThatAnOffsetIsInsideACodePoint) {
  EXPECT_EQ(wrong_of(R"({"type":"content_appended","message":"a1","part":0,"at":2,"text":"x"})"),
            "offset 2 is inside a code point");
  EXPECT_EQ(wrong_of(R"({"type":"message_cut","message":"a1","keep":[2],"status":"stopped"})"),
            "offset 2 is inside a code point");
}

TEST(WireFront, SaysThatAnOffsetIsBehindTheEnd) {
  EXPECT_EQ(wrong_of(R"({"type":"content_appended","message":"a1","part":0,"at":5,"text":"x"})"),
            "offset 5 is behind the text's end");
}

TEST(WireFront, SaysThatAMessageGrewAfterItsEnd) {
  EXPECT_EQ(wrong_of(R"({"type":"message_ended","message":"a1","status":"complete"},
                        {"type":"content_appended","message":"a1","part":0,"at":4,"text":"x"})"),
            "a message grew that had ended");
}

TEST(WireFront, SaysThatARunEndedBeforeItsMessages) {
  EXPECT_EQ(wrong_of(R"({"type":"run_ended","run":"r1","status":"completed"})"),
            "a run ended before its open messages");
}

TEST(WireFront, SaysThatTwoRunsRun) {
  EXPECT_EQ(wrong_of(R"({"type":"run_queued","run":"r2","agent":"d","input":[]},
                        {"type":"run_started","run":"r2","attempt":1,"head":"u1","settings":"s"})"),
            "a run started while another runs");
}

TEST(WireFront, SaysThatAChildOutlivedItsParent) {
  EXPECT_EQ(wrong_of(R"({"type":"message_deleted","message":"u1"})"),
            "a message's parent is not there");
}

TEST(WireFront, SaysThatTheHeadWasDeletedAndDidNotMove) {
  EXPECT_EQ(wrong_of(R"({"type":"message_deleted","message":"a1"})"), "the head is not there");
}

TEST(WireFront, SaysThatAMessageChangedItsParent) {
  EXPECT_EQ(wrong_of(R"({"type":"message_put","message":{"id":"a1","parent":null,"run":"r1",
      "role":"assistant","parts":[],"status":"complete","created":20,"updated":21}})"),
            "`parent` of a message changed");
}

TEST(WireFront, SaysThatAnEventIsUnknown) {
  EXPECT_EQ(wrong_of(R"({"type":"message_moved"})"), "an event of type message_moved");
}

TEST(WireFront, PassesOverFieldsThatItDoesNotKnow) {
  EXPECT_EQ(wrong_of(R"({"type":"head_moved","head":"u1","colour":"red"})"), "");
}

// --- Digest

TEST(WireFront, MakesTheDigestOfThePathToTheHead) {
  WireFront front("t", "phone");
  const auto taken = front.take(R"({"frame":"diff","cursor":"5@e1","from":0,"removed":[],"runs":[],
      "outcomes":[],
      "thread":{"id":"t","title":"","archived":false,"metadata":{},"head":"u1","created":5,
                "updated":5,"running":false},
      "messages":[{"id":"u1","parent":null,"role":"user","status":"complete","created":5,
                   "updated":5,"parts":[{"type":"text","text":"hé"}]}]})");

  EXPECT_EQ(taken.wrong, "");
  // printf: 32 zero bytes, then 2:u1,4:user,1:1,4:text,3:hé, into sha256sum.
  EXPECT_EQ(front.digest(), "bc555641ec4cf1d30a5c7f6eaa9202b64ab28f1367cb7ad6e401c3bbd120c9e7");
}

TEST(WireFront, SaysThatTheDigestOfADiffIsAnother) {
  WireFront front = front_at_20();

  const auto taken = front.take(R"({"frame":"diff","cursor":"20@e1","from":20,"messages":[],
      "removed":[],"runs":[],"outcomes":[],"digest":"00"})");

  EXPECT_EQ(taken.wrong, "the digest of the head's path differs");
}

}  // namespace
}  // namespace lockstep::sim
