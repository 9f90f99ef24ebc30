// SPDX-License-Identifier: Apache-2.0
// rocks_version.h: the RocksDB whose files are read here.
//
// Some files of this folder read RocksDB's own file formats, to find damage that this version
// passes over. Another version may have other formats, or other defects: then each check is to be
// looked at, as docs/decisions/rocksdb-checks.md says, and only then is the number here raised.
#pragma once

#include <rocksdb/version.h>

static_assert(ROCKSDB_MAJOR == 7 && ROCKSDB_MINOR == 8,
              "the checks under RocksDB are for 7.8: go through docs/decisions/rocksdb-checks.md, "
              "\"How to see that a check can go\", then raise the number");
