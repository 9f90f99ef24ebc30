// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/backup_folder.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/rocks/folder_access.h"
#include "engine/rocks/limits.h"

namespace lockstep::backup_folder {

namespace fs = std::filesystem;
using rocksdb::IOStatus;
using rocksdb::Status;

namespace {

constexpr std::uint64_t second_us = 1'000'000;

std::unexpected<Error> no_backup(const std::string& what) {
  return fail(Kind::not_found, codes::no_backup, what);
}

// The newest backup, even a damaged one: an older one in its place would silently be a shorter
// history.
std::optional<BackupNumber> newest(const Reader& engine) {
  std::vector<rocksdb::BackupInfo> infos;
  engine.GetBackupInfo(&infos);
  std::vector<rocksdb::BackupID> ids;
  engine.GetCorruptedBackups(&ids);
  for (const rocksdb::BackupInfo& info : infos) ids.push_back(info.backup_id);
  if (ids.empty()) return std::nullopt;
  return BackupNumber(std::ranges::max(ids));
}

}  // namespace

Error error_of(const Status& status) {
  if (status.IsCorruption()) return {Kind::corrupt, codes::corrupt, status.ToString()};
  if (status.IsNoSpace()) return {Kind::unavailable, codes::no_space, status.ToString()};
  return {Kind::unavailable, codes::disk, status.ToString()};
}

std::unexpected<Error> failed(const std::string& what, const std::error_code& error) {
  return fail(Kind::unavailable,
              error == std::errc::no_space_on_device ? codes::no_space : codes::disk,
              what + ": " + error.message());
}

rocksdb::BackupEngineOptions options_for(const std::string& folder) {
  rocksdb::BackupEngineOptions options(folder);
  options.share_table_files = true;
  options.share_files_with_checksum = true;
  options.sync = true;
  options.backup_log_files = true;
  options.callback_trigger_interval_size = limits::backup_progress_bytes;
  return options;
}

Backup backup_of(const rocksdb::BackupInfo& info, const BackupNote& note) {
  return {BackupNumber(info.backup_id),
          Timestamp(static_cast<std::uint64_t>(info.timestamp) * second_us),
          info.number_files,
          info.size,
          note.commit,
          note.epoch};
}

Result<std::unique_ptr<FolderLock>> lock(const std::string& folder, FolderLock::Mode mode) {
  auto taken = FolderLock::take(folder, mode);
  if (!taken && taken.error().code == codes::locked) {
    return fail(Kind::unavailable, codes::busy,
                "a backup is being made in " + folder + ": try again when it is done");
  }
  return taken;
}

Result<std::unique_ptr<Reader>> open(const std::string& folder) {
  TRY(check_access(folder, backup_names, Use::read));
  std::error_code error;
  if (!fs::exists(fs::path(folder) / meta, error)) {
    return no_backup("there are no backups in " + folder);
  }
  Reader* opened = nullptr;
  const IOStatus status = Reader::Open(options_for(folder), rocksdb::Env::Default(), &opened);
  std::unique_ptr<Reader> engine(opened);
  if (!status.ok()) return std::unexpected(error_of(status));
  return engine;
}

Result<Found> find(const Reader& engine, const std::string& folder,
                   std::optional<BackupNumber> asked) {
  const auto number = asked ? asked : newest(engine);
  if (!number) return no_backup("there is no backup in " + folder);
  const std::string name = "backup " + std::to_string(number->get());
  rocksdb::BackupInfo info;
  const Status status = engine.GetBackupInfo(number->get(), &info);
  if (status.IsNotFound()) return no_backup("there is no " + name + " in " + folder);
  if (status.IsCorruption()) {
    return fail(Kind::corrupt, codes::corrupt, name + " is damaged: " + status.ToString());
  }
  if (!status.ok()) return std::unexpected(error_of(status));
  const auto note = decode_note(info.app_metadata);
  if (!note) return fail(Kind::corrupt, codes::corrupt, "the note of " + name + " can't be read");
  return Found{backup_of(info, *note), *note};
}

Result<void> verify(const Reader& engine, BackupNumber number) {
  const IOStatus status = engine.VerifyBackup(number.get(), true);
  if (status.ok()) return {};
  // RocksDB calls a missing file "not found"; for a backup that is damage.
  const bool damaged = status.IsCorruption() || status.IsNotFound();
  if (!damaged) return std::unexpected(error_of(status));
  return fail(Kind::corrupt, codes::corrupt,
              "backup " + std::to_string(number.get()) + " is damaged: " + status.ToString());
}

}  // namespace lockstep::backup_folder
