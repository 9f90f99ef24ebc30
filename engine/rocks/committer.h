// SPDX-License-Identifier: Apache-2.0
// committer.h: one batch and one flush for all threads.
//
//   take what has gathered -> check where each thread ends -> number -> one batch, one flush
//        -> the mark -> one task for the engine strand: on_commit, then the answers in order
//
// While one group is being flushed the next gathers; there are no timers. Only what is durable is
// numbered for good: after a failure of the disk nothing is answered any more (fail_stop.h).
//
// The committer knows no thread: CommitterThread drives it in the server, a test or the simulator
// step by step.
//
// Lives on: whoever calls `run_once`, one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/base/executor.h"
#include "engine/rocks/commit_queue.h"
#include "engine/rocks/fail_stop.h"
#include "engine/rocks/kv.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/store/log.h"

namespace lockstep {

// Where commits are delivered. Lives on: the engine strand.
struct Delivery {
  Log::OnCommit on_commit;
  CommitNumber last;
  bool closed = false;  // the log is gone: nobody waits any more
};

class Committer {
 public:
  struct Parts {
    Kv& kv;
    Mark& mark;
    FailStop& fail_stop;
    Executor& executor;
  };

  Committer(Parts parts, CommitQueue& queue, std::shared_ptr<Delivery> delivery, LogTail tail);
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Commits one group. False if nothing was waiting, or if the disk has failed.
  bool run_once();

  // Makes the mark survive a power cut too; does nothing if it has not moved since.
  void sync_mark();
  [[nodiscard]] bool mark_moved() const { return mark_moved_; }

  // Lets the disk give memory back (kv.h). Called every `rest_look_seconds`.
  void rest() { parts_.kv.rest(); }

 private:
  struct Group;

  void add(AppendJob job, Group& group);
  void add(WriteJob job, Group& group);
  [[nodiscard]] Result<Timestamp> end_of(ThreadNumber thread);
  [[nodiscard]] Result<std::uint64_t> count_entries(ThreadNumber thread) const;
  [[nodiscard]] bool flush(Group& group);
  void deliver(Group group);

  Parts parts_;
  CommitQueue& queue_;
  std::shared_ptr<Delivery> delivery_;
  LogTail tail_;
  std::unordered_map<ThreadNumber, Timestamp> ends_;
  bool mark_moved_ = false;
};

}  // namespace lockstep
