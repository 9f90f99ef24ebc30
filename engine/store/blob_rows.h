// SPDX-License-Identifier: Apache-2.0
// blob_rows.h: the rows that say which threads name which blobs.
//
// They are written in one batch with the entry that names a blob, and removed in one batch with the
// thread's entries. So a blob has a row as long as an entry of a living thread names it. They can
// be made again from the log.
#pragma once

#include <set>
#include <vector>

#include "engine/base/blob_hash.h"
#include "engine/store/store.h"

namespace lockstep::blob_rows {

// The rows of a thread that names these blobs of its owner.
[[nodiscard]] std::vector<RowWrite> of(const UserId& owner, ThreadNumber thread,
                                       const std::set<BlobHash>& blobs);

// The blobs that a thread names, and the writes that remove their rows.
struct OfThread {
  UserId owner;  // empty: the thread names no blob
  std::vector<BlobHash> blobs;
  std::vector<RowWrite> removed;
};
// Fails with `corrupt` if a row is damaged.
[[nodiscard]] Result<OfThread> read(const Store& store, ThreadNumber thread);

// Does a thread name this blob of the user? Not counting those of `except`.
[[nodiscard]] Result<bool> is_named(const Store& store, const UserId& user, const BlobHash& hash,
                                    const std::set<ThreadNumber>& except = {});

}  // namespace lockstep::blob_rows
