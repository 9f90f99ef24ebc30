// SPDX-License-Identifier: Apache-2.0
// committer_thread.h: the thread that waits for the disk.
//
// It sleeps until a job waits, commits, and once a second makes the witness survive a power cut;
// every `limits::rest_look_seconds` it lets the disk give memory back. It is the one place of the
// engine that reads a steady clock: no answer and no state depends on its times. When it ends, it
// drops the jobs that still wait, unacknowledged.
//
// Lives on: its own thread; the engine strand creates and destroys it.
#pragma once

#include <thread>

#include "engine/rocks/committer.h"

namespace lockstep {

class CommitterThread {
 public:
  // Requires: both live longer than this, and no other thread runs the committer meanwhile.
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
