// SPDX-License-Identifier: Apache-2.0
// remains_wal.h: reads the content of one write-ahead log by itself.
//
// `read_wal` reads record by record up to the first damage, and behind it again from the next
// readable block on: the records there don't count, but they name the lost entries. It skips the
// unfinished end that a crash leaves, like a start. remains.h decides whether the next log
// continues this one: the writes of a record are numbered.
//
// Lives on: any one thread; reads only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/rocks/kv.h"

namespace lockstep {

struct WalRecord {
  std::uint64_t first_write = 0;
  std::uint64_t next_write = 0;
  std::vector<std::pair<KvTable, KvRow>> rows;
  std::vector<ThreadNumber> erased;  // threads whose entries the record removes
};

struct WalContent {
  std::string file;
  std::vector<WalRecord> records;
  std::optional<std::string> damage;
  std::vector<WalRecord> beyond;  // the readable records behind the damage
};

// RocksDB's number of each table, by which a record of a log names it.
using TableNumbers = std::map<std::uint32_t, KvTable>;

// A file that can't be read at all is `damage` too.
[[nodiscard]] WalContent read_wal(const std::string& file, const TableNumbers& tables);

}  // namespace lockstep
