// SPDX-License-Identifier: Apache-2.0
// new_store.h: a store that is being made in a folder of its own, by a restore or a salvage.
//
//   DIR/rocks.part ─> written, checked, flushed ─> DIR/rocks
//
// From the first moment on the folder is none that a server would begin a store in, and the last
// step is one renaming: cut short before it, by a kill or a full disk, a server refuses the folder,
// and the same command does it again. What can't be used is removed; if that fails too, the next
// one removes it.
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
  // Makes the folder if it is not there, and keeps others out of it. Fails with `exists`, `locked`,
  // `no_space` or `disk`.
  [[nodiscard]] static Result<std::unique_ptr<NewStore>> in(const std::string& folder);
  ~NewStore();
  NewStore(const NewStore&) = delete;
  NewStore& operator=(const NewStore&) = delete;

  // An empty folder for the database. Fails with `no_space` or `disk`.
  [[nodiscard]] Result<void> begin();
  // Where the database and the mark are to be made.
  [[nodiscard]] const std::string& database() const { return part_; }
  [[nodiscard]] const std::string& mark() const { return mark_; }
  // From here on it is a store. Requires: nobody has the database open.
  [[nodiscard]] Result<void> finish();

 private:
  explicit NewStore(const std::string& folder);

  std::string folder_;
  std::string part_;
  std::string mark_;
  std::unique_ptr<FolderLock> lock_;
  bool unfinished_ = false;
};

}  // namespace lockstep
