// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/commit_queue.h"

#include "engine/base/must.h"
#include "engine/rocks/limits.h"

namespace lockstep {
namespace {

std::size_t bytes_of(const std::vector<RowWrite>& rows) {
  std::size_t bytes = 0;
  for (const RowWrite& row : rows) bytes += row.key.size() + (row.value ? row.value->size() : 0);
  return bytes;
}

std::size_t bytes_of(const CommitJob& job) {
  if (const auto* append = std::get_if<AppendJob>(&job)) {
    return append->append.bytes.size() + bytes_of(append->append.rows);
  }
  return bytes_of(std::get<WriteJob>(job).rows);
}

bool erases(const CommitJob& job) {
  const auto* write = std::get_if<WriteJob>(&job);
  return write != nullptr && !write->erase.empty();
}

}  // namespace

std::optional<CommitJob> CommitQueue::push(CommitJob job) {
  std::size_t bytes = bytes_of(job);
  {
    std::lock_guard lock(mutex_);
    // An empty queue takes a job of any size: refused, it could never be written.
    bool full = jobs_.size() >= limits::commit_queue_jobs_max ||
                (!jobs_.empty() && bytes_ + bytes > limits::commit_queue_bytes_max);
    if (full) return job;
    jobs_.push_back({std::move(job), bytes});
    bytes_ += bytes;
  }
  changed_.notify_one();
  return std::nullopt;
}

std::vector<CommitJob> CommitQueue::take() {
  std::vector<CommitJob> taken;
  std::size_t bytes = 0;
  std::lock_guard lock(mutex_);
  while (!jobs_.empty()) {
    Waiting& next = jobs_.front();
    MUST(next.bytes <= bytes_);
    if (!taken.empty() && (erases(next.job) || bytes + next.bytes > limits::group_bytes_max)) break;
    bytes += next.bytes;
    bytes_ -= next.bytes;
    taken.push_back(std::move(next.job));
    jobs_.pop_front();
    if (erases(taken.back())) break;
  }
  MUST(!jobs_.empty() || bytes_ == 0);
  return taken;
}

CommitQueue::Woken CommitQueue::wait(std::optional<std::chrono::milliseconds> time) {
  std::unique_lock lock(mutex_);
  auto ready = [this] { return closed_ || !jobs_.empty(); };
  if (time) {
    if (!changed_.wait_for(lock, *time, ready)) return Woken::by_time;
  } else {
    changed_.wait(lock, ready);
  }
  return closed_ ? Woken::by_close : Woken::by_job;
}

void CommitQueue::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_one();
}

}  // namespace lockstep
