// SPDX-License-Identifier: Apache-2.0
#include "engine/live/mending.h"

#include <utility>

#include "engine/base/limits.h"
#include "engine/base/must.h"

namespace lockstep {

Mending::Mending(Executor& executor, EndRuns end_runs)
    : executor_(executor), end_runs_(std::move(end_runs)) {}

void Mending::begin(std::vector<ThreadName> threads) {
  for (ThreadName& thread : threads) {
    if (threads_.try_emplace(thread).second) order_.push_back(std::move(thread));
  }
  go_on();
}

void Mending::first(const ThreadName& thread, Done<void> done) {
  MUST(awaits(thread));
  threads_.at(thread).dones.push_back(std::move(done));
  mend(thread);
}

// One thread a turn of the strand, so that other requests run in between.
void Mending::go_on() {
  if (scheduled_ || order_.empty() || in_flight_ >= limits::mends_in_flight_max) return;
  scheduled_ = true;
  executor_.post(alive_.guard([this] {
    scheduled_ = false;
    if (order_.empty()) return;
    const ThreadName next = std::move(order_.front());
    order_.pop_front();
    if (threads_.contains(next)) mend(next);
    go_on();
  }));
}

void Mending::mend(const ThreadName& thread) {
  One& one = threads_.at(thread);
  if (std::exchange(one.begun, true)) return;
  ++in_flight_;
  end_runs_(thread, alive_.guard([this, thread] { mended(thread); }));
}

void Mending::mended(const ThreadName& thread) {
  MUST(in_flight_ > 0);
  --in_flight_;
  const auto found = threads_.find(thread);
  MUST(found != threads_.end() && found->second.begun);
  std::vector<Done<void>> dones = std::move(found->second.dones);
  threads_.erase(found);
  for (Done<void>& done : dones) executor_.post(std::move(done));
  go_on();
}

}  // namespace lockstep
