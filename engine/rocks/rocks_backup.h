// SPDX-License-Identifier: Apache-2.0
// rocks_backup.h: copies of a store, and a store from a copy.
//
// A folder of backups belongs to RocksDB's backup engine (`meta/`, `private/`, `shared_checksum/`)
// and has a `lock` of ours. Table files never change, so backups share them, and one more copies
// only what is new, and the write-ahead log. Every file has a checksum. A backup holds all that was
// durable when it was asked for; its note (backup_note.h) says up to which commit that is.
//
// A restore begins a new epoch, cut at the note's commit (epochs.h): what had come into the
// write-ahead log behind it is there too, but nobody knew it to be durable.
//
//   checksums ─> DIR/rocks.part ─> opened, ends where the note says ─> new epoch ─> the mark
//             ─> DIR/rocks
//
// The last step is one renaming. Cut short before it, the folder is refused by a server, and the
// restore can be done again.
//
// Lives on: any thread; a call returns when all is done. Progress is told from a thread of
// RocksDB's meanwhile.
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
  std::uint64_t bytes = 0;  // of all its files, shared ones too
  CommitNumber commit;
  Epoch epoch;
};

struct Backups {
  struct Damaged {
    BackupNumber number;
    std::string why;
  };
  std::vector<Backup> whole;     // as far as names and sizes tell; oldest first
  std::vector<Damaged> damaged;  // they are neither restored nor counted
};

struct BackupAsked {
  std::string to;
  std::optional<std::uint32_t> keep = {};  // so many of the newest stay; at least 1
  std::stop_token stop = {};
  std::function<void(std::uint64_t bytes)> progress = {};  // copied so far; may be empty
};

struct BackupMade {
  Backup backup;
  std::uint64_t added_bytes = 0;  // what the folder has grown by
  std::uint32_t removed = 0;      // older backups
};

// What is copied is read, every block of it. Fails with `damaged_source` (and names the file of the
// store; then no backup was made), `inside` (the folder is the store's own, or lies in it),
// `not_a_store` (it holds other things), `busy` (another backup is being made there), `stopped`,
// `no_space`, `disk` or `corrupt`.
[[nodiscard]] Result<BackupMade> make_backup(const RocksKv& kv, const BackupAsked& asked);

// Fails with `no_backup` if there is no such folder, or with `disk`.
[[nodiscard]] Result<Backups> list_backups(const std::string& folder);

// Reads every file of it. Fails with `corrupt` and names the file, with `no_backup`, `busy` or
// `disk`.
[[nodiscard]] Result<void> verify_backup(const std::string& folder, BackupNumber number);

struct RestoreAsked {
  std::string from;
  std::optional<BackupNumber> number = {};  // the newest, if it is not said
  std::string to;                           // is made if it is not there
  std::function<void(std::string_view step)> progress = {};
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
