// SPDX-License-Identifier: Apache-2.0
// commit_queue.h: the jobs that wait for the disk.
//
// The engine strand pushes jobs; the committer takes all jobs that gathered while it was flushing
// the former ones. This is one of the few places with a lock: under it values are only moved. The
// queue is bounded in number and bytes (backpressure); beyond the bounds `push` gives the job back.
//
// `take` returns an erasure alone: the committer counts the entries that the erasure removes, so
// all earlier appends must be in the tables by then.
//
// Lives on: `push` on any thread, `take` and `wait` on the committer's thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "engine/store/log.h"

namespace lockstep {

struct AppendJob {
  Append append;
  Done<Result<CommitNumber>> done;
};

struct WriteJob {
  std::vector<RowWrite> rows;
  std::vector<ThreadNumber> erase;
  Done<Result<void>> done;
};

using CommitJob = std::variant<AppendJob, WriteJob>;

class CommitQueue {
 public:
  // Gives the job back if the queue is full.
  [[nodiscard]] std::optional<CommitJob> push(CommitJob job);

  // The next jobs in order: about `limits::group_bytes_max` bytes, at least one job if there is
  // one.
  [[nodiscard]] std::vector<CommitJob> take();

  enum class Woken { by_job, by_time, by_close };
  // Waits until there is a job, the time is over, or the queue is closed.
  [[nodiscard]] Woken wait(std::optional<std::chrono::milliseconds> time);

  void close();

 private:
  struct Waiting {
    CommitJob job;
    std::size_t bytes;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> jobs_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace lockstep
