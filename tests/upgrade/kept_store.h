// SPDX-License-Identifier: Apache-2.0
// kept_store.h: the stores that earlier versions wrote, as rows.
//
// Lives on: the test's thread.
#pragma once

#include <array>
#include <map>
#include <string>

#include "engine/rocks/kv.h"
#include "tests/sim/sim_kv.h"

namespace lockstep::test {

using Tables = std::array<std::map<std::string, std::string>, kv_table_count>;

[[nodiscard]] std::map<std::string, std::string>& table(Tables& tables, KvTable which);
[[nodiscard]] Tables tables_of(const Kv& kv);

// `v1`, …: the folder of the stored example of this format. Tests must not write there.
[[nodiscard]] std::string kept_folder(const std::string& format);
[[nodiscard]] Tables kept_tables(const std::string& format);

// A disk that holds these rows, and the witness that belongs to them.
[[nodiscard]] sim::SimDisk disk_with(const Tables& tables);

}  // namespace lockstep::test
