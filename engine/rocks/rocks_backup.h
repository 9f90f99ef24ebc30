// SPDX-License-Identifier: Apache-2.0
// rocks_backup.h: backups of a store, and a store restored from a backup.
//
// A folder of backups belongs to RocksDB's backup engine (`meta/`, `private/`, `shared_checksum/`)
// and has a `lock` of ours. Table files never change, so backups share them: another backup copies
// only new tables and the write-ahead log. Every file has a checksum. A backup holds all commits
// that were durable when it was asked for; its note (backup_note.h) has the last of them.
//
// A restore begins a new epoch, and the former one ends at the note's commit (epochs.h): the copied
// write-ahead log may hold later commits too, but the note does not vouch for them.
//
//   checksums ─> DIR/rocks.part ─> opened, ends at the note's commit or later ─> new epoch
//             ─> the witness ─> DIR/rocks
//
// The last step is one renaming. If the restore ends before it, a server refuses the folder, and
// the same restore can be done again.
//
// Lives on: any thread; a call returns when all is done. Meanwhile a thread of RocksDB reports
// progress.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/store/epochs.h"

namespace lockstep {

using BackupNumber = Strong<struct BackupNumberTag, std::uint32_t>;

struct Backup {
  BackupNumber number;
  Timestamp made;  // to a second
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  // of all its files, also the shared ones
  CommitNumber commit;
  Epoch epoch;
};

struct Backups {
  struct Damaged {
    BackupNumber number;
    std::string why;
  };
  std::vector<Backup> whole;     // by names and sizes; oldest first
  std::vector<Damaged> damaged;  // a restore refuses these
};

struct BackupAsked {
  std::string to;
  std::optional<std::uint32_t> keep = {};  // only so many of the newest stay; at least 1
  std::stop_token stop = {};
  // Called when `to` is known to be a folder for backups, and locked. May be empty.
  std::function<void()> accepted = {};
  std::function<void(std::uint64_t bytes)> progress = {};  // copied so far; may be empty
  // Called before and after the database is copied, while the folder is locked: for the files next
  // to it. `all`: the numbers of the backups that stay, with the new one. If one fails, so does the
  // backup. May be empty.
  std::function<Result<void>()> before = {};
  std::function<Result<void>(BackupNumber made, const std::vector<BackupNumber>& all)> after = {};
};

struct BackupMade {
  Backup backup;
  std::uint64_t added_bytes = 0;  // the growth of the folder
  std::uint32_t removed = 0;      // the number of older backups
};

// Reads every block that it copies. Fails with `damaged_source` (and names the file of the store;
// then there is no new backup), `inside` (the folder is the store's own, or lies in it), `denied`,
// `not_a_store` (the folder holds other things, and stays as it is), `busy` (another backup is
// being made there), `stopped`, `no_space`, `disk` or `corrupt`.
[[nodiscard]] Result<BackupMade> make_backup(const RocksKv& kv, const BackupAsked& asked);

// Fails with `no_backup` if there is no such folder, or with `disk`.
[[nodiscard]] Result<Backups> list_backups(const std::string& folder);

// Reads every file of the backup. Fails with `corrupt` and names the file, or with `no_backup`,
// `busy` or `disk`.
[[nodiscard]] Result<void> verify_backup(const std::string& folder, BackupNumber number);

struct RestoreAsked {
  std::string from;
  std::optional<BackupNumber> number = {};  // nothing: the newest
  std::string to;                           // is created if it is missing
  std::function<void(std::string_view step)> progress = {};
  // Called before the folder becomes a store, while both folders are locked: for the files next to
  // the database. May be empty.
  std::function<Result<void>(BackupNumber number)> files = {};
};

struct Restored {
  Backup backup;
  Epochs epochs;      // with the new one
  CommitNumber last;  // where the store ends
};

// Fails with `exists`, `inside`, `no_backup`, `newer_format`, `corrupt`, `locked`, `busy`,
// `no_space` or `disk`.
[[nodiscard]] Result<Restored> restore_backup(const RestoreAsked& asked, Random& random);

}  // namespace lockstep
