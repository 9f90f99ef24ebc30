// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/committer_thread.h"

#include <chrono>

#include "engine/rocks/limits.h"

namespace lockstep {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds mark_interval{1000};
constexpr std::chrono::milliseconds rest_interval = std::chrono::seconds(limits::rest_look_seconds);

}  // namespace

CommitterThread::CommitterThread(CommitQueue& queue, Committer& committer)
    : queue_(queue), committer_(committer), thread_([this] { run(); }) {}

CommitterThread::~CommitterThread() {
  queue_.close();
  thread_.join();
}

void CommitterThread::run() {
  auto synced = Clock::now();
  auto rested = synced;
  while (true) {
    const std::chrono::milliseconds time = committer_.mark_moved() ? mark_interval : rest_interval;
    auto woken = queue_.wait(time);
    if (woken == CommitQueue::Woken::by_close) break;
    // False with a job waiting means that the disk has failed: then only the end is left to wait
    // for.
    if (woken == CommitQueue::Woken::by_job && !committer_.run_once()) return;
    auto now = Clock::now();
    if (now - synced >= mark_interval) {
      committer_.sync_mark();
      synced = now;
    }
    if (now - rested >= rest_interval) {
      committer_.rest();
      rested = now;
    }
  }
  committer_.sync_mark();
}

}  // namespace lockstep
