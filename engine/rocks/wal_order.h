// SPDX-License-Identifier: Apache-2.0
// wal_order.h: do the write-ahead logs that are read at a start follow each other?
//
// RocksDB (7.8) takes a record that is cut off at the end of a log for what a crash leaves there,
// also at the end of a log that has a successor, and then goes on with that one: what lay between
// would be missing without a word. Every record has the number of its first write, and writes are
// numbered without a gap, so a gap is damage: a log is begun only when all of the one before it is
// flushed, and after a crash where that one ends.
//
// RocksDB shows us each record that it is about to take, of the logs that count only: older ones,
// which may lie there still, have gaps.
#pragma once

#include <rocksdb/wal_filter.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep {

inline constexpr std::size_t write_number_bytes = 8;

// The number of a record's first write, which it begins with. Requires: the record holds one.
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
  std::string file_;        // of the record before
  std::uint64_t next_ = 0;  // the number of the first write behind it
  std::string gap_;
};

}  // namespace lockstep
