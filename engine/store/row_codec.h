// SPDX-License-Identifier: Apache-2.0
// row_codec.h: rows of what can be rebuilt, to bytes and back.
//
//   value     version:1 · content · seal:8            (schema/view.capnp, packed)
//   seal      the first 8 bytes of SHA-256 over the key's length (4be), the key, the version, the
//   content
//
// A value is sealed to its key, so a row that is damaged, or lies in another's place, is found: it
// is the error `corrupt`, and the rows are to be made again from the log. A row of another version
// is `unsupported`, with the same remedy. The feed's rows are sealed to the key without the commit
// number, which is not known when they are made.
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

inline constexpr std::uint8_t view_version = 1;

// --- views ---------------------------------------------------------------------------------------

[[nodiscard]] std::string encode(std::string_view key, const MessageRow& row);
[[nodiscard]] Result<MessageRow> decode_message_row(std::string_view key, std::string_view value);

[[nodiscard]] std::string encode(std::string_view key, const RunRow& row);
[[nodiscard]] Result<RunRow> decode_run_row(std::string_view key, std::string_view value);

struct DeviceRow {
  DeviceKey device;
  DeviceMemory memory;
  friend bool operator==(const DeviceRow&, const DeviceRow&) = default;
};
[[nodiscard]] std::string encode(std::string_view key, const DeviceRow& row);
[[nodiscard]] Result<DeviceRow> decode_device_row(std::string_view key, std::string_view value);

// What a state is beside its messages, runs and devices, and how many of these it has.
struct ThreadView {
  Thread thread;
  UserId owner;
  Timestamp now;
  bool titled = false;
  std::uint32_t messages = 0;
  std::uint32_t runs = 0;
  std::uint32_t devices = 0;
  std::optional<std::uint32_t> running;
  std::vector<std::uint32_t> waiting;
  friend bool operator==(const ThreadView&, const ThreadView&) = default;
};
[[nodiscard]] std::string encode(std::string_view key, const ThreadView& view);
[[nodiscard]] Result<ThreadView> decode_thread_view(std::string_view key, std::string_view value);

// --- threads -------------------------------------------------------------------------------------

// The row of a thread in the table `threads`; after a deletion its tombstone.
struct ThreadRecord {
  ThreadId id;
  ThreadNumber number;
  UserId owner;
  std::optional<Thread> thread;  // as lists show it; nothing: the thread is deleted
  Timestamp view;                // of its views; 0: it has none
  Timestamp last;                // its last entry when this was written

  [[nodiscard]] ThreadName name() const { return {owner, id}; }
  friend bool operator==(const ThreadRecord&, const ThreadRecord&) = default;
};
// To be written with Row::Stamp::value.
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
// The owner may be missing, as in format 1 of the store: for the upgrade alone.
[[nodiscard]] Result<OpenRun> decode_ownerless_open_run(std::string_view key,
                                                        std::string_view value);

struct FeedRow {
  ThreadName thread;
  bool removed = false;
  friend bool operator==(const FeedRow&, const FeedRow&) = default;
};
// `key`: without the commit number, as keys::feed(user) gives it. The owner of the thread may be
// another user: then the row says so.
[[nodiscard]] std::string encode(std::string_view key, const FeedRow& row);
// `key`: as it was read.
[[nodiscard]] Result<FeedRow> decode_feed_row(std::string_view key, std::string_view value);

}  // namespace lockstep
