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

}  // namespace

std::vector<OldEntry> v3_entries() {
  return {
      {"put_continued", put_continued()}, {"go_on", go_on()}, {"ends", ends()}, {"notes", notes()}};
}

}  // namespace lockstep
