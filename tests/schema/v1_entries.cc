// SPDX-License-Identifier: Apache-2.0
#include "tests/schema/v1_entries.h"

#include "tests/support/small_state.h"

namespace lockstep {
namespace {

const char* const grin = "\xF0\x9F\x98\x80";

Entry token() {
  Entry entry = next_entry({ContentAppended{MessageId("m.live"), 0, 4, " upon"}});
  entry.producer = ProducerOffset{RunId("r.second"), 1, 3};
  return entry;
}

Message message(const char* id, std::vector<Part> parts) {
  Message message;
  message.id = MessageId(id);
  message.parent = MessageId("m.answer");
  message.parts = std::move(parts);
  message.created = Timestamp(small_state_at.get() + 20'000);
  message.updated = message.created;
  return message;
}

Entry put_new() {
  Message put = message("m.new", {TextPart{std::string("a\0b", 3) + grin}, ReasoningPart{"why"},
                                  ToolCallPart{"c", "look", "{}"}, ToolResultPart{"c", "found"},
                                  FilePart{"data:,x", {}, ""}, FilePart{"u", "text/plain", {}},
                                  DataPart{"n", Json{"[1]"}}});
  put.author = "Alice";
  put.metadata = Json{"{\"a\":1}"};
  return next_entry({MessagePut{put}, HeadMoved{put.id, MessageId("m.answer")}});
}

Entry put_again() {
  Message put = message("m.user", {TextPart{"Hello"}});
  put.parent = MessageId("m.system");
  put.created = Timestamp(small_state_at.get() - 1'000'000);
  put.usage = Json{"2"};
  return next_entry({MessagePut{put}});
}

Entry start() {
  MessageInput input;
  input.id = MessageId("i.1");
  input.role = Role::tool;
  input.parts = {TextPart{"Go on"}};
  input.author = "";
  input.metadata = Json{"{}"};
  Entry entry = next_entry(
      {RunQueued{RunId("r.new"),
                 AgentName("default"),
                 {input},
                 {Place::Kind::parent, MessageId("m.user")},
                 Json{"{\"t\":0}"}},
       RunEnded{RunId("r.second"), RunStatus::failed, RunError{"upstream", "cut"}, Json{"3"}},
       RunStarted{RunId("r.new"), 2, MessageId("m.user"), "model", {1, 2, 3}}});
  Ack& ack = entry.acks.emplace_back(UserId("alice"), DeviceId("phone"), Hash{9, 8}, Outcome());
  ack.outcome.op = Op(2);
  ack.outcome.at = entry.at;
  ack.outcome.run = RunId("r.new");
  return entry;
}

Entry refusal() {
  Entry entry = next_entry({});
  Ack& ack = entry.acks.emplace_back(UserId("bob"), DeviceId("tab"), Hash{7}, Outcome());
  ack.outcome.op = Op(1);
  ack.outcome.type = ChangeType::update_thread;
  ack.outcome.applied = false;
  ack.outcome.code = "head_moved";
  ack.outcome.detail = "the head is another";
  ack.outcome.message = MessageId("never.was");
  return entry;
}

Entry first() {
  Entry entry = next_entry({ThreadUpdated{"", true, Json{"{}"}}});
  entry.previous = Timestamp();
  entry.origin = Origin{ThreadId("t.1"), UserId("alice")};
  return entry;
}

Entry stream() {
  const MessageId fresh("m.new");
  const RunId run("r.second");
  Entry entry =
      next_entry({MessageCreated{fresh, MessageId("m.live"), Role::assistant, "bot", run},
                  PartStarted{fresh, 0, ReasoningPart{""}}, ContentAppended{fresh, 0, 0, "Hm"},
                  ContentAppended{MessageId("m.live"), 0, 4, "!"},
                  MessageEnded{MessageId("m.live"), MessageStatus::interrupted, Json{"4"}},
                  MessageCut{fresh, {1}, MessageStatus::stopped},
                  MessageDeleted{MessageId("m.user")}, HeadMoved{{}, MessageId("m.live")}});
  entry.producer = ProducerOffset{run, 3, 70'000};
  return entry;
}

}  // namespace

std::vector<OldEntry> v1_entries() {
  return {{"token", token()},  {"put_new", put_new()}, {"put_again", put_again()},
          {"start", start()},  {"refusal", refusal()}, {"first", first()},
          {"stream", stream()}};
}

}  // namespace lockstep
