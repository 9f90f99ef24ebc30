// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/wal_order.h"

#include <rocksdb/write_batch.h>

#include "engine/base/must.h"
#include "engine/rocks/rocks_version.h"

namespace lockstep {

std::uint64_t first_write_of(std::string_view record) {
  MUST(record.size() >= write_number_bytes);
  std::uint64_t number = 0;
  for (std::size_t i = write_number_bytes; i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(record[i]);
  }
  return number;
}

// NOLINTNEXTLINE(readability-function-size): its parameters are RocksDB's.
rocksdb::WalFilter::WalProcessingOption WalOrder::LogRecordFound(unsigned long long,
                                                                 const std::string& file,
                                                                 const rocksdb::WriteBatch& record,
                                                                 rocksdb::WriteBatch*, bool*) {
  const std::uint64_t first = first_write_of(record.Data());
  if (!file_.empty() && first > next_) {
    gap_ = file_ + " is damaged: it ends before write " + std::to_string(next_) + ", and " + file +
           " goes on with write " + std::to_string(first);
    return WalProcessingOption::kCorruptedRecord;
  }
  file_ = file;
  next_ = first + record.Count();
  return WalProcessingOption::kContinueProcessing;
}

}  // namespace lockstep
