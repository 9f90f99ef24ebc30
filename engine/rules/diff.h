// SPDX-License-Identifier: Apache-2.0
// diff.h: how a thread differs between two timestamps.
//
// A front that shows State(a), or any state between, and applies diff(a, b) shows State(b).
// Applying a diff twice has the effect of applying it once (it is idempotent). A diff's size
// follows the size of the change: a message that only grew or was cut comes as a `Growth`, which
// has only the content that the front may lack.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "engine/rules/event.h"
#include "engine/rules/past.h"
#include "engine/rules/state.h"

namespace lockstep {

// The part becomes its first `at` units, then `text`. With an empty text this is a cut.
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
  Finish finish{};
  std::uint32_t parts = 0;  // of the message: the front drops later ones
  std::vector<std::variant<PartGrowth, PartValue>> grow;
  std::vector<CallNote> calls{};  // all of the message
  friend bool operator==(const Growth&, const Growth&) = default;
};

// A whole message at the time of the read. It shares the state's row until the state changes that
// row, so an answer that waits for a slow reader holds no copy of the state's content.
class SharedMessage {
 public:
  explicit SharedMessage(Cow<MessageState> row) : row_(std::move(row)) {}
  explicit SharedMessage(Message message) : row_(MessageState{.message = std::move(message)}) {}

  const Message& operator*() const { return row_->message; }
  const Message* operator->() const { return &row_->message; }
  friend bool operator==(const SharedMessage& a, const SharedMessage& b) { return *a == *b; }

 private:
  Cow<MessageState> row_;
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

// Does `diff` need the entries since `from`? True if a message that was made or last put at or
// before `from` has grown, been cut or ended since: only those entries tell how much of it stayed.
[[nodiscard]] bool diff_needs_past(const ThreadState& now, Timestamp from);

// Requires: `from` is not later than `now.now`; `past` is of `from`, or null if not needed.
[[nodiscard]] Diff diff(const ThreadState& now, Timestamp from, const Past* past);

// A thread as a front holds and shows it. Fronts, and the followers in tools and tests, update it
// by diffs and entries alone.
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
