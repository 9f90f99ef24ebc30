// SPDX-License-Identifier: Apache-2.0
// rocks_keys.h: the codec of the log's rows.
//
//   log    thread:8be at:8be  ->  version:1 commit:varint back:varint body crc32c:4le
//   meta   "log.format"       ->  version:8be
//   meta   "log.tail"         ->  last:8be thread:8be at:8be without:8be crc32c:4le
//
// Numbers in keys are big-endian, so byte order is log order and a range scan is a replay. `back`
// is the distance to the previous entry of the thread (for the first entry its own timestamp): so a
// reader finds a missing row without looking into the bodies. The checksum covers the key too, so a
// reader finds a value that was stored under another key.
//
// Every commit writes the tail record: the last commit number, the key of its entry (thread 0: it
// has no entry, or the entry was erased), and the count of numbers that have no entry. So a start
// can check the end of the log without a walk, and a walk can account for every number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.h"

namespace lockstep {

// The format of the whole store. Each change of it gets the next number; upgrade.h lists them.
inline constexpr std::uint64_t log_format_version = 3;
inline constexpr std::string_view format_key = "log.format";
inline constexpr std::string_view tail_key = "log.tail";

struct LogKey {
  ThreadNumber thread;
  Timestamp at;
  friend bool operator==(const LogKey&, const LogKey&) = default;
};

[[nodiscard]] std::string encode_number(std::uint64_t number);
// Nothing if it is not exactly 8 bytes.
[[nodiscard]] std::optional<std::uint64_t> decode_number(std::string_view bytes);

[[nodiscard]] std::string encode_key(LogKey key);
[[nodiscard]] std::optional<LogKey> decode_key(std::string_view bytes);
// The keys of one thread, in `log` and in `views`, lie in [thread_begin, thread_end).
[[nodiscard]] std::string thread_begin(ThreadNumber thread);
[[nodiscard]] std::string thread_end(ThreadNumber thread);

struct LogValue {
  CommitNumber commit;
  Timestamp previous;
  std::string_view body;  // lives as long as the bytes that were decoded
};

// Requires: value.previous < key.at.
[[nodiscard]] std::string encode_value(LogKey key, const LogValue& value);
// Nullopt if a single bit differs from the value encoded under this key.
[[nodiscard]] std::optional<LogValue> decode_value(LogKey key, std::string_view bytes);

struct LogTail {
  CommitNumber last;
  LogKey entry;               // of the last commit, thread 0 if there is none
  std::uint64_t without = 0;  // commit numbers that have no entry
  friend bool operator==(const LogTail&, const LogTail&) = default;
};

[[nodiscard]] std::string encode_tail(const LogTail& tail);
[[nodiscard]] std::optional<LogTail> decode_tail(std::string_view bytes);

}  // namespace lockstep
