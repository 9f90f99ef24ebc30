// SPDX-License-Identifier: Apache-2.0
#include "tests/schema/v3_entries.h"

#include "tests/support/small_state.h"

namespace lockstep {
namespace {

Entry put_continued() {
  Message put;
  put.id = MessageId("m.new");
  put.parent = MessageId("m.answer");
  put.role = Role::assistant;
  put.parts = {ToolCallPart{"c", "look", "{}"}, ToolResultPart{"c", "no result", true}};
  put.created = Timestamp(small_state_at.get() + 20'000);
  put.updated = put.created;
  put.finish = {"length", "model-2"};
  put.continues = put.parent;
  return next_entry({MessagePut{put}});
}

Entry go_on() {
  RunQueued queued;
  queued.run = RunId("r.new");
  queued.agent = AgentName("default");
  queued.place = {Place::Kind::parent, MessageId("m.answer")};
  queued.continues = MessageId("m.answer");
  return next_entry({queued, MessageCreated{MessageId("m.new"),
                                            MessageId("m.answer"),
                                            Role::assistant,
                                            {},
                                            RunId("r.second"),
                                            MessageId("m.answer")}});
}

Entry ends() {
  const RunId run("r.second");
  Entry entry =
      next_entry({RepairsNoted{run, {{"joined", 2, {"m.user", "m.answer"}}, {"dropped", 300, {}}}},
                  RepairsNoted{run, {}},
                  MessageEnded{MessageId("m.live"), MessageStatus::complete, {}, {"stop", {}}},
                  RunEnded{run, RunStatus::completed, {}, Json{"3"}, {"tool_calls", "model-2"}}});
  entry.producer = ProducerOffset{run, 1, 9};
  return entry;
}

Entry notes() {
  Message put;
  put.id = MessageId("m.new");
  put.parent = MessageId("m.answer");
  put.role = Role::assistant;
  put.parts = {ReasoningPart{""}, TextPart{"so"}};
  put.created = Timestamp(small_state_at.get() + 20'000);
  put.updated = put.created;
  put.opaque.put({1, "openai https://a.example gpt", Json{"{}"}});
  put.opaque.put({{}, "openai https://a.example gpt", Json{R"({"id":"resp_1"})"}});
  Entry entry = next_entry(
      {MessagePut{put},
       OpaqueNoted{MessageId("m.live"), {0, "anthropic https://a.example claude", Json{"[1]"}}},
       OpaqueNoted{MessageId("m.live"), {{}, "anthropic https://a.example claude", Json{"2"}}}});
  entry.producer = ProducerOffset{RunId("r.second"), 1, 9};
  return entry;
}

Entry calls() {
  Message put;
  put.id = MessageId("m.new");
  put.parent = MessageId("m.answer");
  put.role = Role::assistant;
  put.parts = {ToolCallPart{"c", "look", "{}"}, ToolCallPart{"d", "look", "{}"},
               ToolResultPart{"c", "no such file", false, true}};
  put.created = Timestamp(small_state_at.get() + 20'000);
  put.updated = put.created;
  put.calls = {{0, CallStatus::running, ""}, {1, CallStatus::denied, "not today"}};
  ThreadUpdated updated;
  updated.approved_tools = std::vector<std::string>{"look", "write"};
  ThreadUpdated emptied;
  emptied.approved_tools.emplace();
  return next_entry({MessagePut{put}, CallNoted{put.id, {1, CallStatus::approved, ""}},
                     CallNoted{put.id, {0, CallStatus::needs_approval, "it writes"}}, updated,
                     emptied});
}

Entry attempts() {
  const RunId run("r.second");
  return next_entry(
      {AttemptStarted{
           run, 2, AgentName("other"), "model-2", {9}, "", RunError{"gone", "no answer"}},
       AttemptStarted{run, 3, AgentName("push"), {}, {10}, "a secret", {}}});
}

Entry waits() {
  RunQueued queued;
  queued.run = RunId("r.new");
  queued.agent = AgentName("default");
  queued.place = {Place::Kind::parent, MessageId("m.answer")};
  queued.resumes = true;
  const Timestamp until(small_state_at.get() + 1'000'000);
  return next_entry({queued, ResumeNoted{queued.run, {ResumeStatus::asked, {}, {}, ""}},
                     ResumeNoted{queued.run, {ResumeStatus::waiting, until, {}, ""}},
                     ResumeNoted{queued.run, {ResumeStatus::resumed, {}, RunId("r.second"), ""}},
                     ResumeNoted{queued.run, {ResumeStatus::given_up, {}, {}, "expired"}}});
}

}  // namespace

std::vector<OldEntry> v3_entries() {
  return {{"put_continued", put_continued()},
          {"go_on", go_on()},
          {"ends", ends()},
          {"notes", notes()},
          {"calls", calls()},
          {"attempts", attempts()},
          {"waits", waits()}};
}

}  // namespace lockstep
