// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/rocks_kv.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/rocks_errors.h"
#include "engine/rocks/rocks_files.h"
#include "engine/rocks/rocks_kv_parts.h"
#include "engine/rocks/wal_order.h"

namespace lockstep {

using rocksdb::ColumnFamilyDescriptor;
using rocksdb::ColumnFamilyHandle;
using rocksdb::ColumnFamilyOptions;
using rocksdb::Slice;
using rocksdb::Status;

namespace {

#ifdef LOCKSTEP_UNSAFE_NO_SYNC
// Only to show that the durability test finds it: a power cut then loses acknowledged commits.
constexpr bool sync_on_commit = false;
#else
constexpr bool sync_on_commit = true;
#endif

constexpr std::size_t thread_prefix_bytes = 8;
static_assert(thread_prefix_bytes == sizeof(ThreadNumber));
constexpr int bloom_bits = 10;  // one look-up in a hundred reads a table in vain

Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class BackgroundErrors : public rocksdb::EventListener {
 public:
  BackgroundErrors(FailStop& fail_stop, rocksdb::Env& env, std::string path)
      : fail_stop_(fail_stop), env_(env), path_(std::move(path)) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, Status* status) override {
    const std::string why = "the database's background work failed: " + status->ToString();
    // Else each start would run into the same damaged table, and end.
    if (reason == rocksdb::BackgroundErrorReason::kCompaction && status->IsCorruption()) {
      stop_compaction(env_, path_, why);
    }
    fail_stop_.stop(why);
  }

 private:
  FailStop& fail_stop_;
  rocksdb::Env& env_;
  std::string path_;
};

class ManifestKeeper : public rocksdb::EventListener {
 public:
  void OnFlushCompleted(rocksdb::DB* db, const rocksdb::FlushJobInfo&) override {
    remember_manifest(*db);
  }
  void OnCompactionCompleted(rocksdb::DB* db, const rocksdb::CompactionJobInfo&) override {
    remember_manifest(*db);
  }
};

// The thread's part of an entry's key. RocksDB (7.8) uses one set of insert hints for rows and for
// range deletions of the same prefix, although they lie in different lists, and so ruins both. A
// range deletion begins with a thread's bare number; `InDomain` keeps it out by its length.
class ThreadPrefix : public rocksdb::SliceTransform {
 public:
  [[nodiscard]] const char* Name() const override { return "lockstep.ThreadPrefix"; }
  [[nodiscard]] Slice Transform(const Slice& key) const override {
    return {key.data(), thread_prefix_bytes};
  }
  [[nodiscard]] bool InDomain(const Slice& key) const override {
    return key.size() > thread_prefix_bytes;
  }
};

rocksdb::DBOptions db_options(const RocksOptions& options) {
  rocksdb::DBOptions db;
  if (options.env != nullptr) db.env = options.env;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  // A record that a crash has cut off at the end of the log is normal; any other damage is an
  // error, not a shorter history. Old logs are not reused: in a reused log old records look like
  // new ones.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.recycle_log_file_num = 0;
  // A write-ahead log that is missing, or shorter than when it was closed, is an error too.
  db.track_and_verify_wals_in_manifest = true;
  db.paranoid_checks = true;
  // Each start walks the whole manifest (rocks_files.h), so RocksDB begins a new one when it is
  // long.
  db.max_manifest_file_size = limits::manifest_bytes_max;
  // After an error the process stops; the database must not resume by itself.
  db.max_bgerror_resume_count = 0;
  db.verify_sst_unique_id_in_manifest = true;
  // There is one writer, and the insert hint below does not work with several.
  db.allow_concurrent_memtable_write = false;
  db.enable_write_thread_adaptive_yield = false;
  // All column families share one write-ahead log, which RocksDB deletes when it has flushed the
  // last of them: this bounds the bytes that a start must read.
  db.max_total_wal_size = 4 * options.write_buffer_bytes;
  db.db_write_buffer_size = options.memtables_bytes;
  // Table files are flushed bit by bit while they are written, so that no commit waits for one
  // large flush.
  db.bytes_per_sync = limits::sst_sync_bytes;
  db.max_background_jobs = 2;
  db.max_open_files = -1;  // opened once; a thread's read never waits for a name to be looked up
  db.max_file_opening_threads = 1;  // else each start makes some 200 threads, 16 a column family
  if (options.opens_damaged_tables) {
    // The write-ahead logs are still checked: before the opening (rocks_files.h), and for gaps
    // (wal_order.h).
    db.paranoid_checks = false;
    db.max_open_files = limits::damaged_open_files;
    db.skip_checking_sst_file_sizes_on_db_open = true;
    db.verify_sst_unique_id_in_manifest = false;
  }
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.max_log_file_size = limits::rocks_log_bytes_max;
  db.keep_log_file_num = 2;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

ColumnFamilyOptions table_options(const RocksOptions& options,
                                  const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.block_size = limits::block_bytes;
  blocks.format_version = 5;
  blocks.checksum = rocksdb::ChecksumType::kXXH3;
  // Many look-ups by key find nothing (is this thread known? this setting?); a filter makes them
  // cheap.
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(bloom_bits));
  blocks.cache_index_and_filter_blocks = true;
  blocks.pin_l0_filter_and_index_blocks_in_cache = true;
  ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  family.write_buffer_size = std::min(options.write_buffer_bytes, limits::table_write_buffer_bytes);
  // Compactions rewrite young tables soon, so these are packed fast; the last level is packed well.
  family.compression = rocksdb::kLZ4Compression;
  family.bottommost_compression = rocksdb::kZSTD;
  family.level_compaction_dynamic_level_bytes = true;
  return family;
}

ColumnFamilyOptions log_options(const RocksOptions& options,
                                const std::shared_ptr<rocksdb::Cache>& cache) {
  ColumnFamilyOptions family = table_options(options, cache);
  family.write_buffer_size = options.write_buffer_bytes;
  // A new entry goes behind the last entry of its thread. With the place of that one remembered, an
  // insert into the memtable takes a half to a third of the time.
  family.memtable_insert_with_hint_prefix_extractor = std::make_shared<ThreadPrefix>();
  return family;
}

std::vector<ColumnFamilyDescriptor> families(const RocksOptions& options,
                                             const std::shared_ptr<rocksdb::Cache>& cache) {
  std::vector<ColumnFamilyDescriptor> all;
  for (const char* name : table_names) {
    bool log = all.empty();
    all.emplace_back(name, log ? log_options(options, cache) : table_options(options, cache));
  }
  all.emplace_back(rocksdb::kDefaultColumnFamilyName, table_options(options, cache));
  MUST(all.size() == kv_table_count + 1);
  return all;
}

// Is the database ours and whole, as far as we can tell without opening it?
Result<RocksFiles> look_at(const rocksdb::DBOptions& options, const std::string& path) {
  auto files = check_files(*options.env, path);
  if (!files || files->is_new) return files;
  std::vector<std::string> names;
  Status status = rocksdb::DB::ListColumnFamilies(options, path, &names);
  if (!status.ok()) return std::unexpected(error_of(status));
  bool only_default = names.size() == 1;
  if (!only_default && std::ranges::find(names, "log") == names.end()) {
    return fail(Kind::rejected, codes::not_a_store,
                path + " holds another program's database: name another folder");
  }
  for (const std::string& name : names) {
    if (name == rocksdb::kDefaultColumnFamilyName) continue;
    if (std::ranges::find(table_names, name) != table_names.end()) continue;
    return fail(Kind::rejected, codes::newer_format,
                path + " has a table `" + name +
                    "` that this program does not know: use the version that wrote it");
  }
  return files;
}

}  // namespace

RocksKv::RocksKv(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RocksKv::~RocksKv() = default;

Result<std::unique_ptr<RocksKv>> RocksKv::open(const std::string& path, const RocksOptions& options,
                                               FailStop& fail_stop) {
  rocksdb::DBOptions db = db_options(options);
  TRY_LET(files, look_at(db, path));
  TRY(files.is_new ? Result<void>() : check_room(*db.env, path, files.log_bytes));
  db.listeners.push_back(std::make_shared<BackgroundErrors>(fail_stop, *db.env, path));
  db.listeners.push_back(std::make_shared<ManifestKeeper>());
  auto parts = std::make_unique<Parts>();
  parts->cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  rocksdb::DB* opened = nullptr;
  std::vector<ColumnFamilyDescriptor> tables = families(options, parts->cache);
  for (ColumnFamilyDescriptor& table : tables) {
    table.options.disable_auto_compactions = !files.compacts || options.opens_damaged_tables;
  }
  db.wal_filter = &parts->order;
  Status status = rocksdb::DB::Open(db, path, tables, &parts->handles, &opened);
  parts->db.reset(opened);
  if (const auto& gap = parts->order.gap(); !gap.empty()) {
    return fail(Kind::corrupt, codes::corrupt, gap);
  }
  if (!status.ok()) return std::unexpected(error_of_opening(status, options, path));
  MUST(parts->handles.size() == tables.size());
  remember_manifest(*parts->db);
  parts->compacts = files.compacts;
  parts->dropped_bytes = files.dropped_bytes;
  parts->families = std::move(tables);
  return std::unique_ptr<RocksKv>(new RocksKv(std::move(parts)));
}

Result<std::unique_ptr<RocksKv>> RocksKv::open_read_only(const std::string& path,
                                                         const RocksOptions& options) {
  Result<std::unique_ptr<RocksKv>> opened;
  for (int tries = 0; tries < limits::read_only_tries; ++tries) {
    opened = try_read_only(path, options);
    if (opened) break;
  }
  return opened;
}

Result<std::unique_ptr<RocksKv>> RocksKv::try_read_only(const std::string& path,
                                                        const RocksOptions& options) {
  rocksdb::DBOptions db = db_options(options);
  TRY_LET(files, look_at(db, path));
  db.create_if_missing = false;
  db.create_missing_column_families = false;
  auto parts = std::make_unique<Parts>();
  parts->cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  rocksdb::DB* opened = nullptr;
  db.wal_filter = &parts->order;
  Status status = rocksdb::DB::OpenForReadOnly(db, path, families(options, parts->cache),
                                               &parts->handles, &opened);
  parts->db.reset(opened);
  if (const auto& gap = parts->order.gap(); !gap.empty()) {
    return fail(Kind::corrupt, codes::corrupt, gap);
  }
  if (!status.ok()) return std::unexpected(error_of_opening(status, options, path));
  parts->dropped_bytes = files.dropped_bytes;
  return std::unique_ptr<RocksKv>(new RocksKv(std::move(parts)));
}

std::uint64_t RocksKv::dropped_bytes() const { return parts_->dropped_bytes; }

bool RocksKv::compacts() const { return parts_->compacts; }

Result<void> RocksKv::commit(const KvBatch& batch) {
  rocksdb::WriteBatch writes;
  for (const KvBatch::Change& change : batch.changes()) {
    ColumnFamilyHandle* table = parts_->handle(change.table);
    Status status;
    switch (change.kind) {
      case KvBatch::Kind::put:
        status = writes.Put(table, change.key, change.value);
        break;
      case KvBatch::Kind::erase:
        status = writes.Delete(table, change.key);
        break;
      case KvBatch::Kind::erase_range:
        status = writes.DeleteRange(table, change.key, change.value);
        break;
    }
    if (!status.ok()) return std::unexpected(error_of(status));
  }
  rocksdb::WriteOptions options;
  options.sync = sync_on_commit;
  Status status = parts_->db->Write(options, &writes);
  if (!status.ok()) return std::unexpected(error_of(status));
  parts_->written.fetch_add(writes.GetDataSize(), std::memory_order_relaxed);
  return {};
}

Result<std::optional<std::string>> RocksKv::get(KvTable table, std::string_view key) const {
  std::string value;
  Status status = parts_->db->Get({}, parts_->handle(table), slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) {
    const std::string begin(key);
    return std::unexpected(reading_error(status, *parts_->db, *parts_->handle(table),
                                         {.table = table, .begin = begin, .end = begin + '\0'}));
  }
  parts_->read.fetch_add(value.size(), std::memory_order_relaxed);
  return value;
}

Result<std::vector<KvRow>> RocksKv::scan(const KvRange& range) const {
  std::vector<KvRow> rows;
  bool forward = range.direction == Direction::forward;
  Slice lower(range.begin);
  Slice upper(range.end);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower;
  // A thread's snapshot is read once and then held as its state: cached blocks would be a second
  // copy.
  options.fill_cache = range.table != KvTable::views;
  if (!range.end.empty()) options.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> it(
      parts_->db->NewIterator(options, parts_->handle(range.table)));
  // The row that reaches the bound still comes: a caller with a small bound must get on.
  std::size_t bytes = 0;
  forward ? it->SeekToFirst() : it->SeekToLast();
  while (it->Valid() && rows.size() < range.rows_max && (rows.empty() || bytes < range.bytes_max)) {
    rows.emplace_back(it->key().ToString(), it->value().ToString());
    bytes += it->key().size() + it->value().size();
    forward ? it->Next() : it->Prev();
  }
  parts_->read.fetch_add(bytes, std::memory_order_relaxed);
  if (!it->status().ok()) {
    return std::unexpected(
        reading_error(it->status(), *parts_->db, *parts_->handle(range.table), range));
  }
  return rows;
}

rocksdb::DB& RocksKv::database() const { return *parts_->db; }

Result<void> RocksKv::copy_to(const std::string& path) {
  rocksdb::Checkpoint* made = nullptr;
  Status status = rocksdb::Checkpoint::Create(parts_->db.get(), &made);
  std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(path);
  if (!status.ok()) return std::unexpected(error_of(status));
  return {};
}

}  // namespace lockstep
