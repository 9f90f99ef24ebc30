// SPDX-License-Identifier: Apache-2.0
#include "tests/upgrade/kept_store.h"

#include <limits>

#include "engine/base/must.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/rocks_kv.h"

namespace lockstep::test {

std::map<std::string, std::string>& table(Tables& tables, KvTable which) {
  return tables[static_cast<std::size_t>(which)];
}

Tables tables_of(const Kv& kv) {
  Tables tables;
  for (std::size_t number = 0; number < kv_table_count; ++number) {
    const auto rows = kv.scan({.table = static_cast<KvTable>(number),
                               .rows_max = std::numeric_limits<std::uint32_t>::max(),
                               .bytes_max = std::numeric_limits<std::size_t>::max()});
    MUST(rows.has_value());
    for (const auto& [key, value] : *rows) tables[number].emplace(key, value);
  }
  return tables;
}

std::string kept_folder(const std::string& format) {
  return std::string(LOCKSTEP_KEPT_STORES "/") + format + "/data";
}

Tables kept_tables(const std::string& format) {
  const auto kv = RocksKv::open_read_only(kept_folder(format) + "/rocks", {});
  MUST(kv.has_value());
  return tables_of(**kv);
}

sim::SimDisk disk_with(const Tables& tables) {
  sim::SimDisk disk;
  for (std::size_t number = 0; number < kv_table_count; ++number) {
    for (const auto& [key, value] : tables[number]) {
      disk.put(static_cast<KvTable>(number), key, value);
    }
  }
  const auto& meta = tables[static_cast<std::size_t>(KvTable::meta)];
  const auto tail = decode_tail(meta.at(std::string(tail_key)));
  MUST(tail.has_value());
  disk.set_witness(tail->last);
  return disk;
}

}  // namespace lockstep::test
