// SPDX-License-Identifier: Apache-2.0
// tables.h: the tables beside the log, read whole.
//
// For the verbs that look at a store as a whole: verify compares these rows with the log's fold,
// rebuild makes them again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/rocks/kv.h"
#include "engine/store/store.h"

namespace lockstep {

using TableRows = std::map<std::string, std::string>;

// All rows whose keys begin so; of the whole table, if the prefix is empty.
[[nodiscard]] Result<TableRows> read_table(const Store& store, Table table,
                                           const std::string& prefix = {});

// The threads that have entries in the log.
[[nodiscard]] Result<std::vector<ThreadNumber>> numbers_in_log(const Kv& kv);

}  // namespace lockstep
