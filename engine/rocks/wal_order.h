// SPDX-License-Identifier: Apache-2.0
// wal_order.h: checks that the write-ahead logs that a start reads follow each other.
//
// RocksDB (7.8) takes a record that is cut off at the end of a log for a crash's remains, also at
// the end of a log that has a successor, and then continues with the successor: the writes between
// would silently be missing. Every record has the number of its first write, and writes are
// numbered without a gap. So a gap is damage: RocksDB begins a log only when all of the one before
// it is flushed, and after a crash continues with the number at which that one ends.
//
// RocksDB shows us each record that it is about to apply, only of the logs that count: older logs,
// which may still be in the folder, have gaps.
#pragma once

#include <rocksdb/wal_filter.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep {

inline constexpr std::size_t write_number_bytes = 8;
static_assert(write_number_bytes == sizeof(std::uint64_t));

// The number of a record's first write: the record's first 8 bytes. Requires: it has so many.
[[nodiscard]] std::uint64_t first_write_of(std::string_view record);

class WalOrder final : public rocksdb::WalFilter {
 public:
  [[nodiscard]] const char* Name() const override { return "lockstep.WalOrder"; }
  WalProcessingOption LogRecordFound(unsigned long long log, const std::string& file,
                                     const rocksdb::WriteBatch& record,
                                     rocksdb::WriteBatch* changed, bool* is_changed) override;

  // Names the log whose end is missing; empty if there is no gap. After a gap the opening fails.
  [[nodiscard]] const std::string& gap() const { return gap_; }

 private:
  std::string file_;        // of the last record
  std::uint64_t next_ = 0;  // the number of the first write behind it
  std::string gap_;
};

}  // namespace lockstep
