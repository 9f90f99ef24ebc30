// SPDX-License-Identifier: Apache-2.0
// worker.h: a worker elsewhere, which claims runs of the agent `hands` and writes them.
//
// It knows a run by its claim alone: it asks for one over the network, writes steps with the text
// that it got, and renews the lease by empty batches. It dies, and comes back late with the same
// claim: then another one may have the run. A worker that takes a run over goes on behind what the
// former one wrote, or cuts it first.
//
// Lives on: the simulation's one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/alive.h"
#include "server/front/claims.h"
#include "tests/sim/line.h"
#include "tests/sim/producer.h"

namespace lockstep::sim {

class Worker {
 public:
  Worker(Network& network, std::string name, std::uint64_t seed);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Does nothing for a while; it keeps its claim.
  void go_away(Micros how_long);
  // From now on it hurries, so that everything comes to rest.
  void finish();
  [[nodiscard]] bool idle() const { return !work_; }

 private:
  // A claim, and what is written by it.
  struct Work {
    Claimed claim;
    Epoch epoch;
    Author author;
    std::vector<Step> steps;
    std::uint64_t acked = 0;
    bool was_away = false;
  };

  void later();
  void go_on();
  void ask();
  void ask_server();
  void claimed(const Claimed& claim, Epoch epoch);
  void cut_former(Work& work);
  void write();
  void send(const std::vector<Step>& steps, std::uint64_t work);
  void told(const std::vector<Step>& steps, Epoch epoch,
            const std::expected<ClaimedAck, StepRefusal>& answer, std::uint64_t work);
  void check_refusal(const Work& work, const StepRefusal& refusal);
  void answered(std::uint64_t seq);
  void refused(const StepRefusal& refusal);
  void wait_for_answer();

  Network& network_;
  std::string name_;
  Chance chance_;
  std::optional<Work> work_;
  std::uint64_t works_ = 0;     // claims so far: what belongs to an earlier one is late
  std::uint64_t waits_ = 0;     // requests so far
  std::uint64_t failures_ = 0;  // in a row
  Micros away_until_{0};
  bool in_flight_ = false;
  bool hurries_ = false;
  Alive alive_;
};

}  // namespace lockstep::sim
