// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/remains_merge.h"

#include <rocksdb/iterator.h>

#include <algorithm>
#include <utility>

#include "engine/base/must.h"

namespace lockstep {
namespace {

class WalEntries final : public Entries {
 public:
  explicit WalEntries(std::vector<KvRow> rows) : rows_(std::move(rows)) {
    std::ranges::sort(rows_);
  }
  [[nodiscard]] const KvRow* row() const override {
    return at_ < rows_.size() ? &rows_[at_] : nullptr;
  }
  void next() override {
    MUST(at_ < rows_.size());
    ++at_;
  }

 private:
  std::vector<KvRow> rows_;
  std::size_t at_ = 0;
};

class TableEntries final : public Entries {
 public:
  // `threads_end`: no thread has this number or a greater one.
  TableEntries(rocksdb::SstFileReader& table, std::uint64_t threads_end, OnDamage on_damage)
      : rows_(table.NewIterator(one_reading())),
        threads_end_(threads_end),
        on_damage_(std::move(on_damage)) {
    rows_->SeekToLast();
    // The table's own last key may be greater.
    if (rows_->Valid()) threads_end_ = std::max(threads_end_, thread_of(rows_->key()) + 1);
    rows_->SeekToFirst();
    settle();
  }
  [[nodiscard]] const KvRow* row() const override { return row_ ? &*row_ : nullptr; }
  void next() override {
    MUST(row_.has_value());
    rows_->Next();
    settle();
  }

 private:
  static std::uint64_t thread_of(const rocksdb::Slice& key) {
    const auto decoded = decode_key(key.ToStringView());
    return decoded ? decoded->thread.get() : 0;
  }

  // Stops at a row or at the end; skips a damaged block by going to the next thread that can be
  // read.
  void settle() {
    bool told = false;
    while (!rows_->Valid() && !rows_->status().ok() && thread_ + 1 < threads_end_) {
      if (!std::exchange(told, true)) on_damage_(rows_->status(), ThreadNumber(thread_));
      ++thread_;
      rows_->Seek(thread_begin(ThreadNumber(thread_)));
    }
    if (!rows_->Valid()) {
      if (!rows_->status().ok() && !told) on_damage_(rows_->status(), ThreadNumber(thread_));
      row_.reset();
      return;
    }
    thread_ = std::max(thread_, thread_of(rows_->key()));
    row_.emplace(rows_->key().ToString(), rows_->value().ToString());
  }

  std::unique_ptr<rocksdb::Iterator> rows_;
  std::uint64_t threads_end_;
  OnDamage on_damage_;
  std::uint64_t thread_ = 0;
  std::optional<KvRow> row_;
};

bool is_later(const std::unique_ptr<Entries>& one, const std::unique_ptr<Entries>& other) {
  return one->row()->first > other->row()->first;
}

}  // namespace

rocksdb::ReadOptions one_reading() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  return options;
}

std::unique_ptr<Entries> wal_entries(std::vector<KvRow> rows) {
  return std::make_unique<WalEntries>(std::move(rows));
}

std::unique_ptr<Entries> table_entries(rocksdb::SstFileReader& table, std::uint64_t threads_end,
                                       OnDamage on_damage) {
  return std::make_unique<TableEntries>(table, threads_end, std::move(on_damage));
}

void Merged::add(std::unique_ptr<Entries> entries) {
  MUST(entries != nullptr);
  if (!entries->row()) return;
  files_.push_back(std::move(entries));
  std::ranges::push_heap(files_, is_later);
}

std::optional<Found> Merged::next() {
  while (!files_.empty()) {
    const std::string key = files_.front()->row()->first;
    const auto decoded = decode_key(key);
    Found found{.key = decoded.value_or(LogKey()), .whole = {}};
    while (!files_.empty() && files_.front()->row()->first == key) take(found);
    if (decoded) return found;
  }
  return std::nullopt;
}

void Merged::take(Found& found) {
  MUST(!files_.empty());
  std::ranges::pop_heap(files_, is_later);
  Entries& entries = *files_.back();
  MUST(entries.row() != nullptr);  // a file leaves the heap at its end
  const std::string& value = entries.row()->second;
  if (decode_value(found.key, value)) {
    found.twice = found.twice || (found.whole && *found.whole != value);
    found.whole = value;
  }
  entries.next();
  if (entries.row()) {
    std::ranges::push_heap(files_, is_later);
  } else {
    files_.pop_back();
  }
}

}  // namespace lockstep
