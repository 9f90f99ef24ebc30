// SPDX-License-Identifier: Apache-2.0
// step.h: the steps by which a producer writes a run.
//
// Content steps name their message; control steps open and end messages and the run. Each attempt
// numbers its steps with `seq` from 1 without gaps, so that the engine knows a repeated step and
// notices a lost one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "engine/rules/event.h"

namespace lockstep {

struct OpenMessage {
  MessageId message;
  std::optional<MessageId> parent;  // default: the run's last message, or its head
  Role role = Role::assistant;
  std::optional<std::string> author;
  friend bool operator==(const OpenMessage&, const OpenMessage&) = default;
};
struct StartPart {
  MessageId message;
  std::optional<std::uint32_t> part;  // if named, the next index
  Part value;
  friend bool operator==(const StartPart&, const StartPart&) = default;
};
struct AppendContent {
  MessageId message;
  std::uint32_t part = 0;
  std::string text;
  friend bool operator==(const AppendContent&, const AppendContent&) = default;
};
struct EndMessage {
  MessageId message;
  MessageStatus status = MessageStatus::complete;  // complete or failed
  std::optional<Json> usage;
  Finish finish{};
  friend bool operator==(const EndMessage&, const EndMessage&) = default;
};
struct EndRun {
  RunStatus status = RunStatus::completed;  // completed, failed or interrupted
  std::optional<RunError> error;
  std::optional<Json> usage;
  Finish finish{};
  friend bool operator==(const EndRun&, const EndRun&) = default;
};

// How the request to the model differs from the path; replaces what the run noted before.
struct NoteRepairs {
  std::vector<NotedRepair> repairs;
  friend bool operator==(const NoteRepairs&, const NoteRepairs&) = default;
};

// Opaque data (opaque.h) of a part that was started, or of the message; replaces what that had.
struct NoteOpaque {
  MessageId message;
  OpaqueData data;
  friend bool operator==(const NoteOpaque&, const NoteOpaque&) = default;
};

// The state of a call that was started: it needs approval, or is at work. Replaces what that had.
struct NoteCall {
  MessageId message;
  CallNote note;
  friend bool operator==(const NoteCall&, const NoteCall&) = default;
};

// Keeps the first `keep.size()` parts of an open message, each with its first `keep[i]` units: so a
// writer takes back what the attempt before it wrote.
struct CutMessage {
  MessageId message;
  std::vector<Units> keep;
  friend bool operator==(const CutMessage&, const CutMessage&) = default;
};

struct Step {
  std::uint64_t seq = 0;
  std::variant<OpenMessage, StartPart, AppendContent, EndMessage, EndRun, NoteRepairs, NoteOpaque,
               NoteCall, CutMessage>
      what;
  friend bool operator==(const Step&, const Step&) = default;
};

struct StepBatch {
  RunId run;
  std::uint32_t attempt = 1;
  std::vector<Step> steps;  // dense, increasing
  // Set if the steps could not be read, and `steps` is then empty: the batch is refused with this
  // error, and so are the batches behind it.
  std::optional<Error> unread = {};
};

// Durable up to `seq`, at `at`.
struct StepAck {
  std::uint64_t seq = 0;
  Timestamp at;
  friend bool operator==(const StepAck&, const StepAck&) = default;
};

// The refusal of a whole batch: no step of it was taken.
struct StepRefusal {
  // unknown_run, gap, fenced, ended, seq_reused, invalid, exists, unknown_message, too_large,
  // written_here; of the thread unknown_thread, deleted; of the server overloaded, stopping
  std::string code;
  std::string detail;
  std::optional<std::uint64_t> expected;  // gap: the next seq
  // ended: the state of the run
  std::optional<RunStatus> status;
  std::uint64_t seq = 0;               // the last step that was taken
  Timestamp at;                        // when it ended
  std::vector<std::string> cut_calls;  // tool calls that a stop has cut: must not be executed

  [[nodiscard]] static StepRefusal of(const Error& error) {
    StepRefusal refusal;
    refusal.code = error.code;
    refusal.detail = error.detail;
    return refusal;
  }
};

}  // namespace lockstep
