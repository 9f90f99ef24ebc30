// SPDX-License-Identifier: Apache-2.0
// new_store.h: a store that a restore or a salvage makes in a folder of its own.
//
//   DIR/rocks.part ─> written, checked, flushed ─> DIR/rocks
//
// `rocks.part` comes first, so that no server starts in a half-made store; the last step is one
// renaming. If the command ends before it, by a kill or a full disk, a server refuses the folder,
// and the same command starts again from nothing. The destructor removes an unfinished
// `rocks.part`; if it can't, the next command removes it.
//
// Lives on: any one thread.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/rocks/store_folder.h"

namespace lockstep {

class NewStore {
 public:
  // Creates the folder if it is missing, and locks it. Fails with `denied`, `not_a_store` (it is a
  // file), `exists`, `locked`, `no_space` or `disk`.
  [[nodiscard]] static Result<std::unique_ptr<NewStore>> in(const std::string& folder);
  ~NewStore();
  NewStore(const NewStore&) = delete;
  NewStore& operator=(const NewStore&) = delete;

  // Creates an empty folder for the database. Fails with `no_space` or `disk`.
  [[nodiscard]] Result<void> begin();
  // The caller makes the database and the witness at these paths.
  [[nodiscard]] const std::string& database() const { return part_; }
  [[nodiscard]] const std::string& witness() const { return witness_; }
  // From here on the folder is a store. Requires: `begin` was called, and the database is closed.
  [[nodiscard]] Result<void> finish();

 private:
  explicit NewStore(const std::string& folder);

  std::string folder_;
  std::string part_;
  std::string witness_;
  std::unique_ptr<FolderLock> lock_;
  bool unfinished_ = false;
};

}  // namespace lockstep
