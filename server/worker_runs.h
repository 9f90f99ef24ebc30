// SPDX-License-Identifier: Apache-2.0
// worker_runs.h: runs that workers elsewhere claim and write, and the leases of the claims.
//
//   started ──> claimable ──claim──> claiming ──durable──> claimed ──its last step──> over
//                 │  ^ ^                │                   │   ^
//                 │  │ └────refused─────┘          silence  │   │ steps of the former worker, while
//                 │  └──────────────────────────────────────┘   │ nobody else has claimed it
//                 └─────────────────────────────────────────────┘
//
// A claim raises the run's attempt (engine/rules/attempt.h), which fences the former worker; only
// when that is durable, the worker is answered. Each batch of steps renews the lease, an empty one
// too. A lease that runs out makes the run claimable again, or ends it `interrupted`, as the agent
// says; after so many claims as the agent allows it ends `failed` (`worker_lost`). A run that no
// worker claims in time ends `failed` (`no_worker`), and one whose agent was removed from the
// configuration, before a worker had it, `interrupted` (`unknown_agent`).
//
// The log holds the attempt and the secret of the claim with its lease; the rest is here, in
// memory. After a restart each run that was claimed has its lease again, from its beginning, and
// the others have the whole time for a claim. A lease is measured by eight ticks, so that renewing
// sets no timer: it lasts as long as was asked, and at most an eighth longer.
//
// Lives on: the engine strand. It must outlive the engine, whose host it is through the driver.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/base/alive.h"
#include "engine/base/executor.h"
#include "engine/base/memory.h"
#include "engine/base/time.h"
#include "engine/live/engine.h"
#include "server/base/log_line.h"
#include "server/claim_pool.h"
#include "server/front/claims.h"

namespace lockstep {

// What an agent of kind `worker` says of its runs.
struct WorkerRules {
  std::chrono::microseconds claim_max = limits::claim_time_without_agent;
  bool retries = true;  // a lost run may be claimed again
  std::uint32_t attempts_max = 1;
};

class WorkerRuns final : public RunHost, public Claims {
 public:
  struct Parts {
    Executor& executor;
    Clock& clock;
    Random& random;
    LineLog& log;
    // Nothing: the agent is gone, or of another kind.
    std::function<std::optional<WorkerRules>(const AgentName& agent)> rules_of;
    MemoryAccount* memory = nullptr;
  };
  explicit WorkerRuns(Parts parts) : parts_(std::move(parts)) {}
  ~WorkerRuns() override = default;
  WorkerRuns(const WorkerRuns&) = delete;
  WorkerRuns& operator=(const WorkerRuns&) = delete;

  // Requires: called right after the engine was opened.
  void connect(Engine& engine) { engine_ = &engine; }
  // The engine ends: nothing calls it after this.
  void disconnect();
  [[nodiscard]] AgentLoad load(const AgentName& agent) const { return pool_.load(agent); }

  void started(const AgentName& agent, Context context, std::uint32_t attempt) override;
  void ended(const ThreadName& thread, const Run& run) override;
  void outlived(const ThreadName& thread, const RunId& run, Outlived was) override;

  std::uint64_t claim(Waiting waiting) override;
  void cancel(std::uint64_t number) override;
  [[nodiscard]] std::expected<ClaimedRun, StepRefusal> run_of(const std::string& claim,
                                                              const May& may) override;
  void write(Writing writing, Done<std::expected<ClaimedAck, StepRefusal>> done) override;
  [[nodiscard]] bool waits(const ThreadName& thread, const RunId& run) const override;
  // Runs that wait for workers of an agent that is gone end, too.
  void settings_changed() override;
  void stop() override;
  [[nodiscard]] Counts counts() const override;

 private:
  enum class State : std::uint8_t { claimable, claiming, claimed, ending };
  struct Known {
    ThreadName thread;
    RunId run;
    AgentName agent;
    std::uint32_t attempt = 1;
    State state = State::claimable;
    std::chrono::microseconds lease{};
    std::string worker{};       // the name that it gave; empty: none, or from before a restart
    std::uint32_t eighths = 0;  // of silence
    std::uint64_t serial = 0;   // a timer with another serial stops
  };
  struct Waiter {
    std::uint64_t number = 0;
    Waiting waiting;
  };
  // A claim on its way to the log.
  struct Claiming {
    std::string key;
    ClaimSecret secret{};
    Waiter waiter;
  };
  using Answer = std::expected<StepAck, StepRefusal>;

  [[nodiscard]] static std::string key_of(const ThreadName& thread, const RunId& run);
  [[nodiscard]] static Error stopping();

  Known& add(const ThreadName& thread, const RunId& run, const Outlived& was);
  void lease_again(const std::string& key);
  void offer(const std::string& key, Known& known);
  void match_later();
  void match();
  void begin(const std::string& key, Waiter waiter);
  void begun(Claiming claiming, const Answer& answer);
  void not_begun(Claiming claiming, const StepRefusal& refusal);
  void wait_again(Waiter waiter);
  void answer(Waiter waiter, Result<std::optional<Claimed>> result);
  void hold(const std::string& key, Known& known);
  void tick(const std::string& key);
  void lost(const std::string& key);
  void unclaimed(const std::string& key, std::uint64_t serial);
  void end(const std::string& key, RunStatus status, RunError error);
  void forget(const std::string& key);
  [[nodiscard]] std::optional<StepRefusal> refusal(const ClaimName& claim, const May& may,
                                                   Engine::ClaimState& state) const;
  Timestamp renew(const ClaimName& claim);
  [[nodiscard]] std::optional<Error> refusal(const Waiting& waiting) const;
  void end_without_agent(const std::string& key, const Known& known);
  void tell(std::string_view event, const Known& known) const;

  Parts parts_;
  Engine* engine_ = nullptr;
  ClaimPool pool_;
  std::unordered_map<std::string, Known> known_;  // by owner, thread, run
  std::deque<Waiter> waiters_;
  std::uint64_t serials_ = 0;
  std::uint64_t numbers_ = 0;
  Counts counts_;
  bool matches_ = false;  // `match` is posted
  bool stopping_ = false;
  Alive alive_;
};

}  // namespace lockstep
