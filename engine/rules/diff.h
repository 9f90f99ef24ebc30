// SPDX-License-Identifier: Apache-2.0
// diff.h: how a thread differs between two timestamps.
//
// A front that shows State(a) and applies diff(a, b) shows State(b); so does one that shows any
// state between, and applying it twice is applying it once. The size follows what changed: a
// message that only grew or was cut comes as a `Growth`, the part of it that the front can't have.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "engine/rules/event.h"
#include "engine/rules/past.h"
#include "engine/rules/state.h"

namespace lockstep {

// The part is its first `at` units, then `text`: a growth, and with an empty text a cut.
struct PartGrowth {
  std::uint32_t part = 0;
  Units at = 0;
  std::string text;
  friend bool operator==(const PartGrowth&, const PartGrowth&) = default;
};
// A part that is new since.
struct PartValue {
  std::uint32_t part = 0;
  Part value;
  friend bool operator==(const PartValue&, const PartValue&) = default;
};

struct Growth {
  MessageId id;
  MessageStatus status = MessageStatus::open;
  Timestamp updated;
  std::optional<Json> usage;
  std::uint32_t parts = 0;  // the message has so many; later ones go
  std::vector<std::variant<PartGrowth, PartValue>> grow;
  friend bool operator==(const Growth&, const Growth&) = default;
};

// A whole message, as it was when it was asked for: its row, shared with the state until that goes
// on. So an answer that waits for a slow reader holds no copy of what the state holds anyway.
class SharedMessage {
 public:
  explicit SharedMessage(Cow<MessageRow> row) : row_(std::move(row)) {}
  explicit SharedMessage(Message message) : row_(MessageRow{.message = std::move(message)}) {}

  const Message& operator*() const { return row_->message; }
  const Message* operator->() const { return &row_->message; }
  friend bool operator==(const SharedMessage& a, const SharedMessage& b) { return *a == *b; }

 private:
  Cow<MessageRow> row_;
};

using MessageChange = std::variant<SharedMessage, Growth>;
[[nodiscard]] const MessageId& id_of(const MessageChange& changed);

struct Diff {
  Timestamp from;
  Timestamp to;
  std::optional<Thread> thread;         // if a field of it changed
  std::vector<MessageChange> messages;  // in the order of the tree's rows
  std::vector<MessageId> removed;       // every message deleted after `from`
  std::vector<Run> runs;
  friend bool operator==(const Diff&, const Diff&) = default;
};

// Does `diff` need the entries since `from`? True if a message that was made or last put at `from`
// or before has grown, been cut or ended since: then only those entries say what of it has stayed.
[[nodiscard]] bool diff_needs_past(const ThreadState& now, Timestamp from);

// Requires: `past` is of `from`, or null and not needed.
[[nodiscard]] Diff diff(const ThreadState& now, Timestamp from, const Past* past);

// What a front holds and shows of a thread. It follows by diffs and entries alone, and so do the
// followers of the tools and tests.
struct Screen {
  std::optional<Thread> thread;
  std::vector<Message> messages;  // by creation
  std::vector<Run> runs;          // by queueing
  Timestamp now;
  friend bool operator==(const Screen&, const Screen&) = default;

  [[nodiscard]] const Message* message(const MessageId& id) const;
};

[[nodiscard]] Screen screen_of(const ThreadState& state);

// Requires: `diff.from` is not later than `screen.now`.
void apply(Screen& screen, const Diff& diff);

}  // namespace lockstep
