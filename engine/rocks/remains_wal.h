// SPDX-License-Identifier: Apache-2.0
// remains_wal.h: what write-ahead logs hold, each read by itself.
//
// A log is read record by record up to its first damage, and behind it from the next block on that
// can be read: nothing there counts, but it says what is lost; what a crash has left unfinished at
// its end is passed over, as at a start. Whether the next log goes on where this one ends is
// another question (remains.h): a record's writes are numbered.
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
  std::vector<ThreadNumber> erased;  // whose entries are to go
};

struct WalContent {
  std::string file;
  std::vector<WalRecord> records;
  std::optional<std::string> damage;
  std::vector<WalRecord> beyond;  // records that can be read behind the damage
};

// A table of the database by the number that its rows have in a log.
using TableNumbers = std::map<std::uint32_t, KvTable>;

// What can't be read at all is a damage too.
[[nodiscard]] WalContent read_wal(const std::string& file, const TableNumbers& tables);

}  // namespace lockstep
