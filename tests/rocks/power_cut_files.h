// SPDX-License-Identifier: Apache-2.0
// power_cut_files.h: gives RocksDB a PowerCutDisk as its file system.
//
// Lives on: any thread.
#pragma once

#include <rocksdb/env.h>

#include <memory>

#include "tests/rocks/power_cut_disk.h"

namespace lockstep {

// Requires: the disk lives longer.
[[nodiscard]] std::unique_ptr<rocksdb::Env> power_cut_files(PowerCutDisk& disk);

}  // namespace lockstep
