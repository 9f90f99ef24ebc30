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

// --- The names that RocksDB gives ----------------------------------------------------------------

// Without what marks it as unfinished: `.7.tmp` or `7.tmp` becomes `7`.
std::string finished_name(const fs::directory_entry& entry) {
  constexpr std::string_view unfinished = ".tmp";
  std::string name = entry.path().filename().string();
  if (!name.ends_with(unfinished)) return name;
  name.resize(name.size() - unfinished.size());
  return name.starts_with('.') ? name.substr(1) : name;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Both are true of an entry that has gone: another process may be making a backup there.
bool is_folder(const fs::directory_entry& entry) {
  std::error_code error;
  const fs::file_status is = entry.status(error);
  return fs::is_directory(is) || !fs::exists(is);
}
bool is_file(const fs::directory_entry& entry) {
  std::error_code error;
  return !fs::is_directory(entry.status(error));
}

bool is_top(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  if (name == store_folder::lock) return is_file(entry);
  return is_folder(entry) &&
         std::ranges::any_of(backup_names, [&](const char* ours) { return name == ours; });
}

bool is_list_of_files(const fs::directory_entry& entry) {
  return is_number(finished_name(entry)) && is_file(entry);
}

bool is_own_folder(const fs::directory_entry& entry) {
  return is_number(finished_name(entry)) && is_folder(entry);
}

// `000037.sst`, or `000037_sDCBA_1400.sst`.
bool is_table(const fs::directory_entry& entry) {
  const std::string name = finished_name(entry);
  return name.ends_with(".sst") && is_number(name.substr(0, name.find_first_of("_."))) &&
         is_file(entry);
}

// Checks the entries of `folder`/`below`, if there is such a folder.
Result<void> check_entries(const std::string& folder, const std::string& below,
                           bool (*is_ours)(const fs::directory_entry&)) {
  std::error_code error;
  const fs::path whole = fs::path(folder) / below;
  fs::directory_iterator it(whole, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (is_ours(*it)) continue;
    const fs::path name = fs::path(below) / it->path().filename();
    return fail(Kind::rejected, codes::not_a_store,
                folder + " is not a folder of backups: it holds `" + name.string() +
                    "`, which no backup made; name an empty folder, or one with backups only");
  }
  if (error && error != std::errc::no_such_file_or_directory) return failed(whole.string(), error);
  return {};
}

}  // namespace

Result<void> check_holds_only_backups(const std::string& folder) {
  TRY(check_entries(folder, "", is_top));
  TRY(check_entries(folder, meta, is_list_of_files));
  TRY(check_entries(folder, "private", is_own_folder));
  TRY(check_entries(folder, "shared", is_table));
  return check_entries(folder, "shared_checksum", is_table);
}

Error backup_error(const Status& status) {
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
  if (!status.ok()) return std::unexpected(backup_error(status));
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
  if (!status.ok()) return std::unexpected(backup_error(status));
  const auto note = decode_note(info.app_metadata);
  if (!note) return fail(Kind::corrupt, codes::corrupt, "the note of " + name + " can't be read");
  return Found{backup_of(info, *note), *note};
}

Result<void> verify(const Reader& engine, BackupNumber number) {
  const IOStatus status = engine.VerifyBackup(number.get(), true);
  if (status.ok()) return {};
  // RocksDB calls a missing file "not found"; for a backup that is damage.
  const bool damaged = status.IsCorruption() || status.IsNotFound();
  if (!damaged) return std::unexpected(backup_error(status));
  return fail(Kind::corrupt, codes::corrupt,
              "backup " + std::to_string(number.get()) + " is damaged: " + status.ToString());
}

}  // namespace lockstep::backup_folder
