// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/held.h"

#include <optional>
#include <variant>
#include <vector>

#include "engine/rules/sizes.h"

namespace lockstep {
namespace {

// A row's overhead: the count of its owners, its place in the tree, its id in an index of the state
// (a pair, and a share of a block) and its digest, each with the allocator's header.
constexpr std::size_t row_place_bytes = 256;
// The smallest block that a deque allocates.
constexpr std::size_t deque_bytes = 2 * row_place_bytes;

std::size_t size_of(const std::optional<Json>& json) { return json ? json->text.size() : 0; }

class Charging {
 public:
  Charging(ThreadState& state, MemoryAccount* account) : state_(state), account_(account) {}

  void message(const MessageId& id) {
    const std::uint32_t* number = state_.message_numbers.find(id);
    MUST(number != nullptr);  // the entry was folded
    message_at(*number);
  }
  void message_at(std::size_t number) { charge(state_.messages.edit(number)); }
  void run(const RunId& id) {
    const std::uint32_t* number = state_.run_numbers.find(id);
    MUST(number != nullptr);
    run_at(*number);
  }
  void run_at(std::size_t number) { charge(state_.runs.edit(number)); }
  void device(const DeviceKey& key) { charge(state_.devices.edit(key)); }

  void operator()(const ContentAppended& event) { message(event.message); }
  void operator()(const MessagePut& event) { message(event.message.id); }
  void operator()(const MessageCreated& event) {
    message(event.message);
    run(event.run);
  }
  void operator()(const PartStarted& event) { message(event.message); }
  void operator()(const MessageEnded& event) { message(event.message); }
  void operator()(const MessageCut& event) {
    message(event.message);
    // The run remembers which of its calls were cut.
    const std::uint32_t* number = state_.message_numbers.find(event.message);
    const auto& writer = state_.messages[*number].message.run;
    if (writer && state_.run(*writer)) run(*writer);
  }
  void operator()(const MessageDeleted& event) { message(event.message); }
  void operator()(const RunQueued& event) { run(event.run); }
  void operator()(const RunStarted& event) { run(event.run); }
  void operator()(const RunEnded& event) { run(event.run); }
  void operator()(const RepairsNoted& event) { run(event.run); }
  void operator()(const OpaqueNoted& event) { message(event.message); }
  void operator()(const AttemptStarted& event) { run(event.run); }
  void operator()(const CallNoted& event) { message(event.message); }
  void operator()(const ResumeNoted& event) { run(event.run); }
  void operator()(const ThreadUpdated&) {}
  void operator()(const HeadMoved&) {}

 private:
  template <class Row>
  void charge(Row& row) {
    if (row.held.bytes() == 0) row.held = Charge(account_, MemoryKind::states);
    row.held.set(held_by(row));
  }

  ThreadState& state_;
  MemoryAccount* account_;
};

}  // namespace

std::size_t held_by(const MessageState& row) {
  return sizeof(MessageState) + row_place_bytes + row.lengths.size() * sizeof(Units) +
         row.message.parts.size() * sizeof(Part) + size_of(row.message);
}

std::size_t held_by(const Run& run) {
  std::size_t bytes = sizeof(Run) + size_of(run.params) + size_of(run.usage) + size_of(run.repairs);
  if (run.finish_reason) bytes += run.finish_reason->size();
  if (run.resume) bytes += run.resume->why.size();
  if (run.error) bytes += run.error->code.size() + run.error->detail.size();
  for (const MessageInput& input : run.input) bytes += size_of(input);
  return bytes;
}

std::size_t held_by(const RunState& row) {
  std::size_t bytes = sizeof(RunState) - sizeof(Run) + row_place_bytes + held_by(row.run) +
                      row.messages.size() * sizeof(std::uint32_t) + row.claim.size();
  for (const std::string& call : row.cut_calls) bytes += sizeof(call) + call.size();
  return bytes;
}

std::size_t held_by(const DeviceMemory& memory) {
  return sizeof(DeviceMemory) + row_place_bytes + deque_bytes + memory.acks.size() * sizeof(Ack);
}

std::size_t held_by(const std::vector<MessageChange>& messages) {
  std::size_t bytes = messages.size() * sizeof(MessageChange);
  for (const MessageChange& changed : messages) {
    const auto* growth = std::get_if<Growth>(&changed);
    if (growth == nullptr) continue;
    for (const auto& grown : growth->grow) {
      const auto* text = std::get_if<PartGrowth>(&grown);
      bytes +=
          sizeof(grown) + (text ? text->text.size() : size_of(std::get<PartValue>(grown).value));
    }
  }
  return bytes;
}

std::size_t held_by(const Diff& diff) {
  std::size_t bytes = held_by(diff.messages) + diff.removed.size() * sizeof(MessageId);
  if (diff.thread) bytes += sizeof(Thread) + diff.thread->metadata.text.size();
  for (const Run& run : diff.runs) bytes += held_by(run);
  return bytes;
}

std::size_t held_by(const Entry& entry) {
  // The frame is about as long as the entry.
  return sizeof(Entry) + row_place_bytes + entry.events.size() * sizeof(Event) + 2 * size_of(entry);
}

void charge_rows(ThreadState& state, const Entry& entry, MemoryAccount* account) {
  MUST(state.now == entry.at);
  if (account == nullptr) return;
  Charging charging(state, account);
  for (const Event& event : entry.events) std::visit(charging, event);
  for (const Ack& ack : entry.acks) charging.device({ack.user, ack.device});
}

void charge_rows(ThreadState& state, MemoryAccount* account) {
  if (account == nullptr) return;
  Charging charging(state, account);
  for (std::size_t number = 0; number < state.messages.size(); ++number) {
    charging.message_at(number);
  }
  for (std::size_t number = 0; number < state.runs.size(); ++number) charging.run_at(number);
  std::vector<DeviceKey> devices;
  state.devices.each([&](const DeviceKey& key, const DeviceMemory&) { devices.push_back(key); });
  for (const DeviceKey& key : devices) charging.device(key);
}

}  // namespace lockstep
