// SPDX-License-Identifier: Apache-2.0
// committer.h: one batch and one flush for all threads.
//
//   take the waiting jobs -> check where each thread ends -> number -> one batch, one flush
//        -> the witness -> one task for the engine strand: on_commit, then the answers in order
//
// While the committer flushes one group, the next group gathers; there are no timers. A commit
// number counts only once it is durable: after a failure of the disk no caller gets an answer
// (fail_stop.h).
//
// The committer has no thread of its own: in the server CommitterThread drives it, in tests and the
// simulator the test does, step by step.
//
// Lives on: the thread of its driver; one call at a time.
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

// The receiver of commits. Lives on: the engine strand.
struct Delivery {
  Log::OnCommit on_commit;
  CommitNumber last;
  bool closed = false;  // the log is destroyed: nothing is delivered any more
};

class Committer {
 public:
  struct Parts {
    Kv& kv;
    CommitWitness& witness;
    FailStop& fail_stop;
    Executor& executor;
  };

  Committer(Parts parts, CommitQueue& queue, std::shared_ptr<Delivery> delivery, LogTail tail);
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Commits one group. False if no job was waiting, or if the disk has failed.
  bool run_once();

  // Makes the witness survive a power cut too; does nothing if it has not moved since the last
  // call.
  void sync_witness();
  [[nodiscard]] bool witness_moved() const { return witness_moved_; }

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
  bool witness_moved_ = false;
};

}  // namespace lockstep
