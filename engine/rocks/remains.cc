// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/remains.h"

#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <system_error>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/rocks/limits.h"
#include "engine/rocks/remains_merge.h"
#include "engine/rocks/remains_wal.h"
#include "engine/store/keys.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

rocksdb::Options reading_options() {
  rocksdb::BlockBasedTableOptions blocks;
  // Without filters a damaged filter does not matter; index blocks are read only when needed.
  blocks.filter_policy = nullptr;
  blocks.cache_index_and_filter_blocks = true;
  rocksdb::Options options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  return options;
}

bool is_small(KvTable table) {
  return table == KvTable::threads || table == KvTable::feed || table == KvTable::settings ||
         table == KvTable::meta;
}

// The rows from the begin up to the first damage, and those from the end back to the last damage.
void read_small(rocksdb::SstFileReader& table, std::vector<KvRow>& rows,
                const std::function<void(const rocksdb::Status&)>& on_damage) {
  const std::unique_ptr<rocksdb::Iterator> it(table.NewIterator(one_reading()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    rows.emplace_back(it->key().ToString(), it->value().ToString());
  }
  if (it->status().ok()) return;
  on_damage(it->status());
  for (it->SeekToLast(); it->Valid(); it->Prev()) {
    rows.emplace_back(it->key().ToString(), it->value().ToString());
  }
}

struct TableFile {
  std::string path;
  std::unique_ptr<rocksdb::SstFileReader> reader;
};

std::uint64_t greatest_thread(const std::vector<KvRow>& rows) {
  std::uint64_t greatest = 0;
  for (const auto& [key, value] : rows) {
    if (const auto decoded = decode_key(key)) {
      greatest = std::max(greatest, decoded->thread.get());
    }
  }
  return greatest;
}

constexpr std::array<std::string_view, kv_table_count> table_names{
    "log", "views", "threads", "open_runs", "feed", "settings", "meta"};
static_assert(table_names[static_cast<std::size_t>(KvTable::log)] == "log");
static_assert(table_names[static_cast<std::size_t>(KvTable::threads)] == "threads");
static_assert(table_names[static_cast<std::size_t>(KvTable::settings)] == "settings");
static_assert(table_names[static_cast<std::size_t>(KvTable::meta)] == "meta");

// The commit numbers of one record of a write-ahead log.
struct CommitsOf {
  std::uint64_t first = 0;    // 0: the record has no entry
  std::uint64_t last = 0;     // by the tail record in it
  std::uint64_t without = 0;  // by the tail record in it
};

CommitsOf commits_of(const WalRecord& record) {
  CommitsOf commits;
  for (const auto& [table, row] : record.rows) {
    const bool is_tail = table == KvTable::meta && row.first == tail_key;
    if (const auto tail = is_tail ? decode_tail(row.second) : std::nullopt) {
      commits.last = tail->last.get();
      commits.without = tail->without;
    }
    const auto key = table == KvTable::log ? decode_key(row.first) : std::nullopt;
    const auto value = key ? decode_value(*key, row.second) : std::nullopt;
    if (!value) continue;
    const std::uint64_t commit = value->commit.get();
    commits.first = commits.first == 0 ? commit : std::min(commits.first, commit);
  }
  return commits;
}

// Do the tables have all commits between the last record that counted and this one? Numbers
// without an entry may be missing; the tail records count them.
bool is_filled(const std::vector<bool>& in_tables, const CommitsOf& before,
               const CommitsOf& record) {
  std::uint64_t missing = 0;
  for (std::uint64_t commit = before.last + 1; commit < record.first; ++commit) {
    if (commit >= in_tables.size() || !in_tables[commit]) ++missing;
  }
  return record.first != 0 && missing <= record.without - std::min(record.without, before.without);
}

// The progress along the write-ahead logs.
struct WalRoad {
  std::optional<std::uint64_t> next_write;     // that continues without a gap
  std::optional<std::vector<bool>> in_tables;  // by commit number; read at the first gap
  CommitsOf before;                            // of the last record that counted
  bool ended = false;                          // at a gap that the tables don't fill
};

}  // namespace

struct Remains::Parts {
  std::vector<TableFile> log_tables;
  std::vector<KvRow> log_rows;  // of the write-ahead logs
  std::array<std::vector<KvRow>, kv_table_count> rows;
  std::set<ThreadNumber> erased;
  std::vector<std::string> damages;
  bool log_torn = false;
  TableNumbers numbers;
  std::uint64_t threads_end = 1;

  void damaged(const std::string& what) {
    if (std::ranges::find(damages, what) == damages.end()) damages.push_back(what);
  }
  void open_table(const std::string& path);
  void read_wals(const std::vector<std::string>& paths);
  [[nodiscard]] bool goes_on(WalRoad& road, const WalRecord& record);
  // The entries of a record behind a damage don't count, but its other rows tell which threads
  // there were, and which were deleted.
  enum class Counts { yes, no };
  void take(const WalRecord& record, Counts counts);
  [[nodiscard]] std::unique_ptr<Entries> entries_of(const TableFile& file);
  [[nodiscard]] std::vector<bool> commits_in_tables();
};

void Remains::Parts::open_table(const std::string& path) {
  auto reader = std::make_unique<rocksdb::SstFileReader>(reading_options());
  const rocksdb::Status status = reader->Open(path);
  if (!status.ok()) return damaged(path + " can't be read: " + status.ToString());
  const auto properties = reader->GetTableProperties();
  const auto name = std::ranges::find(table_names, properties->column_family_name);
  if (name == table_names.end()) return damaged(path + " does not say of which table it is");
  const auto table = static_cast<KvTable>(name - table_names.begin());
  numbers[static_cast<std::uint32_t>(properties->column_family_id)] = table;
  if (table == KvTable::log) return log_tables.push_back({path, std::move(reader)});
  if (!is_small(table)) return;
  read_small(*reader, rows[static_cast<std::size_t>(table)],
             [&](const rocksdb::Status& why) { damaged(path + " is damaged: " + why.ToString()); });
}

void Remains::Parts::take(const WalRecord& record, Counts counts) {
  for (const auto& [table, row] : record.rows) {
    if (table == KvTable::log && counts == Counts::yes) log_rows.push_back(row);
    // Behind a damage the rows of `meta` describe a later store than the one that is kept, except
    // deletions.
    const bool tells = counts == Counts::yes || table != KvTable::meta ||
                       row.first.starts_with(keys::deleted_prefix);
    if (is_small(table) && tells) rows[static_cast<std::size_t>(table)].push_back(row);
  }
  if (counts == Counts::yes) erased.insert(record.erased.begin(), record.erased.end());
}

void Remains::Parts::read_wals(const std::vector<std::string>& paths) {
  std::vector<WalContent> logs;
  for (const std::string& path : paths) {
    logs.push_back(read_wal(path, numbers));
    if (logs.back().damage) damaged(*logs.back().damage);
    log_torn |= logs.back().damage.has_value();
    for (const WalRecord& record : logs.back().beyond) take(record, Counts::no);
  }
  std::erase_if(logs, [](const WalContent& log) { return log.records.empty(); });
  std::ranges::sort(logs, {},
                    [](const WalContent& log) { return log.records.front().first_write; });
  WalRoad road;
  for (const WalContent& log : logs) {
    for (const WalRecord& record : log.records) {
      const bool counts = goes_on(road, record);
      take(record, counts ? Counts::yes : Counts::no);
      if (!counts) damaged(log.file + " goes on behind a gap: its content is left out");
      log_torn |= !counts;
    }
    if (log.damage) road.next_write = 0;  // no record's number: forces the check against the tables
  }
}

// Does the record follow the last one, or do the tables have all commits between?
bool Remains::Parts::goes_on(WalRoad& road, const WalRecord& record) {
  const CommitsOf commits = commits_of(record);
  if (road.ended) return false;
  if (road.next_write && *road.next_write != record.first_write) {
    if (!road.in_tables) road.in_tables = commits_in_tables();
    road.ended = !is_filled(*road.in_tables, road.before, commits);
    if (road.ended) return false;
  }
  road.next_write = record.next_write;
  if (commits.last != 0) road.before = commits;
  return true;
}

std::unique_ptr<Entries> Remains::Parts::entries_of(const TableFile& file) {
  return table_entries(*file.reader, threads_end,
                       [this, &file](const rocksdb::Status& status, ThreadNumber from) {
                         damaged(file.path + " is damaged behind thread number " +
                                 std::to_string(from.get()) + ": " + status.ToString());
                       });
}

std::vector<bool> Remains::Parts::commits_in_tables() {
  std::vector<bool> commits(1);
  for (const TableFile& file : log_tables) {
    for (const auto entries = entries_of(file); entries->row(); entries->next()) {
      const auto key = decode_key(entries->row()->first);
      const auto value = key ? decode_value(*key, entries->row()->second) : std::nullopt;
      if (!value) continue;
      if (value->commit.get() >= commits.size()) commits.resize(value->commit.get() + 1);
      commits[value->commit.get()] = true;
    }
  }
  return commits;
}

Remains::Remains(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Remains::~Remains() = default;

Result<std::unique_ptr<Remains>> Remains::open(const std::string& path) {
  std::error_code error;
  std::vector<std::string> tables;
  std::vector<std::string> logs;
  fs::directory_iterator it(path, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(".sst")) tables.push_back(it->path().string());
    if (name.ends_with(".log")) logs.push_back(it->path().string());
  }
  if (error) return fail(Kind::unavailable, codes::disk, path + ": " + error.message());
  if (tables.empty() && logs.empty()) {
    return fail(Kind::not_found, codes::no_store,
                path + " holds no table and no log of a database");
  }
  std::ranges::sort(tables);
  auto parts = std::make_unique<Parts>();
  // The numbers of a new store; a file that names its table and number overrides them.
  for (std::size_t table = 0; table < kv_table_count; ++table) {
    parts->numbers[static_cast<std::uint32_t>(table + 1)] = static_cast<KvTable>(table);
  }
  for (const std::string& file : tables) parts->open_table(file);
  for (const auto& [key, value] : parts->rows[static_cast<std::size_t>(KvTable::meta)]) {
    const auto number = key == keys::next_thread ? decode_number(value) : std::nullopt;
    parts->threads_end =
        std::max(parts->threads_end, std::min(number.value_or(0), limits::salvage_threads_max));
  }
  parts->read_wals(logs);
  parts->threads_end = std::max(parts->threads_end, greatest_thread(parts->log_rows) + 1);
  return std::unique_ptr<Remains>(new Remains(std::move(parts)));
}

Result<void> Remains::log(const VisitEntry& visit) {
  Merged merged;
  for (const TableFile& file : parts_->log_tables) merged.add(parts_->entries_of(file));
  merged.add(wal_entries(parts_->log_rows));
  while (const auto found = merged.next()) {
    const auto value =
        found->whole && !found->twice ? decode_value(found->key, *found->whole) : std::nullopt;
    if (auto visited = visit(found->key, value); !visited) return visited;
  }
  return {};
}

const std::vector<KvRow>& Remains::rows(KvTable table) const {
  MUST(is_small(table));
  return parts_->rows[static_cast<std::size_t>(table)];
}
const std::set<ThreadNumber>& Remains::erased() const { return parts_->erased; }
bool Remains::log_torn() const { return parts_->log_torn; }

const std::vector<std::string>& Remains::damages() const { return parts_->damages; }

}  // namespace lockstep
