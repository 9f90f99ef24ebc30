// SPDX-License-Identifier: Apache-2.0
// backup_note.h: what a backup says of itself.
//
//   version:1 · log format:8be · commit:8be · epoch:8be · crc32c:4le
//
// It lies in the list of a backup's files, which has no checksum of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.h"

namespace lockstep {

struct BackupNote {
  std::uint64_t format = 0;  // of the log
  CommitNumber commit;       // all up to here was durable when the backup began
  Epoch epoch;
  friend bool operator==(const BackupNote&, const BackupNote&) = default;
};

[[nodiscard]] std::string encode_note(const BackupNote& note);
// Nothing if a single bit differs from what was encoded.
[[nodiscard]] std::optional<BackupNote> decode_note(std::string_view bytes);

}  // namespace lockstep
