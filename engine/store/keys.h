// SPDX-License-Identifier: Apache-2.0
// keys.h: the keys of all rows next to the log.
//
//   views       thread:8be 't'                              the thread itself (row_codec.h)
//               thread:8be 'm' number:4be                   a message, by its number
//               thread:8be 'r' number:4be                   a run, by its number
//               thread:8be 'd' length:2be user device       the remembered changes of a device
//   threads     length:2be user thread id                   its number, and the fields of lists
//   open_runs   thread:8be number:4be                       a run that is queued or running
//   feed        length:2be user commit:8be                  a thread that changed in this commit
//   settings    hash:32                                     the bytes that have this SHA-256
//   meta        a name                                      a fact about the store as a whole
//               `deleted/` length:2be user thread id        the second copy of a tombstone
//               `blob/` length:2be user hash:32 thread:8be  this thread names this blob of its user
//               `named/` thread:8be hash:32                 the same by thread; the value: the user
//
// Numbers are big-endian, so that byte order is their order: all rows of a thread lie together, its
// messages in the order of their numbers, a user's threads by id, a user's feed in the order of
// commits. A user's name has its length before it, so the keys of one user are never a prefix of
// another's. The log appends the commit number of a feed key (RowWrite::Stamp::key), because the
// caller does not know it before the commit.
//
// Keys that come back from a table may be damaged: `decode` returns nothing for an impossible key.
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
// The subject of one row of a thread's snapshot.
using SnapshotPlace = std::variant<ThreadPlace, MessagePlace, RunPlace, DeviceKey>;

// Requires: a device's user has a name of less than 64 KiB.
[[nodiscard]] std::string snapshot_row(ThreadNumber thread, const SnapshotPlace& place);
[[nodiscard]] std::optional<SnapshotPlace> decode_snapshot_row(ThreadNumber thread,
                                                               std::string_view key);
// The prefix of all rows of a thread's snapshot.
[[nodiscard]] std::string snapshot(ThreadNumber thread);

// --- threads -------------------------------------------------------------------------------------

// Requires: a user's name of less than 64 KiB.
[[nodiscard]] std::string thread(const ThreadName& name);
[[nodiscard]] std::optional<ThreadName> decode_thread(std::string_view key);
// The prefix of a user's threads.
[[nodiscard]] std::string threads(const UserId& user);

// --- open_runs -----------------------------------------------------------------------------------

struct OpenRunKey {
  ThreadNumber thread;
  std::uint32_t run = 0;
  friend bool operator==(const OpenRunKey&, const OpenRunKey&) = default;
};
[[nodiscard]] std::string open_run(const OpenRunKey& key);
[[nodiscard]] std::optional<OpenRunKey> decode_open_run(std::string_view key);
// The prefix of a thread's open runs.
[[nodiscard]] std::string open_runs(ThreadNumber thread);

// --- feed ----------------------------------------------------------------------------------------

// The prefix of a user's feed, and the key of a new row, to which the log appends the commit
// number. Requires: a name of less than 64 KiB.
[[nodiscard]] std::string feed(const UserId& user);
// The key of a row that is in the table.
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

// The second copy of a deletion. The row of a deleted thread can't be made again, because the
// thread's log is erased, so it is in `threads` and here.
inline constexpr std::string_view deleted_prefix = "deleted/";
[[nodiscard]] std::string deleted(const ThreadName& name);
[[nodiscard]] std::optional<ThreadName> decode_deleted(std::string_view key);

// Both rows of a blob that entries of a thread name; there while the thread lives.
inline constexpr std::string_view blob_prefix = "blob/";
inline constexpr std::string_view named_prefix = "named/";
struct BlobKey {
  UserId user;
  Hash hash{};
  ThreadNumber thread;
  friend bool operator==(const BlobKey&, const BlobKey&) = default;
  friend auto operator<=>(const BlobKey&, const BlobKey&) = default;
};
[[nodiscard]] std::string blob(const BlobKey& key);
[[nodiscard]] std::optional<BlobKey> decode_blob(std::string_view key);
// The prefix of all threads that name the blob.
[[nodiscard]] std::string blobs(const UserId& user, const Hash& hash);
[[nodiscard]] std::string named(ThreadNumber thread, const Hash& hash);
// The hash in the key of a thread's row.
[[nodiscard]] std::optional<Hash> decode_named(ThreadNumber thread, std::string_view key);
// The thread in such a key.
[[nodiscard]] std::optional<ThreadNumber> decode_named_thread(std::string_view key);
// The prefix of all blobs that the thread names.
[[nodiscard]] std::string named(ThreadNumber thread);

// The number that the next thread gets, as 8 bytes, big-endian.
inline constexpr std::string_view next_thread = "next_thread";
// Runs that began after this commit may outlive the process: epoch:8be, commit:8be.
inline constexpr std::string_view outside_since = "outside_since";
// The version of keys and values next to the log, as 8 bytes, big-endian.
inline constexpr std::string_view format = "format";

// --- Numbers in bytes ----------------------------------------------------------------------------

[[nodiscard]] std::string encode_number(std::uint64_t number);
// Nothing if it is not exactly 8 bytes.
[[nodiscard]] std::optional<std::uint64_t> decode_number(std::string_view bytes);

}  // namespace lockstep::keys
