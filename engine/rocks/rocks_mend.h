// SPDX-License-Identifier: Apache-2.0
// rocks_mend.h: drops the derived tables that can't be read.
//
// Derived tables can always be made again from the log, but RocksDB will not read, compact or even
// open a damaged one. So we drop each table that has a damaged or missing file as a whole, without
// reading it, and `lockstep rebuild` makes its rows again from the log (tools/verbs/rebuild.cc).
//
//   find damage ─> write the row `rebuilding` ─> drop, begin empty ─> (rebuild:) put back, rebuild,
//                                                                     remove the row
//
// The row `rebuilding` is in `meta`. While it exists no server opens the store: a half-made list of
// threads would look like a store that has lost the others. Tombstones are truth in a derived
// table: we copy all that are left of them, in any file, next to that row, as `rebuilding/` and
// their key, until the rebuild has put them back.
//
// Lives on: any one thread; it takes the folder's lock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/rocks/kv.h"

namespace lockstep {

inline constexpr std::string_view rebuilding_key = "rebuilding";
inline constexpr std::string_view rebuilding_tombstone = "rebuilding/";

struct Mended {
  std::vector<KvTable> dropped;
  std::vector<std::string> damages;  // in words, a line a file
};

// `folder`: of the store. Drops nothing if no table is damaged. Fails with `corrupt` and names the
// file if the log itself, the settings or `meta` are damaged; with `locked`; or as an opening does.
[[nodiscard]] Result<Mended> drop_damaged_tables(const std::string& folder);

}  // namespace lockstep
