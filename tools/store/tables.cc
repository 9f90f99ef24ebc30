// SPDX-License-Identifier: Apache-2.0
#include "tools/store/tables.h"

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/try.h"
#include "engine/rocks/rocks_keys.h"

namespace lockstep {

Result<TableRows> read_table(const Store& store, Table table, const std::string& prefix) {
  TableRows rows;
  Scan scan{.table = table,
            .prefix = prefix,
            .after = {},
            .direction = Direction::forward,
            .rows_max = limits::read_entries_max};
  while (true) {
    TRY_LET(page, store.scan(scan));
    if (page.empty()) return rows;
    scan.after = page.back().first;
    for (auto& [key, value] : page) rows.emplace(std::move(key), std::move(value));
  }
}

Result<std::vector<ThreadNumber>> numbers_in_log(const Kv& kv) {
  std::vector<ThreadNumber> numbers;
  KvRange range{.table = KvTable::log,
                .begin = {},
                .end = {},
                .direction = Direction::forward,
                .rows_max = 1,
                .bytes_max = 1};
  while (true) {
    TRY_LET(rows, kv.scan(range));
    if (rows.empty()) return numbers;
    const auto key = decode_key(rows.front().first);
    if (!key) return fail(Kind::corrupt, codes::corrupt, "a key of the log is damaged");
    numbers.push_back(key->thread);
    range.begin = thread_end(key->thread);
  }
}

}  // namespace lockstep
