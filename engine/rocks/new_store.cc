// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/new_store.h"

#include <filesystem>
#include <system_error>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/folder_access.h"
#include "engine/rocks/witness_file.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const std::string& what, const std::error_code& error) {
  return fail(Kind::unavailable,
              error == std::errc::no_space_on_device ? codes::no_space : codes::disk,
              what + ": " + error.message());
}

}  // namespace

NewStore::NewStore(const std::string& folder)
    : folder_(folder),
      part_(store_folder::path(folder, store_folder::unfinished)),
      witness_(store_folder::path(folder, store_folder::witness)) {}

NewStore::~NewStore() {
  std::error_code ignored;
  if (unfinished_) fs::remove_all(part_, ignored);
}

Result<std::unique_ptr<NewStore>> NewStore::in(const std::string& folder) {
  TRY(check_access(folder, store_names, Use::write));
  TRY(store_folder::make(folder));
  std::unique_ptr<NewStore> store(new NewStore(folder));
  TRY_LET(lock, FolderLock::take(folder, FolderLock::Mode::alone));
  store->lock_ = std::move(lock);
  TRY(store_folder::check_empty(folder));
  return store;
}

Result<void> NewStore::begin() {
  MUST(lock_ != nullptr);  // removes the remains of a former command
  std::error_code error;
  // The witness of a former try could lie above the new log.
  fs::remove(witness_, error);
  if (error) return failed(witness_, error);
  fs::remove_all(part_, error);
  if (!error) fs::create_directory(part_, error);
  if (error) return failed(part_, error);
  unfinished_ = true;
  return sync_folder(folder_);
}

Result<void> NewStore::finish() {
  MUST(unfinished_);
  // First the content, then the name: after a power cut `rocks` is whole or not there.
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
