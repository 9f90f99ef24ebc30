// SPDX-License-Identifier: Apache-2.0
// tables.h: reads the tables next to the log in full.
//
// `verify` compares these rows with the fold of the log, and `rebuild` replaces them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/rocks/kv.h"
#include "engine/store/store.h"

namespace lockstep {

using TableRows = std::map<std::string, std::string>;

// All rows whose keys begin with `prefix`; with an empty one, the whole table.
[[nodiscard]] Result<TableRows> read_table(const Store& store, Table table,
                                           const std::string& prefix = {});

// The threads that have entries in the log.
[[nodiscard]] Result<std::vector<ThreadNumber>> numbers_in_log(const Kv& kv);

}  // namespace lockstep
