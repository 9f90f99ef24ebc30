// SPDX-License-Identifier: Apache-2.0
#include "engine/live/outside_runs.h"

#include <algorithm>
#include <utility>

#include "engine/base/must.h"

namespace lockstep {
namespace {

constexpr std::uint32_t eighths_max = 8;

}  // namespace

OutsideRuns::OutsideRuns(Executor& executor, Silent silent)
    : executor_(executor), silent_(std::move(silent)) {}

void OutsideRuns::begins(ThreadNumber thread, One one) {
  MUST(one.silence_max.count() > 0);
  const auto [place, fresh] = runs_.insert_or_assign(thread, Watched{std::move(one), ++serials_});
  MUST(fresh);  // a thread has one running run
  wait(thread, place->second);
}

void OutsideRuns::ends(ThreadNumber thread, const RunId& run) {
  const auto found = runs_.find(thread);
  if (found != runs_.end() && found->second.one.run == run) runs_.erase(found);
}

void OutsideRuns::hears(ThreadNumber thread) {
  const auto found = runs_.find(thread);
  if (found != runs_.end()) found->second.eighths = 0;
}

void OutsideRuns::wait(ThreadNumber thread, const Watched& watched) {
  if (watched.one.silence_max == written_by_claims) return;
  const auto eighth = std::max(watched.one.silence_max / eighths_max, std::chrono::microseconds(1));
  executor_.post_after(
      eighth, alive_.guard([this, thread, serial = watched.serial] { look(thread, serial); }));
}

void OutsideRuns::look(ThreadNumber thread, std::uint64_t serial) {
  const auto found = runs_.find(thread);
  if (found == runs_.end() || found->second.serial != serial) return;
  Watched& watched = found->second;
  // The first eighth may have begun before the last step, so it does not count.
  const bool too_long = ++watched.eighths > eighths_max;
  if (too_long) watched.eighths = 0;
  wait(thread, watched);
  if (too_long) silent_(thread, One(watched.one));
}

}  // namespace lockstep
