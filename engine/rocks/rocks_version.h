// SPDX-License-Identifier: Apache-2.0
// rocks_version.h: the version of RocksDB whose file formats this folder reads.
//
// Some files of this folder read RocksDB's own file formats, to find damage that this version
// ignores. Another version may have other formats, or other defects: then try each check as
// docs/decisions/rocksdb-checks.md describes, and only then raise the number here.
#pragma once

#include <rocksdb/version.h>

static_assert(ROCKSDB_MAJOR == 7 && ROCKSDB_MINOR == 8,
              "the checks under RocksDB are for 7.8: go through docs/decisions/rocksdb-checks.md, "
              "\"How to see that a check can go\", then raise the number");
