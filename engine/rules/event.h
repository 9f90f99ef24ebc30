// SPDX-License-Identifier: Apache-2.0
// event.h: the events and entries of a thread's log.
//
// Every change of a thread is one of these seventeen facts, in the past tense and resolved: a
// reader needs no clock, no default and no other thread to understand one. An `Entry` is one append
// to a thread's log: the events that became true together, or only the memory of a refused change.
// It is the unit of atomicity and durability, and fronts apply whole entries. It names the entry
// before it.
//
// Lengths and offsets (`at`, `keep`) count UTF-16 code units (text.h).
//
// Some fields never reach a front: `HeadMoved::from`, `Entry::origin`, `Entry::producer`, and the
// hash of an `Ack`, the claim of an `AttemptStarted`. Later decisions need them. Nor does
// `OpaqueNoted`, unless it is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/rules/calls.h"
#include "engine/rules/message.h"
#include "engine/rules/opaque.h"

namespace lockstep {

// --- Runs ----------------------------------------------------------------------------------------

enum class RunStatus : std::uint8_t {
  queued,
  running,
  completed,
  stopped,
  failed,
  interrupted,
  superseded,
};

// Has a run of this status not ended yet?
[[nodiscard]] constexpr bool is_open(RunStatus status) {
  return status == RunStatus::queued || status == RunStatus::running;
}

// A message that is not in the tree yet.
struct MessageInput {
  MessageId id;
  Role role = Role::user;
  Parts parts;
  std::optional<std::string> author;
  std::optional<Json> metadata;
  friend bool operator==(const MessageInput&, const MessageInput&) = default;
};

// Where new messages go. `after`: below the thread's head if the head lies below `message`, else
// below `message`. `parent`: directly below `message`. No message: the root.
struct Place {
  enum class Kind : std::uint8_t { after, parent };
  Kind kind = Kind::after;
  std::optional<MessageId> message;
  friend bool operator==(const Place&, const Place&) = default;
};

// Why a run did not complete: a stable snake-case code, and a sentence for a person.
struct RunError {
  std::string code;
  std::string detail;
  friend bool operator==(const RunError&, const RunError&) = default;
};

// How the request of a run differs from its path, for all messages or calls of one kind.
struct NotedRepair {
  std::string kind;  // snake case
  std::uint64_t count = 1;
  std::vector<std::string> ids{};  // of messages, calls or parameters: the first ones
  friend bool operator==(const NotedRepair&, const NotedRepair&) = default;
};

// --- Events --------------------------------------------------------------------------------------

// Replaces each field that is named.
struct ThreadUpdated {
  std::optional<std::string> title;
  std::optional<bool> archived;
  std::optional<Json> metadata;
  std::optional<std::vector<std::string>> approved_tools{};
  friend bool operator==(const ThreadUpdated&, const ThreadUpdated&) = default;
};
// The whole message: a new one, or the replacement of one.
struct MessagePut {
  Message message;
  friend bool operator==(const MessagePut&, const MessagePut&) = default;
};
// A run opens a message, which has no parts yet.
struct MessageCreated {
  MessageId message;
  std::optional<MessageId> parent;
  Role role = Role::assistant;
  std::optional<std::string> author;
  RunId run;
  std::optional<MessageId> continues{};  // Message::continues
  friend bool operator==(const MessageCreated&, const MessageCreated&) = default;
};
struct PartStarted {
  MessageId message;
  std::uint32_t part = 0;  // the next index
  Part value;
  friend bool operator==(const PartStarted&, const PartStarted&) = default;
};
// The part becomes its first `at` units, then `text`. If the part is not there yet, it is a new
// text part.
struct ContentAppended {
  MessageId message;
  std::uint32_t part = 0;
  Units at = 0;
  std::string text;
  friend bool operator==(const ContentAppended&, const ContentAppended&) = default;
};
struct MessageEnded {
  MessageId message;
  MessageStatus status = MessageStatus::complete;
  std::optional<Json> usage;
  Finish finish{};
  friend bool operator==(const MessageEnded&, const MessageEnded&) = default;
};
// Keeps the first `keep.size()` parts, each with its first `keep[i]` units, and drops the rest. A
// part that can't grow is kept whole, and its `keep[i]` is 0.
struct MessageCut {
  MessageId message;
  std::vector<Units> keep;
  MessageStatus status = MessageStatus::stopped;
  friend bool operator==(const MessageCut&, const MessageCut&) = default;
};
struct MessageDeleted {
  MessageId message;
  friend bool operator==(const MessageDeleted&, const MessageDeleted&) = default;
};
struct HeadMoved {
  std::optional<MessageId> head;
  std::optional<MessageId> from;  // the head before, from which `past` finds the head as seen
  friend bool operator==(const HeadMoved&, const HeadMoved&) = default;
};
struct RunQueued {
  RunId run;
  AgentName agent;
  std::vector<MessageInput> input;
  Place place;
  std::optional<Json> params;
  std::optional<MessageId> continues{};  // Run::continues
  bool resumes = false;                  // when its calls are answered (Resume)
  friend bool operator==(const RunQueued&, const RunQueued&) = default;
};
// The MessagePut events of its input come before it, in the same entry. The run's context is
// State(the entry's timestamp).
struct RunStarted {
  RunId run;
  std::uint32_t attempt = 1;
  std::optional<MessageId> head;  // the last message of the path that the run is given
  std::optional<std::string> model;
  Hash settings{};  // of AgentSettings::bytes: system prompt, tools, parameters
  friend bool operator==(const RunStarted&, const RunStarted&) = default;
};
struct RunEnded {
  RunId run;
  RunStatus status = RunStatus::completed;
  std::optional<RunError> error;
  std::optional<Json> usage;
  Finish finish{};
  friend bool operator==(const RunEnded&, const RunEnded&) = default;
};

// Durable before the model gets a byte of the request. It replaces what the run noted before.
struct RepairsNoted {
  RunId run;
  std::vector<NotedRepair> repairs;
  friend bool operator==(const RepairsNoted&, const RepairsNoted&) = default;
};

// It replaces what was noted for the same part before. It changes nothing that a front shows, so it
// leaves `Message::updated` as it was.
struct OpaqueNoted {
  MessageId message;
  OpaqueData data;
  friend bool operator==(const OpaqueNoted&, const OpaqueNoted&) = default;
};

// Another writer takes the running run over: its steps are numbered from 1 again, and those of the
// former attempt are refused. The run keeps its context and its messages.
struct AttemptStarted {
  RunId run;
  std::uint32_t attempt = 2;
  AgentName agent;
  std::optional<std::string> model;
  Hash settings{};                  // of AgentSettings::bytes
  std::string claim{};              // the secret of a worker's claim; empty: no worker has it
  std::optional<RunError> error{};  // why the former attempt was given up
  friend bool operator==(const AttemptStarted&, const AttemptStarted&) = default;
};

// Replaces what was noted for the same part before.
struct CallNoted {
  MessageId message;
  CallNote note;
  friend bool operator==(const CallNoted&, const CallNoted&) = default;
};

// How a run waits for the results of its calls, or has waited.
struct ResumeNoted {
  RunId run;
  Resume resume;
  friend bool operator==(const ResumeNoted&, const ResumeNoted&) = default;
};

using Event =
    std::variant<ThreadUpdated, MessagePut, MessageCreated, PartStarted, ContentAppended,
                 MessageEnded, MessageCut, MessageDeleted, HeadMoved, RunQueued, RunStarted,
                 RunEnded, RepairsNoted, OpaqueNoted, AttemptStarted, CallNoted, ResumeNoted>;

// --- Entries -------------------------------------------------------------------------------------

enum class ChangeType : std::uint8_t {
  start_run,
  put_message,
  delete_message,
  stop_run,
  move_head,
  update_thread,
  answer_call,
  decide_call,
};

// The result of a change. `code` and `detail` say why it was refused.
struct Outcome {
  std::optional<Op> op;
  ChangeType type = ChangeType::start_run;
  bool applied = true;
  bool duplicate = false;  // answered from memory: never stored as true
  Timestamp at;            // the entry that the change became; 0 if it left no trace
  std::string code;
  std::string detail;
  std::optional<MessageId> message;
  std::optional<RunId> run;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// The memory of one change of one device: the answer to a repeated request (retry).
struct Ack {
  UserId user;
  DeviceId device;
  Hash content{};   // of the change, to detect an op that is used again with other content
  Outcome outcome;  // with its op
  friend bool operator==(const Ack&, const Ack&) = default;
};

// The entry includes the steps of this run's attempt up to `seq`.
struct ProducerOffset {
  RunId run;
  std::uint32_t attempt = 1;
  std::uint64_t seq = 0;
  friend bool operator==(const ProducerOffset&, const ProducerOffset&) = default;
};

// In the first entry of a thread: the thread's name, because the log's keys have only its number.
struct Origin {
  ThreadId thread;
  UserId owner;
  friend bool operator==(const Origin&, const Origin&) = default;
};

struct Entry {
  Timestamp at;
  Timestamp previous;  // the entry before it in its thread, 0 for the first
  std::vector<Event> events;
  std::vector<Ack> acks;
  std::optional<ProducerOffset> producer;
  std::optional<Origin> origin;
  friend bool operator==(const Entry&, const Entry&) = default;
};

}  // namespace lockstep
