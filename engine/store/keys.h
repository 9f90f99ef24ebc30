// SPDX-License-Identifier: Apache-2.0
// keys.h: where every row beside the log lies.
//
//   views       thread:8be 't'                              the thread itself (row_codec.h)
//               thread:8be 'm' number:4be                   a message, by its number
//               thread:8be 'r' number:4be                   a run, by its number
//               thread:8be 'd' length:2be user device       what a device is remembered for
//   threads     length:2be user thread id                   its number, and what lists show
//   open_runs   thread:8be number:4be                       a run that is queued or running
//   feed        length:2be user commit:8be                  a thread that changed then
//   settings    hash:32                                     the bytes that it is the SHA-256 of
//   meta        a name                                      a fact about the store as a whole
//               `deleted/` length:2be user thread id        the second copy of a tombstone
//
// Numbers are big-endian, so that byte order is their order: all rows of a thread lie together, its
// messages in the order of the tree's rows, a user's threads by id, a user's feed in the order of
// commits. A user's name
// has its length before it, so no user's keys begin another's. The commit number in a feed key is
// appended by the log (Row::Stamp::key): it is not known before.
//
// Keys that come back from a table may be damaged: a `decode` that finds no such key gives nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/ids.h"
#include "engine/rules/state.h"

namespace lockstep::keys {

// --- views ---------------------------------------------------------------------------------------

struct ThreadPlace {
  friend bool operator==(const ThreadPlace&, const ThreadPlace&) = default;
};
struct MessagePlace {
  std::uint32_t number = 0;
  friend bool operator==(const MessagePlace&, const MessagePlace&) = default;
};
struct RunPlace {
  std::uint32_t number = 0;
  friend bool operator==(const RunPlace&, const RunPlace&) = default;
};
// What a row of a thread's views is about.
using ViewPlace = std::variant<ThreadPlace, MessagePlace, RunPlace, DeviceKey>;

// Requires: of a device, names of less than 64 KiB.
[[nodiscard]] std::string view(ThreadNumber thread, const ViewPlace& place);
[[nodiscard]] std::optional<ViewPlace> decode_view(ThreadNumber thread, std::string_view key);
// What all views of a thread begin with.
[[nodiscard]] std::string views(ThreadNumber thread);

// --- threads -------------------------------------------------------------------------------------

// Requires: a user's name of less than 64 KiB.
[[nodiscard]] std::string thread(const ThreadName& name);
[[nodiscard]] std::optional<ThreadName> decode_thread(std::string_view key);
// What the threads of a user begin with.
[[nodiscard]] std::string threads(const UserId& user);

// --- open_runs -----------------------------------------------------------------------------------

struct OpenRunKey {
  ThreadNumber thread;
  std::uint32_t run = 0;
  friend bool operator==(const OpenRunKey&, const OpenRunKey&) = default;
};
[[nodiscard]] std::string open_run(const OpenRunKey& key);
[[nodiscard]] std::optional<OpenRunKey> decode_open_run(std::string_view key);
// What the open runs of a thread begin with.
[[nodiscard]] std::string open_runs(ThreadNumber thread);

// --- feed ----------------------------------------------------------------------------------------

// What a user's feed begins with; to be stamped with the commit number, it is the key of a new row.
// Requires: a name of less than 64 KiB.
[[nodiscard]] std::string feed(const UserId& user);
// The key of a row that is there.
[[nodiscard]] std::string feed(const UserId& user, CommitNumber commit);

struct FeedKey {
  UserId user;
  CommitNumber commit;
  friend bool operator==(const FeedKey&, const FeedKey&) = default;
};
[[nodiscard]] std::optional<FeedKey> decode_feed(std::string_view key);

// --- settings, meta ------------------------------------------------------------------------------

[[nodiscard]] std::string settings(const Hash& hash);
[[nodiscard]] std::optional<Hash> decode_settings(std::string_view key);

// Where a deletion is kept once more: the row of a deleted thread is truth, for its log is gone, so
// it stands in `threads` and here.
inline constexpr std::string_view deleted_prefix = "deleted/";
[[nodiscard]] std::string deleted(const ThreadName& name);
[[nodiscard]] std::optional<ThreadName> decode_deleted(std::string_view key);

// The number that the next thread gets, as 8 bytes, big-endian.
inline constexpr std::string_view next_thread = "next_thread";
// Since which commit of which epoch runs may outlive the process: epoch:8be, commit:8be.
inline constexpr std::string_view outside_since = "outside_since";
// The version of keys and values beside the log, as 8 bytes, big-endian.
inline constexpr std::string_view format = "format";

// --- Numbers in bytes ----------------------------------------------------------------------------

[[nodiscard]] std::string encode_number(std::uint64_t number);
// Nothing if it is not exactly 8 bytes.
[[nodiscard]] std::optional<std::uint64_t> decode_number(std::string_view bytes);

}  // namespace lockstep::keys
