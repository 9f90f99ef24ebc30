// SPDX-License-Identifier: Apache-2.0
// blob_copies.h: copies of a store's blobs: backups, restores, and their checks.
//
//   BACKUPS/blobs/USER/HASH    the blobs of all backups there; a blob never changes, so they share
//   it BACKUPS/blobs/lists/N      the blobs of backup N: lines `USER/HASH`
//
// The blobs are copied before the database and once more after it. A blob that an entry of the
// backup names was there at one of the two times, unless its thread was deleted meanwhile. Each
// copy reads the whole file and checks its hash, so a damaged blob gets no copy.
//
// Lives on: any thread; a call returns when all is done and durable.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/files/blob_file.h"

namespace lockstep {

// `USER/HASH`, as in the folder.
struct BlobName {
  std::string user;
  std::string hash;
  friend auto operator<=>(const BlobName&, const BlobName&) = default;
};

// All whole blobs in `folder`/blobs. None if there is no such folder.
[[nodiscard]] Result<std::set<BlobName>> blobs_in(const std::string& folder);

// Reads the whole file. Returns its head; fails with `corrupt`, `not_found` or `disk`.
[[nodiscard]] Result<blob_file::Head> check_blob(const std::string& folder, const BlobName& name);

struct BlobCopyRules {
  std::stop_token stop = {};
  std::function<void(std::uint64_t bytes)> progress = {};  // copied; may be empty
};

// The blobs of one backup, while it is made. Requires: the folder of backups is locked.
class BlobBackup {
 public:
  BlobBackup(std::string store, std::string backups, BlobCopyRules rules)
      : store_(std::move(store)), backups_(std::move(backups)), rules_(std::move(rules)) {}

  // Copies the blobs that are in the store now and not in the folder yet. Fails with
  // `damaged_source`, `stopped`, `no_space` or `disk`.
  [[nodiscard]] Result<void> copy();
  // Writes the list of this backup, and removes the blobs that no backup of `all` has any more.
  [[nodiscard]] Result<void> finish(std::uint32_t number, std::span<const std::uint32_t> all);

 private:
  std::string store_;
  std::string backups_;
  BlobCopyRules rules_;
  std::set<BlobName> names_;
};

// The blobs of a backup. If it has no list, all blobs there: the store removes what nobody names.
[[nodiscard]] Result<std::set<BlobName>> blobs_of_backup(const std::string& backups,
                                                         std::uint32_t number);
// Reads them all. Fails with `corrupt`, and names the file.
[[nodiscard]] Result<void> verify_blobs(const std::string& backups, std::uint32_t number);
// Copies them into the folder of a store.
[[nodiscard]] Result<void> restore_blobs(const std::string& backups, std::uint32_t number,
                                         const std::string& store);
// Copies those blobs of a store that can be read. Returns the names of the others.
[[nodiscard]] Result<std::vector<BlobName>> salvage_blobs(const std::string& from,
                                                          const std::string& to);

}  // namespace lockstep
