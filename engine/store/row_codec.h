// SPDX-License-Identifier: Apache-2.0
// row_codec.h: the rows that can be rebuilt from the log, to bytes and back.
//
//   value     version:1 · content · seal:8            (schema/view.capnp, packed)
//   seal      the first 8 bytes of SHA-256(length of the key:4be · key · version · content)
//
// A value is sealed to its key, so a reader finds a row that is damaged or stands under another
// key: that is the error `corrupt`, and the caller makes the rows again from the log. A row of
// another version is `unsupported`, with the same remedy. The seal of a feed row covers the key
// without the commit number, because the number is not known before the commit.
//
// Settings need no seal: their key is the hash of their bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/rules/state.h"

namespace lockstep {

inline constexpr std::uint8_t row_version = 1;

// --- views ---------------------------------------------------------------------------------------

[[nodiscard]] std::string encode(std::string_view key, const MessageState& row);
[[nodiscard]] Result<MessageState> decode_message_state(std::string_view key,
                                                        std::string_view value);

[[nodiscard]] std::string encode(std::string_view key, const RunState& row);
[[nodiscard]] Result<RunState> decode_run_state(std::string_view key, std::string_view value);

struct DeviceRow {
  DeviceKey device;
  DeviceMemory memory;
  friend bool operator==(const DeviceRow&, const DeviceRow&) = default;
};
[[nodiscard]] std::string encode(std::string_view key, const DeviceRow& row);
[[nodiscard]] Result<DeviceRow> decode_device_row(std::string_view key, std::string_view value);

// The fields of a state besides its messages, runs and devices, and the number of these.
struct SnapshotHeader {
  Thread thread;
  UserId owner;
  Timestamp now;
  bool titled = false;
  std::uint32_t messages = 0;
  std::uint32_t runs = 0;
  std::uint32_t devices = 0;
  std::optional<std::uint32_t> running;
  std::vector<std::uint32_t> waiting;
  std::vector<std::uint32_t> awaiting{};
  friend bool operator==(const SnapshotHeader&, const SnapshotHeader&) = default;
};
[[nodiscard]] std::string encode(std::string_view key, const SnapshotHeader& header);
[[nodiscard]] Result<SnapshotHeader> decode_snapshot_header(std::string_view key,
                                                            std::string_view value);

// --- threads -------------------------------------------------------------------------------------

// The row of a thread in the table `threads`; after a deletion its tombstone.
struct ThreadRecord {
  ThreadId id;
  ThreadNumber number;
  UserId owner;
  std::optional<Thread> thread;  // as lists show it; nothing: the thread is deleted
  Timestamp snapshot;            // of its snapshot; 0: it has none
  Timestamp last;                // of its last entry when this was written

  [[nodiscard]] ThreadName name() const { return {owner, id}; }
  friend bool operator==(const ThreadRecord&, const ThreadRecord&) = default;
};
// The caller writes it with RowWrite::Stamp::value: the commit number follows the seal, unsealed.
[[nodiscard]] std::string encode(std::string_view key, const ThreadRecord& record);

struct StampedThreadRecord {
  ThreadRecord record;
  CommitNumber commit;  // with which it was written: the thread's place in its owner's feed
};
[[nodiscard]] Result<StampedThreadRecord> decode_thread_record(std::string_view key,
                                                               std::string_view value);

// --- open_runs, feed -----------------------------------------------------------------------------

struct OpenRun {
  ThreadName thread;
  RunId run;
  RunStatus status = RunStatus::queued;
  std::uint32_t attempt = 1;
  AgentName agent;
  Timestamp started;  // 0: it waits
  Hash settings{};    // of a run that has started
  friend bool operator==(const OpenRun&, const OpenRun&) = default;
};
[[nodiscard]] std::string encode(std::string_view key, const OpenRun& run);
[[nodiscard]] Result<OpenRun> decode_open_run(std::string_view key, std::string_view value);
// The owner may be missing, as in format 1 of the store: only the upgrade calls this.
[[nodiscard]] Result<OpenRun> decode_ownerless_open_run(std::string_view key,
                                                        std::string_view value);

struct FeedRow {
  ThreadName thread;
  bool removed = false;
  friend bool operator==(const FeedRow&, const FeedRow&) = default;
};
// `key`: without the commit number, from keys::feed(user). If the thread belongs to another user
// than the feed, the row names the owner.
[[nodiscard]] std::string encode(std::string_view key, const FeedRow& row);
// `key`: from the table, with the commit number.
[[nodiscard]] Result<FeedRow> decode_feed_row(std::string_view key, std::string_view value);

}  // namespace lockstep
