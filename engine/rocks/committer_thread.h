// SPDX-License-Identifier: Apache-2.0
// committer_thread.h: the thread that waits for the disk.
//
// It sleeps until something waits to be committed, commits, and once a second makes the mark
// survive a power cut; now and then the disk may give memory back. It is the one place of the
// engine that looks at a steady clock: its times are no part of any answer, and no state depends on
// them. When it ends, what still waits is dropped unacknowledged.
//
// Lives on: itself; made and ended by the engine strand.
#pragma once

#include <thread>

#include "engine/rocks/committer.h"

namespace lockstep {

class CommitterThread {
 public:
  // Requires: both live longer than this, and nobody else runs the committer meanwhile.
  CommitterThread(CommitQueue& queue, Committer& committer);
  ~CommitterThread();
  CommitterThread(const CommitterThread&) = delete;
  CommitterThread& operator=(const CommitterThread&) = delete;

 private:
  void run();

  CommitQueue& queue_;
  Committer& committer_;
  std::thread thread_;
};

}  // namespace lockstep
