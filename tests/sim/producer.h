// SPDX-License-Identifier: Apache-2.0
// producer.h: the writers of runs: models inside the server's process, and back ends outside.
//
// A model starts when the server's run driver calls it, writes at its own pace, stops during a
// pause, stalls, fails, and dies with the process or when the driver drops it. A back end outside
// (agent `push`) knows its run from the request of its own front. It sends its steps over the
// network again until it has the ack. At times it forgets its acks, and pauses for a while.
//
// Lives on: the simulation's one thread.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/alive.h"
#include "engine/rules/producer.h"
#include "tests/sim/line.h"

namespace lockstep::sim {

// Makes sensible steps, one after another, until the run's end.
class Author {
 public:
  Author(RunId run, std::uint64_t seed);
  // Appends the next step. Requires: not over.
  void go_on(std::vector<Step>& steps);
  [[nodiscard]] bool over() const { return over_; }

 private:
  struct Open {
    MessageId id;
    std::uint32_t parts = 0;
    bool half_call = false;
    bool growing = false;
    std::optional<std::uint32_t> call = {};  // the last one, whole and not spoken of again
    std::string call_id = {};
  };
  std::string word();
  decltype(Step::what) begin_call(Open& message, std::uint64_t seq);
  decltype(Step::what) speak_of_call(Open& message);
  Finish finish();

  RunId run_;
  Chance chance_;
  std::vector<Open> open_;
  std::uint64_t length_;  // so many steps, about
  std::size_t repeats_;   // each word so many times
  std::uint64_t words_ = 0;
  bool over_ = false;
};

class Producer {
 public:
  // `writer`: the run driver's, for a model; null: the producer is outside.
  Producer(Network& network, ThreadName thread, RunId run, StepWriter* writer, std::uint64_t seed);
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // A model: the driver has let it go, or the process has died; it may go on.
  void stop() { stopped_ = true; }
  void resume();
  // Writes nothing for a while; outside, it forgets its acks too, even the last one.
  void go_away(Micros how_long);
  // Hurries to its end.
  void finish();
  [[nodiscard]] bool over() const { return stopped_ || given_up_; }
  [[nodiscard]] const RunId& run() const { return run_; }

 private:
  void later();
  void go_on();
  void write();
  void send(StepBatch batch);
  void answered(const StepBatch& batch, const std::expected<StepAck, StepRefusal>& answer);
  void write_inside();
  // --- Steps of others in its name (strangers.cc)
  void forge(StepBatch batch);
  void blunder();
  void write_astray(StepBatch batch, std::set<std::string> codes,
                    std::function<void(const std::string&)> told = {});
  void refused(const StepRefusal& refusal);
  // Gives the truth all steps that it ever wrote.
  void tell_truth();

  Network& network_;
  ThreadName thread_;
  RunId run_;
  StepWriter* writer_;
  Chance chance_;
  Author author_;
  std::vector<Step> steps_;
  std::uint64_t acked_ = 0;
  std::uint64_t failures_ = 0;
  Micros away_until_{0};
  bool in_flight_ = false;
  std::uint64_t attempt_ = 0;  // of sending: an answer of an earlier one is late
  bool stopped_ = false;
  bool all_said_ = false;  // and acknowledged
  bool given_up_ = false;
  bool hurries_ = false;
  bool paused_ = false;  // a model, by its driver
  Alive alive_;
};

}  // namespace lockstep::sim
