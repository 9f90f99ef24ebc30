// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/rocks_backup.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <set>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/backup_folder.h"
#include "engine/rocks/folder_access.h"
#include "engine/rocks/limits.h"
#include "engine/rocks/rocks_files.h"
#include "engine/rocks/rocks_keys.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using backup_folder::backup_error;
using rocksdb::BackupEngine;
using rocksdb::IOStatus;
using rocksdb::Status;

// Accepts a new folder, an empty one, or one with backups only: a mistyped path must do no harm.
Result<void> prepare(const std::string& folder) {
  TRY(check_access(folder, backup_names, Use::write));
  TRY(store_folder::make(folder));
  return backup_folder::check_holds_only_backups(folder);
}

std::uint64_t bytes_in(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code gone;
    const std::uint64_t size = it->is_regular_file(gone) ? it->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

// The last durable commit: `get` shows only durable rows.
Result<BackupNote> note_of(const RocksKv& kv) {
  TRY_LET(tail_bytes, kv.get(KvTable::meta, tail_key));
  TRY_LET(epochs_bytes, kv.get(KvTable::meta, epochs_key));
  const auto tail = tail_bytes ? decode_tail(*tail_bytes) : std::nullopt;
  const auto epochs = epochs_bytes ? decode_epochs(*epochs_bytes) : std::nullopt;
  if (!tail || !epochs) {
    return fail(Kind::corrupt, codes::corrupt, "the store's tail record or epochs can't be read");
  }
  return BackupNote{log_format_version, tail->last, epochs->current};
}

Result<rocksdb::BackupID> create(BackupEngine& engine, const RocksKv& kv, const BackupNote& note,
                                 const BackupAsked& asked) {
  std::atomic<std::uint64_t> bytes = 0;
  rocksdb::CreateBackupOptions options;
  options.progress_callback = [&] {
    bytes += limits::backup_progress_bytes;
    if (asked.progress) asked.progress(bytes);
  };
  rocksdb::BackupID id = 0;
  const std::stop_callback on_stop(asked.stop, [&engine] { engine.StopBackup(); });
  const IOStatus status =
      engine.CreateNewBackupWithMetadata(options, &kv.database(), encode_note(note), &id);
  if (status.ok()) return id;
  if (asked.stop.stop_requested()) {
    return fail(Kind::unavailable, codes::stopped, "the backup was stopped before it was complete");
  }
  return std::unexpected(backup_error(status));
}

using Names = std::set<std::string>;

Names names_in(const std::string& folder) {
  Names names;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    names.insert(it->path().filename().string());
  }
  return names;
}

std::string shared_in(const std::string& folder) {
  return (fs::path(folder) / "shared_checksum").string();
}

// The table file that was copied: `000037_sDCBA_1400.sst` was 000037.sst.
std::string source_of(const RocksKv& kv, const std::string& copy) {
  return kv.database().GetName() + "/" + copy.substr(0, copy.find('_')) + ".sst";
}

// RocksDB copies bytes, and the checksum of a copy of damaged bytes is right. So this reads the new
// copies: every block of the tables, every record of the logs. Describes the damage; empty if none.
std::string damage_of_copies(const RocksKv& kv, const std::string& folder, rocksdb::BackupID id,
                             const Names& before) {
  rocksdb::Env& env = *rocksdb::Env::Default();
  for (const std::string& name : names_in(shared_in(folder))) {
    if (before.contains(name)) continue;
    const std::string copy = shared_in(folder) + "/" + name;
    const std::string damage = damage_of_table(env, copy);
    if (damage.starts_with(copy)) return source_of(kv, name) + damage.substr(copy.size());
  }
  const std::string own = (fs::path(folder) / "private" / std::to_string(id)).string();
  for (const std::string& name : names_in(own)) {
    if (!name.ends_with(".log") && !name.starts_with("MANIFEST-")) continue;
    const std::string copy = own + "/" + name;
    const std::string damage = damage_of_records(env, copy);
    if (!damage.empty()) return kv.database().GetName() + "/" + name + damage.substr(copy.size());
  }
  return {};
}

// Removes the oldest backups. Returns how many, which RocksDB does not say.
Result<std::uint32_t> keep_newest(BackupEngine& engine, std::uint32_t keep) {
  MUST(keep > 0);  // the one that was just made stays
  std::vector<rocksdb::BackupInfo> all;
  engine.GetBackupInfo(&all);
  if (all.size() <= keep) return 0;
  const IOStatus status = engine.PurgeOldBackups(keep);
  if (!status.ok()) return std::unexpected(backup_error(status));
  return static_cast<std::uint32_t>(all.size() - keep);
}

// The backups that will be there when the older ones are removed.
std::vector<BackupNumber> staying_of(BackupEngine& engine, std::optional<std::uint32_t> keep) {
  std::vector<rocksdb::BackupInfo> all;  // oldest first
  engine.GetBackupInfo(&all);
  const std::size_t most = keep ? std::max<std::uint32_t>(1, *keep) : all.size();
  std::vector<BackupNumber> staying;
  for (std::size_t at = all.size() - std::min(all.size(), most); at < all.size(); ++at) {
    staying.emplace_back(all[at].backup_id);
  }
  return staying;
}

}  // namespace

Result<BackupMade> make_backup(const RocksKv& kv, const BackupAsked& asked) {
  const std::string store = fs::path(kv.database().GetName()).parent_path().string();
  TRY(store_folder::check_outside(asked.to, store));
  TRY(prepare(asked.to));
  TRY_LET(lock, backup_folder::lock(asked.to, FolderLock::Mode::alone));
  if (asked.accepted) asked.accepted();
  if (asked.before) TRY(asked.before());
  // Before the copy: later commits may get into it, but the note claims only these.
  TRY_LET(note, note_of(kv));

  BackupEngine* opened = nullptr;
  const IOStatus status =
      BackupEngine::Open(backup_folder::options_for(asked.to), rocksdb::Env::Default(), &opened);
  const std::unique_ptr<BackupEngine> engine(opened);
  if (!status.ok()) return std::unexpected(backup_error(status));
  const std::uint64_t before = bytes_in(asked.to);
  const Names shared_before = names_in(shared_in(asked.to));
  TRY_LET(id, create(*engine, kv, note, asked));
  if (const auto damage = damage_of_copies(kv, asked.to, id, shared_before); !damage.empty()) {
    const IOStatus removed = engine->DeleteBackup(id);
    if (!removed.ok()) return std::unexpected(backup_error(removed));
    return fail(Kind::corrupt, codes::damaged_source, damage + "; so there is no new backup");
  }

  rocksdb::BackupInfo info;
  if (const Status known = engine->GetBackupInfo(id, &info); !known.ok()) {
    return std::unexpected(backup_error(known));
  }
  BackupMade made{backup_folder::backup_of(info, note), 0, 0};
  const auto staying = staying_of(*engine, asked.keep);
  if (auto others = asked.after ? asked.after(made.backup.number, staying) : Result<void>();
      !others) {
    const IOStatus removed = engine->DeleteBackup(id);
    return removed.ok() ? std::unexpected(others.error()) : std::unexpected(backup_error(removed));
  }
  const std::uint64_t after = bytes_in(asked.to);
  made.added_bytes = after > before ? after - before : 0;
  if (!asked.keep) return made;
  TRY_LET(removed, keep_newest(*engine, std::max<std::uint32_t>(1, *asked.keep)));
  made.removed = removed;
  return made;
}

Result<Backups> list_backups(const std::string& folder) {
  TRY_LET(engine, backup_folder::open(folder));
  std::vector<rocksdb::BackupInfo> infos;
  engine->GetBackupInfo(&infos);
  Backups backups;
  for (const rocksdb::BackupInfo& info : infos) {
    if (const auto note = decode_note(info.app_metadata)) {
      backups.whole.push_back(backup_folder::backup_of(info, *note));
    } else {
      backups.damaged.push_back({BackupNumber(info.backup_id), "its note can't be read"});
    }
  }
  std::vector<rocksdb::BackupID> damaged;
  engine->GetCorruptedBackups(&damaged);
  for (const rocksdb::BackupID id : damaged) {
    rocksdb::BackupInfo ignored;
    backups.damaged.push_back({BackupNumber(id), engine->GetBackupInfo(id, &ignored).ToString()});
  }
  return backups;
}

Result<void> verify_backup(const std::string& folder, BackupNumber number) {
  TRY_LET(engine, backup_folder::open(folder));
  TRY_LET(lock, backup_folder::lock(folder, FolderLock::Mode::shared));
  TRY_LET(info, backup_folder::find(*engine, folder, number));
  return backup_folder::verify(*engine, number);
}

}  // namespace lockstep
