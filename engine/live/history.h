// SPDX-License-Identifier: Apache-2.0
// history.h: reads a thread's earlier entries and states.
//
// A state keeps no history; the log does. The functions here read the entries after a timestamp
// (from the tail in memory if the thread is followed, else from the log) and compute from them the
// past of a request, an earlier state, the entries that a follower lacks, or when a step was taken.
//
// They check bytes from the disk: an entry that can't be read, or that does not name the one before
// it, is the error `corrupt`, which is reported (damage_report.h).
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/live/damage_report.h"
#include "engine/live/hub.h"
#include "engine/live/metrics.h"
#include "engine/rules/past.h"
#include "engine/rules/state.h"
#include "engine/rules/step.h"
#include "engine/rules/step_match.h"
#include "engine/store/log.h"
#include "engine/store/store.h"

namespace lockstep {

struct LiveThread;
using Entries = std::vector<std::shared_ptr<const Entry>>;

class History {
 public:
  History(const Log& log, const Store& store, const Hub& hub, Metrics& metrics,
          DamageReport& damage);
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // The entries right after `after`: about `bytes_max`, at least one entry if there is one.
  [[nodiscard]] Result<Slice> slice(const LiveThread& thread, Timestamp after,
                                    std::size_t bytes_max) const;
  // All entries after `after`.
  [[nodiscard]] Result<Entries> since(const LiveThread& thread, Timestamp after) const;
  // State(at). Folds from the stored snapshot if it is old enough, else the log from its start.
  [[nodiscard]] Result<ThreadState> state_at(const LiveThread& thread, Timestamp at) const;
  // The digest of the head's path in State(at); nothing if there was no head.
  [[nodiscard]] Result<std::optional<Hash>> digest_at(LiveThread& thread, Timestamp at) const;
  // When the step `seq` of a run's attempt became durable. Requires: it was taken.
  [[nodiscard]] Result<Timestamp> step_at(const LiveThread& thread, const RunId& run,
                                          std::uint64_t seq) const;
  // Are these the steps that were taken, as far as the log shows? Requires: the run's attempt has
  // taken steps of these numbers, and they have no gaps.
  [[nodiscard]] Result<StepMatch> match(const LiveThread& thread, const RunState& row,
                                        std::span<const Step> steps) const;

 private:
  [[nodiscard]] std::unexpected<Error> damaged(const LiveThread& thread, std::string why) const;

  const Log& log_;
  const Store& store_;
  const Hub& hub_;
  Metrics& metrics_;
  DamageReport& damage_;
};

[[nodiscard]] Past past_of(const ThreadState& now, const Entries& entries, Timestamp since);

}  // namespace lockstep
