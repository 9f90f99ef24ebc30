// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "engine/store/thread_snapshot.h"

namespace lockstep {
namespace {

// The first field in which two rows of a kind differ; empty if they are the same.
std::string difference(const MessageState& one, const MessageState& other) {
  const Message& left = one.message;
  const Message& right = other.message;
  if (left.id != right.id) return "id";
  if (left.parent != right.parent) return "parent";
  if (left.role != right.role) return "role";
  if (left.author != right.author) return "author";
  if (left.run != right.run) return "run";
  if (left.parts.size() != right.parts.size()) return "number of parts";
  for (std::size_t part = 0; part < left.parts.size(); ++part) {
    if (left.parts[part] != right.parts[part]) return "part " + std::to_string(part);
  }
  if (left.status != right.status) return "status";
  if (left.created != right.created) return "created";
  if (left.updated != right.updated) return "updated";
  if (left.usage != right.usage) return "usage";
  if (left.metadata != right.metadata) return "metadata";
  if (left.finish != right.finish) return "finish";
  if (left.continues != right.continues) return "continues";
  if (left.opaque != right.opaque) return "opaque";
  if (left.calls != right.calls) return "calls";
  if (one.lengths != other.lengths) return "lengths";
  if (one.whole != other.whole) return "whole";
  if (one.written != other.written) return "written";
  return one == other ? "" : "deleted";
}

std::string difference(const RunState& one, const RunState& other) {
  if (one.run.id != other.run.id) return "id";
  if (one.run.status != other.run.status) return "status";
  if (one.run.attempt != other.run.attempt) return "attempt";
  if (one.run.input != other.run.input) return "input";
  if (one.run != other.run) return "a field of the run";
  if (one.updated != other.updated) return "updated";
  if (one.seq != other.seq) return "seq";
  if (one.ended_by_producer != other.ended_by_producer) return "ended_by_producer";
  if (one.messages != other.messages) return "messages";
  if (one.claim != other.claim) return "claim";
  return one == other ? "" : "cut_calls";
}

std::string difference(const Thread& one, const Thread& other) {
  if (one.id != other.id) return "id";
  if (one.title != other.title) return "title";
  if (one.archived != other.archived) return "archived";
  if (one.metadata != other.metadata) return "metadata";
  if (one.head != other.head) return "head";
  if (one.created != other.created) return "created";
  if (one.updated != other.updated) return "updated";
  if (one.approved_tools != other.approved_tools) return "approved_tools";
  return one == other ? "" : "running";
}

std::string devices_difference(const ThreadState& one, const ThreadState& other) {
  if (one.devices.size() != other.devices.size()) return "number of devices";
  std::string found;
  one.devices.each([&](const DeviceKey& key, const DeviceMemory& memory) {
    const DeviceMemory* twin = other.devices.find(key);
    if (!twin || *twin != memory) found = "memory of device " + key.device.get();
  });
  return found;
}

// An index must name exactly the rows that there are.
std::string index_difference(const ThreadState& state) {
  if (state.message_numbers.size() != state.messages.size()) return "index of messages";
  for (std::uint32_t number = 0; number < state.messages.size(); ++number) {
    const std::uint32_t* found = state.message_numbers.find(state.messages[number].message.id);
    if (!found || *found != number) return "index of message " + std::to_string(number);
  }
  if (state.run_numbers.size() != state.runs.size()) return "index of runs";
  for (std::uint32_t number = 0; number < state.runs.size(); ++number) {
    const std::uint32_t* found = state.run_numbers.find(state.runs[number].run.id);
    if (!found || *found != number) return "index of run " + std::to_string(number);
  }
  return "";
}

template <class T>
std::string rows_difference(const std::string& kind, const PersistentVector<T>& one,
                            const PersistentVector<T>& other) {
  if (one.size() != other.size()) {
    std::string text = "number of " + kind + "s: ";
    text += std::to_string(one.size());
    return text += " and " + std::to_string(other.size());
  }
  for (std::size_t number = 0; number < one.size(); ++number) {
    const std::string field = difference(one[number], other[number]);
    if (field.empty()) continue;
    std::string text = kind + " ";
    text += std::to_string(number);
    return text += ": " + field;
  }
  return "";
}

}  // namespace

std::string difference(const ThreadState& one, const ThreadState& other) {
  if (const std::string field = difference(one.thread, other.thread); !field.empty()) {
    return "thread: " + field;
  }
  if (one.owner != other.owner) return "owner";
  if (one.now != other.now) return "now";
  if (one.titled != other.titled) return "titled";
  if (one.running != other.running) return "running run";
  if (one.waiting != other.waiting) return "waiting runs";
  if (one.awaiting != other.awaiting) return "runs that wait for answers";
  std::string found = rows_difference("message", one.messages, other.messages);
  if (found.empty()) found = rows_difference("run", one.runs, other.runs);
  if (found.empty()) found = devices_difference(one, other);
  if (found.empty()) found = index_difference(one);
  if (found.empty()) found = index_difference(other);
  return found;
}

}  // namespace lockstep
