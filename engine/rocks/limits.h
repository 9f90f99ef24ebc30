// SPDX-License-Identifier: Apache-2.0
// limits.h: the log's own bounds, with their reasons.
//
// What the engine bounds stands in engine/base/limits.h; here is what only a log on a disk has to
// bound.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/limits.h"

namespace lockstep::limits {

// What may wait for the disk. A thread has one append in flight, so this is also the number of
// threads that may write at once; a stalled disk then shows as `overloaded`, not as memory that
// grows.
inline constexpr std::size_t commit_queue_jobs_max = 1 << 16;
inline constexpr std::size_t commit_queue_bytes_max = 256 << 20;
// One commit: enough to make the flush cheap, little enough that those who wait behind it don't
// wait long. The greatest single append always fits, for a group takes at least one.
inline constexpr std::size_t group_bytes_max = 16 << 20;
static_assert(group_bytes_max <= commit_queue_bytes_max);
static_assert(message_bytes_max < commit_queue_bytes_max,
              "the largest message can wait for the disk");

// Ends of threads that the committer remembers; the others are looked up. 16 bytes each and a
// bucket.
inline constexpr std::size_t thread_ends_max = 1 << 20;

// Rows that a walk over the whole log takes at once.
inline constexpr std::uint32_t walk_rows_max = 4096;
inline constexpr std::size_t walk_bytes_max = 16 << 20;
// Problems that one walk lists: a person reads them.
inline constexpr std::size_t problems_max = 1000;

// Rows of an older format that one write of an upgrade takes: little enough that progress is seen,
// and that a disk which fills up stops it early.
inline constexpr std::uint32_t upgrade_rows_max = 1024;
inline constexpr std::size_t upgrade_bytes_max = 1 << 20;

// A salvage looks for threads behind a damage one by one, so a number that is nonsense must not
// keep it for ever. Some minutes' looks.
inline constexpr std::uint64_t salvage_threads_max = 100'000'000;
// What it writes at once: its memory, and a flush each.
inline constexpr std::size_t salvage_batch_bytes = 8 << 20;

// What lies in memory of the database and was of little use for so long goes: a burst must not
// stay.
inline constexpr std::uint32_t rest_look_seconds = 10;
// "Little use": less was written, or read, than this since the last look. And of what was written,
// or is cached, so much may stay: less is not worth a file on the disk, or reading it again.
inline constexpr std::size_t rest_bytes = 8 << 20;
// A table that has less in memory is left as it is: small files only cost compactions.
inline constexpr std::size_t rest_table_bytes = 1 << 20;

// Defaults of the RocksDB options that the operator may set.
inline constexpr std::size_t block_cache_bytes = 256 << 20;
// A memtable of the log: some 500,000 tokens. Two of them at most wait to be flushed.
inline constexpr std::size_t write_buffer_bytes = 64 << 20;
// The other tables are small: a view is rewritten in place, and old versions go at each flush.
inline constexpr std::size_t table_write_buffer_bytes = 16 << 20;
// 16 KiB blocks are a fifth smaller under zstd than 4 KiB ones, and the scan of a thread reads
// whole blocks anyway.
inline constexpr std::size_t block_bytes = 16 << 10;
inline constexpr std::size_t rocks_log_bytes_max = 16 << 20;  // of RocksDB's own log file
// What an opening writes beside the tables: a manifest, options, an empty log.
inline constexpr std::uint64_t opening_bytes = 1 << 20;
// Files that are open at once where damage is looked for: each is opened when it is read.
inline constexpr int damaged_open_files = 64;
// A file goes once in seconds, an opening takes milliseconds.
inline constexpr int read_only_tries = 5;
inline constexpr std::uint64_t manifest_bytes_max = 4 << 20;  // some 30,000 changes of tables
inline constexpr std::uint64_t sst_sync_bytes = 1 << 20;

// A backup tells how far it has come each time it has copied so much.
inline constexpr std::uint64_t backup_progress_bytes = 1 << 20;

// The side file's two places lie in different sectors, so that a torn write can hurt only one.
inline constexpr std::size_t mark_slot_bytes = 4096;

// A user's row in the system's list, to name an owner. A longer one is named by its number.
inline constexpr std::size_t user_row_bytes = 4096;

// How far down it is asked whether a folder's files may be used. RocksDB lays its own two deep at
// most, in a folder of backups; what others put there is not to hold up an opening.
inline constexpr std::size_t access_depth_max = 2;
// So many entries are asked for: above a hundred stores' worth, and below a second's work.
inline constexpr std::size_t access_entries_max = 100'000;

}  // namespace lockstep::limits
