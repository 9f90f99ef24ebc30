// SPDX-License-Identifier: Apache-2.0
// backup_note.h: the note that a backup carries: which commit and epoch it holds.
//
//   version:1 · log format:8be · commit:8be · epoch:8be · crc32c:4le
//
// RocksDB keeps the note in its list of the backup's files, which has no checksum of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.h"

namespace lockstep {

struct BackupNote {
  std::uint64_t format = 0;  // of the log
  CommitNumber commit;       // the last durable one when the backup began
  Epoch epoch;
  friend bool operator==(const BackupNote&, const BackupNote&) = default;
};

[[nodiscard]] std::string encode_note(const BackupNote& note);
// Nullopt if a single bit differs from the encoded note.
[[nodiscard]] std::optional<BackupNote> decode_note(std::string_view bytes);

}  // namespace lockstep
