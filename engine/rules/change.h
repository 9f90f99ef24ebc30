// SPDX-License-Identifier: Apache-2.0
// change.h: the changes that a front can request.
//
// A change is imperative and unresolved: it has its user's wish, and in `seen` the state that the
// user saw when deciding that. `decide` (decide.h) turns it into events or a refusal. Before that
// the engine makes random ids where the front left them out; `content` is computed before the ids.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/rules/event.h"

namespace lockstep {

enum class WhenBusy : std::uint8_t { queue, stop, rollback, reject };

struct StartRun {
  RunId run;
  AgentName agent{"default"};
  std::vector<MessageInput> input;
  std::optional<Place> place;         // default: after the head in State(seen)
  std::optional<WhenBusy> when_busy;  // default: queue with `after`, stop with `parent`
  std::vector<Op> needs;              // ops of the same device; if one was refused, so is this
  std::optional<Json> params;
  // Goes on where this answer was cut; without input and place.
  std::optional<MessageId> continues{};
  bool resumes = false;  // another run goes on when this one's calls are answered
};

// A field that is left out keeps its value in a known message. A new message has then the role
// `user`, and no author and no metadata.
struct PutMessage {
  MessageId id;
  std::optional<Role> role;
  Parts parts;
  std::optional<std::string> author;
  std::optional<Json> metadata;
  std::optional<Place> place;
  bool if_absent = false;
  bool if_unchanged = false;  // refused if another device has changed the message since `seen`
};

struct DeleteMessage {
  MessageId message;
  bool if_unchanged = false;  // the same, for the message and all below it
};

// How much of a part the screen had shown, in UTF-16 units, if that is less than was received.
struct Shown {
  MessageId message;
  std::uint32_t part = 0;
  Units length = 0;
};

struct StopRun {
  std::optional<RunId> run;  // default: the run that was running at `seen`
  std::vector<Shown> shown;
};

struct MoveHead {
  std::optional<MessageId> head;
};

struct UpdateThread {
  std::optional<std::string> title;
  std::optional<bool> archived;
  std::optional<Json> metadata;
  std::optional<std::vector<std::string>> approved_tools{};
};

// Gives a call its result, in a message of its own. Names the first open call of that id.
struct AnswerCall {
  MessageId message;  // of the call
  std::string call;   // its id
  std::string content;
  bool failed = false;
  MessageId id;  // of the message with the result
};

struct DecideCall {
  MessageId message;                           // of the call
  std::string call;                            // its id
  CallStatus decision = CallStatus::approved;  // or denied, running
  std::string reason;
  bool always = false;  // approved: every later call of this tool in this thread, too
};

struct Change {
  std::optional<Op> op;
  std::optional<Cursor> seen;  // default: the request's cursor; without a cursor: now
  Hash content{};              // `content_of` the change as the front sent it
  std::variant<StartRun, PutMessage, DeleteMessage, StopRun, MoveHead, UpdateThread, AnswerCall,
               DecideCall>
      what;
};

// One sync request's changes: they become at most one entry.
struct ChangeRequest {
  UserId user;
  std::optional<DeviceId> device;  // Required if a change has an op
  std::optional<Cursor> cursor;
  std::optional<MessageId> if_head;
  std::vector<Change> changes;
};

[[nodiscard]] ChangeType type_of(const Change& change);

// Identifies the content of a change: SHA-256 over all its fields, `seen` included. An op sent
// twice must have the same content. Requires: no ids were made yet: an id that the front left out
// is empty.
[[nodiscard]] Hash content_of(const Change& change);

}  // namespace lockstep
