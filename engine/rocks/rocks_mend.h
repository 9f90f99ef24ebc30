// SPDX-License-Identifier: Apache-2.0
// rocks_mend.h: tables that can't be read, begun anew.
//
// What is derived from the log can be made again, whatever state it is in; but RocksDB will not
// read, compact or even open what is damaged. So the tables that have a damaged or missing file are
// dropped as a whole, without a look into them, and the log makes their rows again
// (tools/verbs/rebuild.cc).
//
//   looked at ─> the mark `rebuilding` ─> dropped, begun anew ─> …put back, rebuilt, mark removed
//
// From the mark on, which lies in `meta`, no server opens the store until a rebuild has removed it:
// a list of threads that is half made would look like a store that has no such threads. Tombstones
// are truth in a derived table: what is left of them, in any file, is kept beside the mark, as
// `rebuilding/` and their key, until the rebuild has put them back.
//
// Lives on: any one thread, with nobody else on the folder.
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
  std::vector<std::string> damages;  // what was wrong with them, a line a file
};

// `folder`: of the store. Drops nothing if nothing is damaged. Fails with `corrupt` if the log
// itself, the settings or `meta` are damaged, and names the file; with `locked`, or as an
// opening does.
[[nodiscard]] Result<Mended> drop_damaged_tables(const std::string& folder);

}  // namespace lockstep
