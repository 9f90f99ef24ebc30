// SPDX-License-Identifier: Apache-2.0
// change.h: what a front may ask for.
//
// Imperative and unresolved: a change says what its user wants, and `seen`, what the user saw when
// they wanted it. `decide` (decide.h) turns it into events or a refusal. Ids that the front left
// out have been filled in before it gets there, from chance; `content` was taken before that.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/rules/event.h"

namespace lockstep {

enum class WhenBusy : std::uint8_t { queue, interrupt, rollback, reject };

struct StartRun {
  RunId run;
  AgentName agent{"default"};
  std::vector<MessageInput> input;
  std::optional<Place> place;         // default: after the head in State(seen)
  std::optional<WhenBusy> when_busy;  // default: queue with `after`, interrupt with `parent`
  std::vector<Op> needs;              // ops of the same device; one refused refuses this
  std::optional<Json> params;
};

// Role, author, metadata: nothing keeps what a known message has; of a new one, user, none, none.
struct PutMessage {
  MessageId id;
  std::optional<Role> role;
  Parts parts;
  std::optional<std::string> author;
  std::optional<Json> metadata;
  std::optional<Place> place;
  bool if_absent = false;
  bool if_unchanged = false;  // refused if another device has changed what is there since `seen`
};

struct DeleteMessage {
  MessageId message;
  bool if_unchanged = false;  // the same, of the message and all below it
};

// What of a part was shown, if less than was received: UTF-16 units.
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
};

struct Change {
  std::optional<Op> op;
  std::optional<Cursor> seen;  // default: the request's cursor, without one: now
  Hash content{};              // of what the front sent, before ids were made for it
  std::variant<StartRun, PutMessage, DeleteMessage, StopRun, MoveHead, UpdateThread> what;
};

// One sync request's changes: they become one entry, or none.
struct ChangeRequest {
  UserId user;
  std::optional<DeviceId> device;  // Required if a change has an op
  std::optional<Cursor> cursor;
  std::optional<MessageId> if_head;
  std::vector<Change> changes;
};

[[nodiscard]] ChangeType type_of(const Change& change);

// What identifies the content of a change that came with an op: SHA-256 over all its fields, `seen`
// included. Requires: called before ids are made for it: an id that the front left out is empty.
[[nodiscard]] Hash content_of(const Change& change);

}  // namespace lockstep
