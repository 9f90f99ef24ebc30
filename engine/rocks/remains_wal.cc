// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/remains_wal.h"

#include <rocksdb/write_batch.h>

#include <expected>
#include <fstream>

#include "engine/rocks/record_walk.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/rocks_version.h"
#include "engine/rocks/wal_order.h"

namespace lockstep {
namespace {

using rocksdb::Slice;
using rocksdb::Status;

// RocksDB's writes, as rows of ours. Deletes of single rows don't matter: each deleted thread has a
// tombstone.
class Rows final : public rocksdb::WriteBatch::Handler {
 public:
  Rows(const TableNumbers& tables, WalRecord& record) : tables_(tables), record_(record) {}

  Status PutCF(std::uint32_t table, const Slice& key, const Slice& value) override {
    const auto found = tables_.find(table);
    if (found != tables_.end()) {
      record_.rows.emplace_back(found->second, KvRow(key.ToString(), value.ToString()));
    }
    return Status::OK();
  }
  Status DeleteCF(std::uint32_t, const Slice&) override { return Status::OK(); }
  Status DeleteRangeCF(std::uint32_t table, const Slice& begin, const Slice&) override {
    const auto found = tables_.find(table);
    const auto thread = decode_number(begin.ToStringView());
    if (found != tables_.end() && found->second == KvTable::log && thread) {
      record_.erased.emplace_back(*thread);
    }
    return Status::OK();
  }
  Status MarkNoop(bool) override { return Status::OK(); }

 private:
  const TableNumbers& tables_;
  WalRecord& record_;
};

std::expected<WalRecord, std::string> record_of(std::string_view bytes,
                                                const TableNumbers& tables) {
  if (bytes.size() < write_number_bytes) return std::unexpected("has a record without a number");
  rocksdb::WriteBatch batch{std::string(bytes)};
  WalRecord record{.first_write = first_write_of(bytes), .next_write = 0, .rows = {}, .erased = {}};
  record.next_write = record.first_write + batch.Count();
  Rows rows(tables, record);
  const Status status = batch.Iterate(&rows);
  if (status.ok()) return record;
  return std::unexpected("has a record that can't be read: " + status.ToString());
}

}  // namespace

WalContent read_wal(const std::string& file, const TableNumbers& tables) {
  WalContent content{.file = file, .records = {}, .damage = {}, .beyond = {}};
  std::ifstream in(file, std::ios::binary);
  const auto damaged = [&](const std::string& why) {
    if (!content.damage) content.damage = file + " " + why;
  };
  RecordWalk walk([&](std::string_view bytes) {
    if (content.damage) return;
    auto record = record_of(bytes, tables);
    if (!record) return damaged(record.error());
    content.records.push_back(std::move(*record));
  });
  const auto beyond = [&](std::string_view bytes) {
    if (auto record = record_of(bytes, tables)) content.beyond.push_back(std::move(*record));
  };
  std::optional<RecordWalk> behind;
  std::string block(RecordWalk::block_bytes, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
    const std::string_view bytes(block.data(), static_cast<std::size_t>(in.gcount()));
    if (walk.damaged_at() && (!behind || behind->damaged_at())) {
      behind.emplace(beyond, RecordWalk::Begin::anywhere);
    }
    if (behind) behind->block(bytes);
    walk.block(bytes);
  }
  if (!in.is_open() || in.bad()) damaged("can't be read");
  if (const auto at = walk.damaged_at()) {
    damaged("is damaged at byte " + std::to_string(*at) + " of " + std::to_string(walk.size()));
  }
  return content;
}

}  // namespace lockstep
