// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/new_store.h"

#include <filesystem>
#include <system_error>

#include "engine/rocks/folder_access.h"
#include "engine/rocks/witness_file.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const std::string& what, const std::error_code& error) {
  return fail(Kind::unavailable, error == std::errc::no_space_on_device ? "no_space" : "disk",
              what + ": " + error.message());
}

}  // namespace

NewStore::NewStore(const std::string& folder)
    : folder_(folder),
      part_(store_folder::path(folder, store_folder::unfinished)),
      mark_(store_folder::path(folder, store_folder::mark)) {}

NewStore::~NewStore() {
  std::error_code ignored;
  if (unfinished_) fs::remove_all(part_, ignored);
}

Result<std::unique_ptr<NewStore>> NewStore::in(const std::string& folder) {
  if (auto open = check_access(folder, store_names, Use::write); !open) {
    return std::unexpected(open.error());
  }
  if (auto made = store_folder::make(folder); !made) return std::unexpected(made.error());
  std::unique_ptr<NewStore> store(new NewStore(folder));
  auto lock = FolderLock::take(folder, FolderLock::Mode::alone);
  if (!lock) return std::unexpected(lock.error());
  store->lock_ = std::move(*lock);
  if (auto empty = store_folder::check_empty(folder); !empty) return std::unexpected(empty.error());
  return store;
}

Result<void> NewStore::begin() {
  std::error_code error;
  fs::remove(mark_, error);
  if (error) return failed(mark_, error);
  fs::remove_all(part_, error);
  if (!error) fs::create_directory(part_, error);
  if (error) return failed(part_, error);
  unfinished_ = true;
  return sync_folder(folder_);
}

Result<void> NewStore::finish() {
  if (auto synced = sync_files(part_); !synced) return synced;
  std::error_code error;
  fs::rename(part_, store_folder::path(folder_, store_folder::database), error);
  if (error) return failed(part_, error);
  unfinished_ = false;
  if (auto synced = sync_folder(folder_); !synced) return synced;
  const fs::path parent = fs::absolute(folder_, error).parent_path();
  return error ? failed(folder_, error) : sync_folder(parent.string());
}

}  // namespace lockstep
