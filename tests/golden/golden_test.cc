// SPDX-License-Identifier: Apache-2.0
// The golden vectors: for every event and every change, a thread before, the entry or diff as sent
// over the wire, and the thread after. These tests write them (LOCKSTEP_WRITE_GOLDEN=1), keep them
// here, and read them back: byte for byte with the writer, and with a front that uses only the
// JSON (json_front.h). Other clients read the same files.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "server/codec/diff_frames.h"
#include "server/codec/json_write.h"
#include "tests/golden/json_front.h"
#include "tests/support/story.h"

namespace lockstep::test {
namespace {

namespace json = boost::json;

std::string state_text(const ThreadState& state) {
  const Screen screen = screen_of(state);
  std::string text = "{\"thread\":";
  // Before its first entry a thread has only its id.
  Thread none;
  none.id = ThreadId("thread");
  append_thread(text, screen.thread.value_or(none));
  text += ",\"messages\":[";
  for (const Message& message : screen.messages) {
    if (text.back() != '[') text += ',';
    append_message(text, message);
  }
  text += "],\"runs\":[";
  for (const Run& run : screen.runs) {
    if (text.back() != '[') text += ',';
    append_run(text, run);
  }
  return text + "],\"ts\":" + std::to_string(state.now.get()) + "}";
}

std::string entry_text(const Entry& entry) {
  std::string text;
  append_entry_frame(text, entry);
  return text;
}

std::string diff_text(const Story& story, Timestamp from) {
  SyncReply reply;
  reply.cursor = {story.now(), Story::epoch};
  reply.diff = story.diff_from(from);
  std::string text;
  DiffFrames frames(std::move(reply), 1 << 20);
  EXPECT_TRUE(frames.next(text));
  return text;
}

std::string file_of(const std::string& name) {
  return std::string(LOCKSTEP_SOURCE_DIR) + "/tests/golden/" + name + ".json";
}

// Compares `text` with the file, or writes the file under LOCKSTEP_WRITE_GOLDEN.
void hold(const std::string& name, const std::string& text) {
  if (std::getenv("LOCKSTEP_WRITE_GOLDEN")) {
    std::ofstream(file_of(name)) << text;
    return;
  }
  std::ifstream file(file_of(name));
  ASSERT_TRUE(file) << "no golden vector " << name;
  std::stringstream kept;
  kept << file.rdbuf();
  EXPECT_EQ(kept.str(), text) << name << " is another than it was";
}

// The story's last entry, and the diff from before it.
void hold_last(const std::string& name, const Story& story) {
  const Entry& entry = story.entries().back();
  const std::string before = state_text(story.state_at(entry.previous));
  const std::string after = state_text(story.state());
  const std::string entry_frame = entry_text(entry);
  const std::string diff_frame = diff_text(story, entry.previous);
  hold(name, "{\n\"name\":\"" + name + "\",\n\"before\":" + before + ",\n\"entry\":" + entry_frame +
                 ",\n\"diff\":" + diff_frame + ",\n\"after\":" + after + "\n}\n");

  const json::object start = json::parse(before).as_object();
  const json::object end = json::parse(after).as_object();
  EXPECT_EQ(fold(start, json::parse(entry_frame).as_object()), end) << name;
  const json::object diff = json::parse(diff_frame).as_object();
  EXPECT_EQ(apply(start, diff), end) << name;
  EXPECT_EQ(apply(end, diff), end) << name << ": twice is not once";
}

struct Streaming : Story {
  Streaming() {
    start("r1", "u1", "hello");
    steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, "writer"},
                 AppendContent{MessageId("a1"), 0, "caf\xC3\xA9 "},
                 AppendContent{MessageId("a1"), 0, "\xF0\x9F\x98\x80 and \"more\"\n"}});
  }
};

// --- Events --------------------------------------------------------------------------------------

TEST(Golden, AStartWithItsInput) {
  Story story;
  story.start("r1", "u1", "hello");
  hold_last("event_run_started", story);
}

TEST(Golden, AMessageIsOpened) {
  Story story;
  story.start("r1", "u1", "hello");
  story.steps("r1", {OpenMessage{MessageId("a1"), {}, Role::assistant, "writer"}});
  hold_last("event_message_created", story);
}

TEST(Golden, PartsOfEveryTypeAreStarted) {
  Streaming story;
  const MessageId a1("a1");
  story.steps("r1", {StartPart{a1, {}, ReasoningPart{"because"}},
                     StartPart{a1, {}, ToolCallPart{"c1", "look", "{\"at\""}},
                     StartPart{a1, {}, ToolResultPart{"c1", "nothing"}},
                     StartPart{a1, {}, FilePart{"https://example.org/a.png", "image/png", "a"}},
                     StartPart{a1, {}, DataPart{"chart", Json{"{\"x\":[1,2]}"}}}});
  hold_last("event_part_started", story);
}

TEST(Golden, ContentIsAppendedBehindASurrogatePair) {
  Streaming story;
  story.steps("r1", {AppendContent{MessageId("a1"), 0, "\xF0\x9F\x98\x81!"}});
  hold_last("event_content_appended", story);
}

TEST(Golden, AMessageEndsWithItsUsage) {
  Streaming story;
  story.steps("r1", {EndMessage{MessageId("a1"), MessageStatus::complete, Json{"{\"tokens\":7}"}}});
  hold_last("event_message_ended", story);
}

TEST(Golden, ARunEndsAndTheNextOneStarts) {
  Streaming story;
  story.start("r2", "u2", "and then?");
  story.steps("r1", {EndRun{RunStatus::completed, {}, Json{"{\"tokens\":9}"}}});
  hold_last("event_run_ended", story);
}

TEST(Golden, ARunFails) {
  Streaming story;
  story.steps("r1", {EndRun{RunStatus::failed, RunError{"upstream_failed", "no answer"}, {}}});
  hold_last("event_run_failed", story);
}

TEST(Golden, ACrashInterrupts) {
  Streaming story;
  story.start("r2", "u2", "and then?");
  story.crash();
  hold_last("event_run_interrupted", story);
}

TEST(Golden, ARunIsQueued) {
  Streaming story;
  story.start("r2", "u2", "and then?");
  hold_last("event_run_queued", story);
}

TEST(Golden, AnAnswerEndsAtItsLimitWithoutItsHalfCall) {
  Streaming story;
  const MessageId a1("a1");
  story.steps("r1", {StartPart{a1, {}, ToolCallPart{"c1", "look", "{\"at\""}}});
  story.steps("r1", {EndMessage{a1, MessageStatus::complete, Json{"{\"tokens\":7}"},
                                Finish{"length", "model-2"}}});
  hold_last("event_message_ended_length", story);
}

TEST(Golden, ARunEndsWithItsReason) {
  Streaming story;
  story.steps("r1", {EndRun{RunStatus::completed, {}, {}, Finish{"stop", "model-2"}}});
  hold_last("event_run_ended_finish", story);
}

TEST(Golden, RepairsAreNoted) {
  Streaming story;
  story.steps("r1", {NoteRepairs{{{"joined", 2, {"u1", "a1"}}, {"no_result", 1, {"c1"}}}}});
  hold_last("event_repairs_noted", story);
}

TEST(Golden, LaterRepairsReplaceTheFormer) {
  Streaming story;
  story.steps("r1", {NoteRepairs{{{"joined", 2, {"u1", "a1"}}}}});
  story.steps("r1", {NoteRepairs{{{"dropped", 1, {"u1"}}}}});
  hold_last("event_repairs_noted_again", story);
}

TEST(Golden, NoFrontGetsOpaqueData) {
  Streaming story;
  story.steps("r1", {NoteOpaque{MessageId("a1"), {{}, "server", Json{"\"sealed\""}}}});
  hold_last("event_opaque_noted", story);
}

TEST(Golden, AnOpenCallGetsAMadeResult) {
  Streaming story;
  story.steps("r1", {StartPart{MessageId("a1"), {}, ToolCallPart{"c1", "look", "{}"}},
                     EndMessage{MessageId("a1"), MessageStatus::complete, {}}, EndRun{}});
  story.start("r2", "u2", "and then?");
  hold_last("event_part_started_made", story);
}

TEST(Golden, AWriterCutsItsMessage) {
  Streaming story;
  const MessageId a1("a1");
  story.steps("r1", {StartPart{a1, {}, ToolCallPart{"c1", "ask", "{}"}},
                     StartPart{a1, {}, TextPart{"spare"}}});
  story.steps("r1", {CutMessage{a1, {5, 2}}});
  hold_last("event_message_cut_open", story);
}

TEST(Golden, AWorkerClaimsARun) {
  Streaming story;
  story.steps("r1", {NoteRepairs{{{"joined", 2, {"u1", "a1"}}}}});
  story.attempt({.run = RunId("r1"), .former = 1, .claim = "secret"});
  hold_last("event_attempt_started_claimed", story);
}

TEST(Golden, AnotherAgentTakesOver) {
  Story story;
  story.start("r1", "u1", "hello");
  story.attempt({.run = RunId("r1"),
                 .former = 1,
                 .agent = AgentName("second"),
                 .error = RunError{"upstream_failed", "no answer"}});
  hold_last("event_attempt_started", story);
}

TEST(Golden, ACallNeedsApproval) {
  Streaming story;
  story.steps("r1", {StartPart{MessageId("a1"), {}, ToolCallPart{"c1", "ask", "{}"}}});
  hold_last("event_call_noted", story);
}

TEST(Golden, ACallIsAtWork) {
  Streaming story;
  const MessageId a1("a1");
  story.steps("r1", {StartPart{a1, {}, ToolCallPart{"c1", "ask", "{}"}},
                     StartPart{a1, {}, ToolCallPart{"c2", "look", "{}"}}});
  story.steps("r1", {NoteCall{a1, {2, CallStatus::running, "on the phone"}}});
  hold_last("event_call_noted_running", story);
}

// A run that waits for the answers to two calls, of which one needs approval.
struct Waiting : Streaming {
  Waiting() {
    StartRun change;
    change.run = RunId("r2");
    change.input = {input("u2", "look it up")};
    change.resumes = true;
    this->change(change);
    steps("r1", {EndRun{}});
    const MessageId a2("a2");
    steps("r2", {OpenMessage{a2, {}, Role::assistant, {}},
                 StartPart{a2, {}, ToolCallPart{"c1", "ask", "{}"}},
                 StartPart{a2, {}, ToolCallPart{"c2", "look", "{}"}}});
    steps("r2", {EndMessage{a2, MessageStatus::complete, {}, {}}, EndRun{}});
  }
  void answer(const std::string& call, const std::string& id, bool failed = false) {
    change(AnswerCall{MessageId("a2"), call, "found", failed, MessageId(id)}, {}, Op(++op_));
  }
  void decide(CallStatus decision, const std::string& reason = "", bool always = false) {
    change(DecideCall{MessageId("a2"), "c1", decision, reason, always}, {}, Op(++op_));
  }

 private:
  std::uint64_t op_ = 0;
};

TEST(Golden, ARunIsQueuedThatIsToBeResumed) {
  Streaming story;
  StartRun change;
  change.run = RunId("r2");
  change.input = {input("u2", "look it up")};
  change.resumes = true;
  story.change(change);
  hold_last("event_run_queued_resume", story);
}

TEST(Golden, ARunWaitsForItsAnswers) {
  const Waiting story;
  hold_last("event_resume_noted", story);
}

TEST(Golden, ARunIsResumed) {
  Waiting story;
  story.answer("c2", "t1");
  story.decide(CallStatus::denied, "not today");
  hold_last("event_resume_noted_resumed", story);
}

TEST(Golden, AWaitIsGivenUp) {
  Waiting story;
  story.stop("r2", story.now());
  hold_last("event_resume_noted_given_up", story);
}

// --- Changes -------------------------------------------------------------------------------------

TEST(Golden, ACallIsAnswered) {
  Waiting story;
  story.answer("c2", "t1");
  hold_last("change_answer_call", story);
}

TEST(Golden, AToolHasFailed) {
  Waiting story;
  story.answer("c2", "t1", true);
  hold_last("change_answer_call_failed", story);
}

TEST(Golden, AnAnswerBeforeItsApprovalIsRefused) {
  Waiting story;
  story.answer("c1", "t1");
  hold_last("change_refused_needs_approval", story);
}

TEST(Golden, ACallIsApproved) {
  Waiting story;
  story.decide(CallStatus::approved);
  hold_last("change_decide_call", story);
}

TEST(Golden, AToolIsAlwaysApproved) {
  Waiting story;
  story.decide(CallStatus::approved, "", true);
  hold_last("change_decide_call_always", story);
}

TEST(Golden, ACallIsDenied) {
  Waiting story;
  story.decide(CallStatus::denied, "not today");
  hold_last("change_decide_call_denied", story);
}

TEST(Golden, ASecondDecisionIsRefused) {
  Waiting story;
  story.decide(CallStatus::approved);
  story.decide(CallStatus::denied);
  hold_last("change_refused_decided", story);
}

TEST(Golden, TheApprovedToolsAreReplaced) {
  Waiting story;
  story.decide(CallStatus::approved, "", true);
  UpdateThread update;
  update.approved_tools.emplace();
  story.change(update);
  hold_last("change_update_thread_approved", story);
}

TEST(Golden, AStopCuts) {
  Streaming story;
  story.stop("r1", story.now(), {shown("a1", 0, 6)});
  hold_last("change_stop_run", story);
}

TEST(Golden, AStopDropsAHalfCall) {
  Streaming story;
  story.steps("r1", {StartPart{MessageId("a1"), {}, ToolCallPart{"c1", "look", "{}"}},
                     StartPart{MessageId("a1"), {}, ToolCallPart{"c2", "look", "{\"at"}}});
  story.stop("r1", story.now());
  hold_last("change_stop_run_calls", story);
}

TEST(Golden, AStopOfAWaitingRunDropsItsInput) {
  Streaming story;
  story.start("r2", "u2", "and then?");
  story.stop("r2", story.now());
  hold_last("change_stop_run_queued", story);
}

TEST(Golden, ANewMessageIsPut) {
  Story story;
  story.put("u1", "first");
  hold_last("change_put_message", story);
}

TEST(Golden, AMessageIsPutAgain) {
  Story story;
  story.put("u1", "first");
  PutMessage put;
  put.id = MessageId("u1");
  put.parts = {TextPart{"better"}};
  put.author = "ann";
  put.metadata = Json{"{\"edited\":true}"};
  story.change(put);
  hold_last("change_put_message_again", story);
}

TEST(Golden, APutIntoAStreamStopsIt) {
  Streaming story;
  story.put("a1", "my words");
  hold_last("change_put_message_streaming", story);
}

TEST(Golden, AMessageIsDeletedWithAllBelowIt) {
  Streaming story;
  story.steps("r1", {EndRun{}});
  story.put("u2", "below");
  story.change(DeleteMessage{MessageId("a1")});
  hold_last("change_delete_message", story);
}

TEST(Golden, TheHeadIsMoved) {
  Story story;
  story.put("u1", "first");
  story.put("u2", "second");
  story.change(MoveHead{MessageId("u1")});
  hold_last("change_move_head", story);
}

TEST(Golden, TheThreadIsUpdated) {
  Story story;
  story.put("u1", "first");
  story.change(UpdateThread{"A title", true, Json{"{\"colour\":\"red\"}"}});
  hold_last("change_update_thread", story);
}

TEST(Golden, ARegenerationInterrupts) {
  Streaming story;
  StartRun change;
  change.run = RunId("r2");
  change.place = below("u1");
  change.params = Json{"{\"temperature\":0}"};
  story.change(change);
  hold_last("change_start_run_interrupt", story);
}

TEST(Golden, ARollback) {
  Streaming story;
  StartRun change;
  change.run = RunId("r2");
  change.input = {input("u2", "anew")};
  change.when_busy = WhenBusy::rollback;
  story.change(change);
  hold_last("change_start_run_rollback", story);
}

// An answer that its limit has cut, and the start that continues it.
struct Continued : Streaming {
  Continued() {
    steps("r1", {EndMessage{MessageId("a1"), MessageStatus::complete, {}, Finish{"length", {}}},
                 EndRun{RunStatus::completed, {}, {}, Finish{"length", {}}}});
    StartRun change;
    change.run = RunId("r2");
    change.continues = MessageId("a1");
    this->change(change, {}, Op(1));
  }
};

TEST(Golden, AStartContinuesAnAnswer) {
  const Continued story;
  hold_last("change_start_run_continue", story);
}

TEST(Golden, AnAnswerGoesOn) {
  Continued story;
  story.steps("r2", {OpenMessage{MessageId("a2"), {}, Role::assistant, {}}});
  hold_last("event_message_created_continues", story);
}

TEST(Golden, ASecondStartJoinsTheContinuation) {
  Continued story;
  StartRun change;
  change.run = RunId("r3");
  change.continues = MessageId("a1");
  story.change(change, {}, Op(2));
  hold_last("change_start_run_continue_joined", story);
}

// A call, and messages with results for it.
struct Called : Streaming {
  Called() {
    steps("r1", {StartPart{MessageId("a1"), {}, ToolCallPart{"c1", "look", "{}"}},
                 EndMessage{MessageId("a1"), MessageStatus::complete, {}}, EndRun{}});
  }
  void answer(const std::string& id, const std::string& call, Op op) {
    PutMessage put;
    put.id = MessageId(id);
    put.role = Role::tool;
    put.parts = {ToolResultPart{call, "found"}};
    change(put, {}, op);
  }
};

TEST(Golden, ASecondResultIsRefused) {
  Called story;
  story.answer("t1", "c1", Op(1));
  story.answer("t2", "c1", Op(2));
  hold_last("change_refused_answered", story);
}

TEST(Golden, AResultWithoutACallIsRefused) {
  Called story;
  story.answer("t1", "c9", Op(1));
  hold_last("change_refused_unknown_call", story);
}

TEST(Golden, ARefusalThatIsRememberedHasNoEvents) {
  Story story;
  story.put("u1", "first");
  story.change(MoveHead{MessageId("nowhere")}, {}, Op(1));
  hold_last("change_refused", story);
}

TEST(Golden, AStaleEditIsRefusedAsChanged) {
  Story story;
  story.put("u1", "first");
  const Timestamp seen = story.now();
  story.put("u1", "newer");
  PutMessage stale;
  stale.id = MessageId("u1");
  stale.parts = {TextPart{"stale"}};
  stale.if_unchanged = true;
  story.change(stale, seen, Op(1));
  hold_last("change_refused_changed", story);
}

// --- A whole life in one diff --------------------------------------------------------------------

TEST(Golden, ADiffOverManyEntries) {
  Streaming story;
  const Timestamp from = story.now();
  story.steps("r1", {AppendContent{MessageId("a1"), 0, "one "}});
  story.steps("r1", {AppendContent{MessageId("a1"), 0, "two "}});
  story.put("u2", "meanwhile");
  story.change(DeleteMessage{MessageId("u2")});
  story.stop("r1", from, {shown("a1", 0, 7)});
  const std::string before = state_text(story.state_at(from));
  const std::string after = state_text(story.state());
  const std::string diff = diff_text(story, from);

  hold("diff_many", "{\n\"name\":\"diff_many\",\n\"before\":" + before + ",\n\"diff\":" + diff +
                        ",\n\"after\":" + after + "\n}\n");
  EXPECT_EQ(apply(json::parse(before).as_object(), json::parse(diff).as_object()),
            json::parse(after).as_object());
}

}  // namespace
}  // namespace lockstep::test
