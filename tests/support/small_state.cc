// SPDX-License-Identifier: Apache-2.0
#include "tests/support/small_state.h"

#include <utility>

#include "engine/rules/fold.h"

namespace lockstep {
namespace {

Ack ack(std::uint64_t op, Timestamp at) {
  Outcome outcome{.op = Op(op),
                  .type = ChangeType::put_message,
                  .at = at,
                  .code = {},
                  .detail = {},
                  .message = MessageId("m.user"),
                  .run = {}};
  return {.user = UserId("alice"),
          .device = DeviceId("phone"),
          .content = {1, 2, 3},
          .outcome = std::move(outcome)};
}

// Writes entries one after the other into a state.
class Writer {
 public:
  void write(Entry entry) {
    entry.previous = state_.now;
    if (entry.at == Timestamp()) entry.at = Timestamp(state_.now.get() + 1000);
    fold(state_, entry);
  }
  void write(std::vector<Event> events) {
    Entry entry;
    entry.events = std::move(events);
    write(std::move(entry));
  }
  ThreadState state() { return std::move(state_); }

 private:
  ThreadState state_;
};

// A message that a front puts.
Message message(const char* id, std::vector<Part> parts, Timestamp at) {
  Message message;
  message.id = MessageId(id);
  message.parts = std::move(parts);
  message.created = at;
  message.updated = at;
  return message;
}

Entry first_entry() {
  const Timestamp at(small_state_at.get() - 1'000'000);
  Message system = message("m.system", {TextPart{"Be brief."}}, at);
  system.role = Role::system;
  Message user = message(
      "m.user", {TextPart{"Hi \xF0\x9F\x98\x80"}, FilePart{"data:,x", "text/plain", "x.txt"}}, at);
  user.parent = system.id;
  user.author = "Alice";
  user.metadata = Json{R"({"a":1})"};
  Entry entry;
  entry.at = at;
  entry.events = {
      ThreadUpdated{"Hi", {}, {}},
      MessagePut{system},
      MessagePut{user},
      HeadMoved{MessageId("m.user"), {}},
      RunQueued{RunId("r.first"), AgentName("default"), {}, {Place::Kind::parent, {}}, {}},
      RunStarted{RunId("r.first"), 1, MessageId("m.user"), "model", {7}}};
  entry.acks = {ack(1, at)};
  entry.origin = Origin{ThreadId("t.small"), UserId("alice")};
  return entry;
}

}  // namespace

ThreadState small_state() {
  Writer writer;
  writer.write(first_entry());
  const RunId first("r.first");
  const MessageId answer("m.answer");
  writer.write({MessageCreated{answer, MessageId("m.user"), Role::assistant, "bot", first},
                HeadMoved{answer, MessageId("m.user")}});
  Entry token;
  token.events = {ContentAppended{answer, 0, 0, "Hello"}};
  token.producer = ProducerOffset{first, 1, 2};
  writer.write(token);
  token.events = {PartStarted{answer, 1, ToolCallPart{"c.1", "look", R"({"q":)"}}};
  token.producer->seq = 3;
  writer.write(token);
  writer.write({MessageCut{answer, {4}, MessageStatus::stopped},
                RunEnded{first, RunStatus::stopped, {}, {}}});
  const RunId second("r.second");
  MessageInput more;
  more.id = MessageId("i.more");
  more.parts = {TextPart{"More"}};
  writer.write(
      {RunQueued{second, AgentName("default"), {}, {Place::Kind::parent, answer}, Json{"{}"}},
       RunStarted{second, 1, answer, {}, {8}},
       RunQueued{RunId("r.third"), AgentName("default"), {more}, {}, {}}});
  writer.write({MessageCreated{MessageId("m.live"), answer, Role::assistant, {}, second}});
  Message gone = message("m.gone", {}, Timestamp());
  gone.parent = MessageId("m.user");
  writer.write({MessagePut{gone}, MessageDeleted{MessageId("m.gone")}});
  Entry last;
  last.at = small_state_at;
  last.events = {ContentAppended{MessageId("m.live"), 0, 0, "Once"}};
  last.producer = ProducerOffset{second, 1, 2};
  writer.write(last);
  return writer.state();
}

Entry next_entry(std::vector<Event> events) {
  Entry entry;
  entry.at = Timestamp(small_state_at.get() + 20'000);
  entry.previous = small_state_at;
  entry.events = std::move(events);
  return entry;
}

}  // namespace lockstep
