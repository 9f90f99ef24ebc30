// SPDX-License-Identifier: Apache-2.0
// limits.h: the bounds of a log on a disk, with their reasons.
//
// The bounds of the engine as a whole are in engine/base/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/limits.h"

namespace lockstep::limits {

// Jobs that may wait for the disk. A thread has one append in flight, so this is also the number of
// threads that may write at once. If the disk stalls, callers get `overloaded`, and memory does not
// grow.
inline constexpr std::size_t commit_queue_jobs_max = 1 << 16;
inline constexpr std::size_t commit_queue_bytes_max = 256 << 20;
// One commit: enough to make the flush cheap, and little enough that the next jobs don't wait long.
// A single append may be larger: a group takes at least one job.
inline constexpr std::size_t group_bytes_max = 16 << 20;
static_assert(group_bytes_max <= commit_queue_bytes_max);
static_assert(message_bytes_max < commit_queue_bytes_max,
              "the largest message can wait for the disk");

// Ends of threads that the committer keeps in memory; it looks up the others. 16 bytes each and a
// hash bucket.
inline constexpr std::size_t thread_ends_max = 1 << 20;

// Rows that a walk over the whole log reads at once.
inline constexpr std::uint32_t walk_rows_max = 4096;
inline constexpr std::size_t walk_bytes_max = 16 << 20;
// Problems that one walk lists: a person reads them.
inline constexpr std::size_t problems_max = 1000;

// Rows of an older format that one write of an upgrade converts: few enough that the operator sees
// progress, and that a full disk stops the upgrade early.
inline constexpr std::uint32_t upgrade_rows_max = 1024;
inline constexpr std::size_t upgrade_bytes_max = 1 << 20;

// A salvage looks for the threads behind a damaged block one by one, so a damaged number must not
// keep it busy for ever: so many look-ups take some minutes.
inline constexpr std::uint64_t salvage_threads_max = 100'000'000;
// Bytes that a salvage writes at once: it holds this in memory, and flushes once for it.
inline constexpr std::size_t salvage_batch_bytes = 8 << 20;

// The database gives memory back that it hardly used for so long: the memory of a burst must not
// stay.
inline constexpr std::uint32_t rest_look_seconds = 10;
// "Hardly used": fewer bytes than this were written, or read, since the last look. So many bytes
// may also stay: less is not worth a file on the disk, or reading it again.
inline constexpr std::size_t rest_bytes = 8 << 20;
// A table with less than this in memory is left as it is: small files only cost compactions.
inline constexpr std::size_t rest_table_bytes = 1 << 20;

// Defaults of the RocksDB options that the operator may set.
inline constexpr std::size_t block_cache_bytes = 256 << 20;
// A memtable (RocksDB's table in memory) of the log: some 500,000 tokens. At most two of them wait
// to be flushed.
inline constexpr std::size_t write_buffer_bytes = 64 << 20;
// The other tables are small: snapshots rewrite the same rows, and a flush drops old versions.
inline constexpr std::size_t table_write_buffer_bytes = 16 << 20;
// 16 KiB blocks are a fifth smaller under zstd than 4 KiB ones, and the scan of a thread reads
// whole blocks anyway.
inline constexpr std::size_t block_bytes = 16 << 10;
inline constexpr std::size_t rocks_log_bytes_max = 16 << 20;  // of RocksDB's own log file
// Bytes that an opening writes besides tables: a manifest, options, an empty log.
inline constexpr std::uint64_t opening_bytes = 1 << 20;
// Files that are open at once in a search for damage, which opens each file when it reads it.
inline constexpr int damaged_open_files = 64;
// A server removes a file once in seconds, and an opening takes milliseconds.
inline constexpr int read_only_tries = 5;
inline constexpr std::uint64_t manifest_bytes_max = 4 << 20;  // some 30,000 changes of tables
inline constexpr std::uint64_t sst_sync_bytes = 1 << 20;

// A backup reports its progress each time it has copied so much.
inline constexpr std::uint64_t backup_progress_bytes = 1 << 20;

// The side file's two places lie in different sectors, so that a torn write can hurt only one.
inline constexpr std::size_t witness_slot_bytes = 4096;

// A user's row in the system's list, for the owner's name. With a longer row the number must do.
inline constexpr std::size_t user_row_bytes = 4096;

// How deep `check_access` looks into a folder. RocksDB's own files are two deep at most, in a
// folder of backups; other files must not hold up an opening.
inline constexpr std::size_t access_depth_max = 2;
// And at how many files: more than a hundred stores have, and less than a second's work.
inline constexpr std::size_t access_entries_max = 100'000;

// --- Relations -----------------------------------------------------------------------------------

static_assert(upgrade_rows_max > 0 && upgrade_rows_max <= walk_rows_max);
static_assert(upgrade_bytes_max <= walk_bytes_max);
static_assert(salvage_batch_bytes <= group_bytes_max, "a salvage commits no more than a server");
static_assert(rest_table_bytes <= rest_bytes);
static_assert(rest_bytes < block_cache_bytes && rest_bytes < write_buffer_bytes,
              "a rest leaves less than a burst");
static_assert(table_write_buffer_bytes <= write_buffer_bytes);
static_assert(witness_slot_bytes % 4096 == 0, "a sector has 512 or 4096 bytes");
static_assert(read_only_tries > 0 && problems_max > 0 && access_depth_max > 0);

}  // namespace lockstep::limits
