// SPDX-License-Identifier: Apache-2.0
// backup_folder.h: a folder of backups, as RocksDB's backup engine sees it.
//
// The parts that making, listing, verifying and restoring share (rocks_backup.h). Each of them
// opens the engine again, because other processes may have changed the folder.
//
// Lives on: any thread.
#pragma once

#include <rocksdb/utilities/backup_engine.h>

#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "engine/rocks/backup_note.h"
#include "engine/rocks/rocks_backup.h"
#include "engine/rocks/store_folder.h"

namespace lockstep::backup_folder {

using Reader = rocksdb::BackupEngineReadOnly;
static_assert(sizeof(rocksdb::BackupID) == sizeof(BackupNumber));

struct Found {
  Backup backup;
  BackupNote note;
};

inline constexpr const char* meta = "meta";  // RocksDB makes it in every folder of backups

[[nodiscard]] Error backup_error(const rocksdb::Status& status);
[[nodiscard]] std::unexpected<Error> failed(const std::string& what, const std::error_code& error);

[[nodiscard]] rocksdb::BackupEngineOptions options_for(const std::string& folder);
[[nodiscard]] Backup backup_of(const rocksdb::BackupInfo& info, const BackupNote& note);

// For a backup: RocksDB removes what it does not know from its folders. Fails with `not_a_store`,
// and names the first entry that no backup made, or with `disk`.
[[nodiscard]] Result<void> check_holds_only_backups(const std::string& folder);

// Fails with `busy` or `disk`.
[[nodiscard]] Result<std::unique_ptr<FolderLock>> lock(const std::string& folder,
                                                       FolderLock::Mode mode);
// Fails with `no_backup` or `disk`.
[[nodiscard]] Result<std::unique_ptr<Reader>> open(const std::string& folder);
// The newest backup if `asked` is empty. Fails with `no_backup`, or with `corrupt` if the names,
// the sizes or the note of the backup are wrong.
[[nodiscard]] Result<Found> find(const Reader& engine, const std::string& folder,
                                 std::optional<BackupNumber> asked);
// Reads every file of the backup. Fails with `corrupt` or `disk`.
[[nodiscard]] Result<void> verify(const Reader& engine, BackupNumber number);

}  // namespace lockstep::backup_folder
