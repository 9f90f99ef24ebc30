// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_kv.h"

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/must.h"

namespace lockstep::sim {
namespace {

std::unexpected<Error> disk_failed() {
  return fail(Kind::unavailable, codes::disk, "the simulated disk has failed");
}

}  // namespace

void SimDisk::fail_at(std::uint64_t commits, DiskFault fault) {
  MUST(commits > 0);
  commits_until_fault_ = commits;
  fault_ = fault;
}

void SimDisk::apply(const KvBatch& batch, Tables& tables) {
  for (const KvBatch::Change& change : batch.changes()) {
    Rows& rows = tables[static_cast<std::size_t>(change.table)];
    switch (change.kind) {
      case KvBatch::Kind::put:
        rows.insert_or_assign(change.key, change.value);
        break;
      case KvBatch::Kind::erase:
        rows.erase(change.key);
        break;
      case KvBatch::Kind::erase_range:
        rows.erase(rows.lower_bound(change.key), rows.lower_bound(change.value));
        break;
    }
  }
}

Result<void> SimDisk::commit(const KvBatch& batch) {
  if (failing_) return disk_failed();
  failing_ = commits_until_fault_ == 1;
  if (commits_until_fault_ > 0) --commits_until_fault_;
  if (failing_ && fault_ == DiskFault::before_write) return disk_failed();
  unflushed_.push_back(batch);
  if (failing_ && fault_ == DiskFault::before_flush) return disk_failed();
  if (!lies_) {
    for (const KvBatch& waiting : unflushed_) apply(waiting, flushed_);
    unflushed_.clear();
  }
  if (failing_) return disk_failed();
  apply(batch, visible_);
  return {};
}

void SimDisk::power_cut(std::size_t survive, bool witness_survives) {
  for (std::size_t i = 0; i < std::min(survive, unflushed_.size()); ++i) {
    apply(unflushed_[i], flushed_);
  }
  unflushed_.clear();
  visible_ = flushed_;
  if (witness_survives) flushed_witness_ = witness_;
  witness_ = flushed_witness_;
  commits_until_fault_ = 0;
  fault_ = DiskFault::none;
  failing_ = false;
  lies_ = false;
}

std::string* SimDisk::row(KvTable table, const std::string& key) {
  Rows& rows = visible_[static_cast<std::size_t>(table)];
  auto it = rows.find(key);
  return it == rows.end() ? nullptr : &it->second;
}

void SimDisk::lose(KvTable table, const std::string& key) {
  visible_[static_cast<std::size_t>(table)].erase(key);
  flushed_[static_cast<std::size_t>(table)].erase(key);
}

void SimDisk::put(KvTable table, const std::string& key, const std::string& value) {
  visible_[static_cast<std::size_t>(table)].insert_or_assign(key, value);
  flushed_[static_cast<std::size_t>(table)].insert_or_assign(key, value);
}

void SimDisk::disarm() {
  if (failing_) return;
  commits_until_fault_ = 0;
  fault_ = DiskFault::none;
}

Result<std::optional<std::string>> SimKv::get(KvTable table, std::string_view key) const {
  const auto& rows = disk_.visible_[static_cast<std::size_t>(table)];
  auto it = rows.find(key);
  if (it == rows.end()) return std::nullopt;
  return it->second;
}

Result<std::vector<KvRow>> SimKv::scan(const KvRange& range) const {
  const auto& rows = disk_.visible_[static_cast<std::size_t>(range.table)];
  auto first = rows.lower_bound(range.begin);
  auto last = range.end.empty() ? rows.end() : rows.lower_bound(range.end);
  std::vector<KvRow> found;
  if (!range.end.empty() && range.end <= range.begin) return found;
  std::size_t bytes = 0;
  auto take = [&](const KvRow& row) {
    found.push_back(row);
    bytes += row.first.size() + row.second.size();
  };
  auto full = [&] {
    return found.size() >= range.rows_max || (!found.empty() && bytes >= range.bytes_max);
  };
  if (range.direction == Direction::forward) {
    for (auto it = first; it != last && !full(); ++it) take(*it);
  } else {
    for (auto it = last; it != first && !full();) take(*--it);
  }
  return found;
}

Result<void> SimWitness::write(CommitNumber number) {
  if (disk_.failing_) return disk_failed();
  disk_.witness_ = number;
  return {};
}

Result<void> SimWitness::sync() {
  if (disk_.failing_) return disk_failed();
  disk_.flushed_witness_ = disk_.witness_;
  return {};
}

}  // namespace lockstep::sim
