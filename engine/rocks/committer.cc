// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/committer.h"

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/limits.h"

namespace lockstep {

struct Committer::Group {
  using Answer = std::move_only_function<void()>;

  LogTail tail;
  KvBatch batch;
  std::vector<Committed> committed;
  std::vector<Answer> answers;
};

namespace {

void put_rows(std::vector<RowWrite> rows, CommitNumber commit, KvBatch& batch) {
  for (RowWrite& row : rows) {
    KvTable table = kv_table(row.table);
    if (row.stamp == RowWrite::Stamp::key) row.key += encode_number(commit.get());
    if (!row.value) {
      batch.erase(table, std::move(row.key));
      continue;
    }
    if (row.stamp == RowWrite::Stamp::value) *row.value += encode_number(commit.get());
    batch.put(table, std::move(row.key), std::move(*row.value));
  }
}

bool is_stamped(const std::vector<RowWrite>& rows) {
  for (const RowWrite& row : rows) {
    if (row.stamp != RowWrite::Stamp::none) return true;
  }
  return false;
}

}  // namespace

Committer::Committer(Parts parts, CommitQueue& queue, std::shared_ptr<Delivery> delivery,
                     LogTail tail)
    : parts_(parts), queue_(queue), delivery_(std::move(delivery)), tail_(tail) {}

bool Committer::run_once() {
  if (parts_.fail_stop.happened()) return false;
  std::vector<CommitJob> jobs = queue_.take();
  if (jobs.empty()) return false;
  Group group;
  group.tail = tail_;
  for (CommitJob& job : jobs) {
    std::visit([this, &group](auto& some) { add(std::move(some), group); }, job);
  }
  // Every number that was taken is written down: else a restart would give it a second time.
  MUST(group.tail.last.get() >= tail_.last.get() + group.committed.size());
  MUST(!group.batch.empty() || group.tail == tail_);
  if (!group.batch.empty() && !flush(group)) return false;
  tail_ = group.tail;
  deliver(std::move(group));
  return true;
}

void Committer::add(AppendJob job, Group& group) {
  Append& append = job.append;
  MUST(append.thread != ThreadNumber());
  Timestamp at = append.entry->at;
  auto answer = [&group, &job](Result<CommitNumber> result) {
    group.answers.emplace_back(
        [done = std::move(job.done), result = std::move(result)]() mutable { done(result); });
  };
  Result<Timestamp> end = end_of(append.thread);
  if (!end) return answer(std::unexpected(end.error()));
  if (*end != append.expected) {
    return answer(fail(Kind::conflict, codes::conflict, "the thread has moved on"));
  }
  MUST(at > append.expected);
  // From here on `ends_` and the tail are ahead of the disk. That is safe: if the flush fails, this
  // committer never commits again.
  CommitNumber commit(group.tail.last.get() + 1);
  LogKey key{append.thread, at};
  group.batch.put(KvTable::log, encode_key(key),
                  encode_value(key, {commit, append.expected, append.bytes}));
  put_rows(std::move(append.rows), commit, group.batch);
  group.tail.last = commit;
  group.tail.entry = key;
  ends_[append.thread] = at;
  group.committed.push_back({append.thread, commit, std::move(append.entry)});
  answer(commit);
}

void Committer::add(WriteJob job, Group& group) {
  std::uint64_t erased = 0;
  Result<void> result;
  for (ThreadNumber thread : job.erase) {
    Result<std::uint64_t> count = count_entries(thread);
    if (!count) {
      result = std::unexpected(count.error());
      break;
    }
    erased += *count;
  }
  if (result) {
    // A stamped write takes a number of its own, so that a feed can tell one deletion from the
    // next. No entry has that number, so the tail names none: a start that looked for commit `last`
    // in the former entry would call the log damaged. A start does not read `without`. `verify`
    // does: it counts the numbers that no entry has, and more of them than `without` are lost
    // entries; a salvage bridges a gap between write-ahead logs only by so many.
    if (is_stamped(job.rows)) {
      group.tail.last = CommitNumber(group.tail.last.get() + 1);
      group.tail.entry = {};
      ++group.tail.without;
    }
    put_rows(std::move(job.rows), group.tail.last, group.batch);
    for (ThreadNumber thread : job.erase) {
      group.batch.erase_range(KvTable::log, thread_begin(thread), thread_end(thread));
      group.batch.erase_range(KvTable::views, thread_begin(thread), thread_end(thread));
      ends_.erase(thread);
      // The last commit's entry goes too: the next start must not miss it.
      if (group.tail.entry.thread == thread) group.tail.entry = {};
    }
    group.tail.without += erased;
  }
  group.answers.emplace_back(
      [done = std::move(job.done), result = std::move(result)]() mutable { done(result); });
}

Result<Timestamp> Committer::end_of(ThreadNumber thread) {
  if (auto it = ends_.find(thread); it != ends_.end()) return it->second;
  TRY_LET(rows, parts_.kv.scan({.table = KvTable::log,
                                .begin = thread_begin(thread),
                                .end = thread_end(thread),
                                .direction = Direction::backward,
                                .rows_max = 1,
                                .bytes_max = 1}));
  Timestamp end;
  if (!rows.empty()) {
    auto key = decode_key(rows.front().first);
    if (!key) return fail(Kind::corrupt, codes::corrupt, "a key of the log has a wrong length");
    end = key->at;
  }
  // Dropping all ends is rare and only costs look-ups; an order of use would cost every append.
  if (ends_.size() >= limits::thread_ends_max) ends_.clear();
  ends_[thread] = end;
  return end;
}

// Their numbers lose their entries: the tail has to account for them.
Result<std::uint64_t> Committer::count_entries(ThreadNumber thread) const {
  std::uint64_t count = 0;
  std::string begin = thread_begin(thread);
  while (true) {
    TRY_LET(rows, parts_.kv.scan({.table = KvTable::log,
                                  .begin = begin,
                                  .end = thread_end(thread),
                                  .rows_max = limits::walk_rows_max,
                                  .bytes_max = limits::walk_bytes_max}));
    if (rows.empty()) return count;
    count += rows.size();
    begin = rows.back().first + '\0';
  }
}

bool Committer::flush(Group& group) {
  MUST(!group.batch.empty());
  group.batch.put(KvTable::meta, std::string(tail_key), encode_tail(group.tail));
  if (auto written = parts_.kv.commit(group.batch); !written) {
    parts_.fail_stop.stop("a commit failed: " + written.error().detail);
    return false;
  }
  // After the commit, never before it: a witness above the database means lost commits.
  if (auto noted = parts_.witness.write(group.tail.last); !noted) {
    parts_.fail_stop.stop("the side file can't be written: " + noted.error().detail);
    return false;
  }
  witness_moved_ = true;
  return !parts_.fail_stop.happened();
}

void Committer::sync_witness() {
  if (!witness_moved_ || parts_.fail_stop.happened()) return;
  if (auto synced = parts_.witness.sync(); !synced) {
    parts_.fail_stop.stop("the side file can't be flushed: " + synced.error().detail);
    return;
  }
  witness_moved_ = false;
}

void Committer::deliver(Group group) {
  parts_.executor.post([delivery = delivery_, group = std::move(group)]() mutable {
    if (delivery->closed) return;
    MUST(delivery->last <= group.tail.last);
    delivery->last = group.tail.last;
    if (!group.committed.empty()) {
      MUST(delivery->on_commit);
      delivery->on_commit(group.committed);
    }
    for (auto& answer : group.answers) {
      if (delivery->closed) return;  // an answer may destroy the log
      answer();
    }
  });
}

}  // namespace lockstep
