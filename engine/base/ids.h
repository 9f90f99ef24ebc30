// SPDX-License-Identifier: Apache-2.0
// ids.h: a type of its own for each kind of id, number and time.
//
// `Strong` makes a type from a representation. It never converts implicitly, so a caller can't pass
// a run where a message is expected. The ids that fronts see are strings of 1 to 128 characters of
// `A-Z a-z 0-9 . _ : -`, but not `.` or `..`, because they stand in URLs unescaped.
//
// A thread's id belongs to its user: two users may each have a thread of the same id, and the two
// are unrelated. So code names a thread by owner and id, a `ThreadName`. Inside a store a thread
// also has a number.
//
// A `Timestamp` is an entry's place in its thread: microseconds since 1970 at ingest, made strictly
// increasing per thread. A `Cursor` is a timestamp and the epoch of the store that gave it out (a
// restore begins a new epoch); as text it is `TS@EPOCH`, the epoch as 16 hex digits.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep {

template <class Tag, class Rep>
class Strong {
 public:
  constexpr Strong() = default;
  explicit constexpr Strong(Rep value) : value_(std::move(value)) {}

  [[nodiscard]] constexpr const Rep& get() const { return value_; }

  friend constexpr bool operator==(const Strong&, const Strong&) = default;
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  Rep value_{};
};

using ThreadId = Strong<struct ThreadIdTag, std::string>;
using MessageId = Strong<struct MessageIdTag, std::string>;
using RunId = Strong<struct RunIdTag, std::string>;
using UserId = Strong<struct UserIdTag, std::string>;
using DeviceId = Strong<struct DeviceIdTag, std::string>;
using AgentName = Strong<struct AgentNameTag, std::string>;

using Op = Strong<struct OpTag, std::uint64_t>;                      // a device's own counter
using Timestamp = Strong<struct TimestampTag, std::uint64_t>;        // microseconds
using Epoch = Strong<struct EpochTag, std::uint64_t>;                // drawn at random
using CommitNumber = Strong<struct CommitTag, std::uint64_t>;        // dense over the store, from 1
using ThreadNumber = Strong<struct ThreadNumberTag, std::uint64_t>;  // given once, never reused
using Units = std::uint32_t;                                         // UTF-16 code units

// The last timestamp. Stored data in the later half is refused: see `is_later_than_clocks`.
inline constexpr Timestamp end_of_time(std::numeric_limits<std::uint64_t>::max());

// SHA-256 as bytes.
using Hash = std::array<std::uint8_t, 32>;

struct Cursor {
  Timestamp at;
  Epoch epoch;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

struct ThreadName {
  UserId owner;
  ThreadId id;
  friend bool operator==(const ThreadName&, const ThreadName&) = default;
  friend auto operator<=>(const ThreadName&, const ThreadName&) = default;
};

// `thread tea of ada`, for messages to people.
[[nodiscard]] std::string to_string(const ThreadName& thread);

// Is this text allowed as an id that fronts see?
[[nodiscard]] bool is_id(std::string_view text);

[[nodiscard]] std::string to_string(const Cursor& cursor);
// Nothing if the text is not `TS@EPOCH`.
[[nodiscard]] std::optional<Cursor> parse_cursor(std::string_view text);

[[nodiscard]] std::string to_hex(const Hash& hash);
[[nodiscard]] std::optional<Hash> parse_hash(std::string_view hex);

}  // namespace lockstep

template <class Tag, class Rep>
struct std::hash<lockstep::Strong<Tag, Rep>> {
  std::size_t operator()(const lockstep::Strong<Tag, Rep>& strong) const noexcept {
    return std::hash<Rep>{}(strong.get());
  }
};

template <>
struct std::hash<lockstep::ThreadName> {
  std::size_t operator()(const lockstep::ThreadName& thread) const noexcept {
    return std::hash<lockstep::UserId>{}(thread.owner) * 31 +
           std::hash<lockstep::ThreadId>{}(thread.id);
  }
};
