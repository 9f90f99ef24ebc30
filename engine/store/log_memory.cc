// SPDX-License-Identifier: Apache-2.0
#include "engine/store/log_memory.h"

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/store/epochs.h"

namespace lockstep {
namespace {

std::string big_endian(std::uint64_t number) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(number >> shift & 0xff));
  }
  return out;
}

}  // namespace

LogMemory::LogMemory(Executor& executor, Epoch epoch)
    : executor_(executor), waiting_(std::make_shared<Waiting>()) {
  put({RowWrite{.table = Table::meta,
                .key = std::string(epochs_key),
                .value = encode_epochs({.current = epoch, .former = {}})}});
}

LogMemory::~LogMemory() { waiting_->closed = true; }

void LogMemory::append(Append append, Done<Result<CommitNumber>> done) {
  MUST(append.thread != ThreadNumber());
  MUST(append.entry != nullptr);
  MUST(append.entry->at > append.expected);
  waiting_->jobs.emplace_back(std::pair(std::move(append), std::move(done)));
  wait_for_step();
}

void LogMemory::write(std::vector<RowWrite> rows, std::vector<ThreadNumber> erase,
                      Done<Result<void>> done) {
  waiting_->jobs.emplace_back(
      [this, rows = std::move(rows), erase = std::move(erase), done = std::move(done)]() mutable {
        bool stamped = std::ranges::any_of(
            rows, [](const RowWrite& row) { return row.stamp != RowWrite::Stamp::none; });
        if (stamped) last_ = CommitNumber(last_.get() + 1);
        put(std::move(rows));
        for (ThreadNumber thread : erase) this->erase(thread);
        done({});
      });
  wait_for_step();
}

// The first job that waits posts the step; the others are taken with it.
void LogMemory::wait_for_step() {
  if (waiting_->jobs.size() > 1) return;
  executor_.post([this, waiting = waiting_] {
    if (!waiting->closed) step();
  });
}

// Writes all waiting jobs in order; the appends up to the next `write` are one commit.
void LogMemory::step() {
  auto jobs = std::exchange(waiting_->jobs, {});
  MUST(!jobs.empty());  // the first job posts the step
  std::vector<Committed> committed;
  std::vector<std::move_only_function<void()>> answers;
  auto report = [&] {
    MUST(committed.empty() || on_commit_);
    if (!committed.empty()) on_commit_(std::exchange(committed, {}));
    for (auto& answer : std::exchange(answers, {})) answer();
  };
  for (auto& job : jobs) {
    // A write may erase a thread, so its earlier entries are reported first.
    if (auto* other = std::get_if<std::move_only_function<void()>>(&job)) {
      report();
      (*other)();
      continue;
    }
    auto& asked = std::get<std::pair<Append, Done<Result<CommitNumber>>>>(job);
    const Append& append = asked.first;
    Result<CommitNumber> result = commit(asked.first);
    if (result) committed.push_back({append.thread, *result, append.entry});
    answers.emplace_back([done = std::move(asked.second), result]() mutable { done(result); });
  }
  report();
}

Result<CommitNumber> LogMemory::commit(Append& append) {
  auto& thread = threads_[append.thread];
  Timestamp end = thread.empty() ? Timestamp() : thread.rbegin()->first;
  if (end != append.expected)
    return fail(Kind::conflict, codes::conflict, "the thread has moved on");
  Timestamp at = append.entry->at;
  MUST(at > end);
  last_ = CommitNumber(last_.get() + 1);
  thread.emplace(at, StoredEntry{at, last_, std::move(append.bytes)});
  put(std::move(append.rows));
  return last_;
}

void LogMemory::put(std::vector<RowWrite> rows) {
  for (RowWrite& row : rows) {
    Rows& table = tables_[static_cast<std::size_t>(row.table)];
    if (row.stamp == RowWrite::Stamp::key) row.key += big_endian(last_.get());
    if (!row.value) {
      table.erase(row.key);
      continue;
    }
    if (row.stamp == RowWrite::Stamp::value) *row.value += big_endian(last_.get());
    table.insert_or_assign(std::move(row.key), std::move(*row.value));
  }
}

void LogMemory::erase(ThreadNumber thread) {
  threads_.erase(thread);
  Rows& snapshot = tables_[static_cast<std::size_t>(Table::views)];
  snapshot.erase(snapshot.lower_bound(big_endian(thread.get())),
                 snapshot.lower_bound(big_endian(thread.get() + 1)));
}

Result<std::vector<StoredEntry>> LogMemory::read(ThreadNumber thread, Timestamp after,
                                                 std::uint32_t entries_max,
                                                 std::size_t bytes_max) const {
  std::vector<StoredEntry> entries;
  auto found = threads_.find(thread);
  if (found == threads_.end()) return entries;
  std::size_t bytes = 0;
  for (auto it = found->second.upper_bound(after); it != found->second.end(); ++it) {
    if (entries.size() >= entries_max || (!entries.empty() && bytes >= bytes_max)) break;
    entries.push_back(it->second);
    bytes += it->second.bytes.size();
  }
  return entries;
}

void LogMemory::follow(OnCommit on_commit) {
  MUST(on_commit && !on_commit_);
  on_commit_ = std::move(on_commit);
}

Result<std::optional<std::string>> LogMemory::get(Table table, std::string_view key) const {
  const Rows& rows = tables_[static_cast<std::size_t>(table)];
  auto it = rows.find(key);
  if (it == rows.end()) return std::nullopt;
  return it->second;
}

Result<std::vector<std::pair<std::string, std::string>>> LogMemory::scan(const Scan& scan) const {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& row : tables_[static_cast<std::size_t>(scan.table)]) {
    if (!row.first.starts_with(scan.prefix)) continue;
    bool beyond =
        scan.direction == Direction::forward ? row.first > scan.after : row.first < scan.after;
    if (scan.after.empty() || beyond) found.push_back(row);
  }
  if (scan.direction == Direction::backward) std::ranges::reverse(found);
  if (found.size() > scan.rows_max) found.resize(scan.rows_max);
  return found;
}

}  // namespace lockstep
