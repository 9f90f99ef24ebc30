// SPDX-License-Identifier: Apache-2.0
// commit_queue.h: what waits for the disk.
//
// The engine strand puts appends in, the committer takes all that has gathered while it was
// flushing the former ones. This is one of the few places with a lock: nothing but moving values
// happens under it. It is bounded by number and bytes; beyond that `push` gives the job back.
//
// An erasure is taken alone: it counts the entries that it removes, so what was appended before it
// has to be in the tables by then.
//
// Lives on: `push` on any strand, `take` and `wait` on the committer's thread.
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
  std::vector<Row> rows;
  std::vector<ThreadNumber> erase;
  Done<Result<void>> done;
};

using CommitJob = std::variant<AppendJob, WriteJob>;

class CommitQueue {
 public:
  // Gives the job back if the queue is full.
  [[nodiscard]] std::optional<CommitJob> push(CommitJob job);

  // In order, at most about `limits::group_bytes_max` of them, at least one if there is one.
  [[nodiscard]] std::vector<CommitJob> take();

  enum class Woken { by_job, by_time, by_close };
  // Until there is a job, the time is over, or the queue is closed.
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
