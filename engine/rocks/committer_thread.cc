// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/committer_thread.h"

#include <chrono>

#include "engine/rocks/limits.h"

namespace lockstep {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds witness_interval{1000};
constexpr std::chrono::milliseconds rest_interval = std::chrono::seconds(limits::rest_look_seconds);
static_assert(witness_interval < rest_interval, "a wait for a rest never delays the witness");

}  // namespace

CommitterThread::CommitterThread(CommitQueue& queue, Committer& committer)
    : queue_(queue), committer_(committer), thread_([this] { run(); }) {}

CommitterThread::~CommitterThread() {
  queue_.close();
  thread_.join();
}

void CommitterThread::run() {
  auto synced = SteadyClock::now();
  auto rested = synced;
  while (true) {
    const std::chrono::milliseconds time =
        committer_.witness_moved() ? witness_interval : rest_interval;
    auto woken = queue_.wait(time);
    if (woken == CommitQueue::Woken::by_close) break;
    // False although a job was waiting: the disk has failed, and nothing can be committed any more.
    if (woken == CommitQueue::Woken::by_job && !committer_.run_once()) return;
    auto now = SteadyClock::now();
    if (now - synced >= witness_interval) {
      committer_.sync_witness();
      synced = now;
    }
    if (now - rested >= rest_interval) {
      committer_.rest();
      rested = now;
    }
  }
  committer_.sync_witness();
}

}  // namespace lockstep
