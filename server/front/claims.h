// SPDX-License-Identifier: Apache-2.0
// claims.h: the interface of claims: how workers get runs, and write them.
//
// The front reads and answers requests of workers; what may be claimed, and until when, is decided
// behind this interface (server/worker_runs.h), which no front includes.
//
// Lives on: the engine strand. `Done`s are called there, never from within the call that took them.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/executor.h"
#include "engine/base/result.h"
#include "engine/rules/step.h"
#include "server/codec/claim_codec.h"

namespace lockstep {

// A run that a worker has claimed. The raised attempt is durable.
struct Claimed {
  std::string claim;
  ThreadName thread;
  RunId run;
  std::uint32_t attempt = 0;
  Timestamp lease_until;
};

// The run that a claim names, while it goes on and no other claim has it.
struct ClaimedRun {
  ThreadName thread;
  RunId run;
};

// The steps are durable, or there were none; the lease is renewed.
struct ClaimedAck {
  StepAck ack;
  Timestamp lease_until;
};

class Claims {
 public:
  virtual ~Claims() = default;

  struct Waiting {
    ClaimAsked asked;
    // Is the worker still there? Asked before it gets a run.
    std::function<bool()> wanted;
    // Why it may not claim any more; null: it always may. Asked with `wanted`.
    std::function<std::optional<Error>()> refusal{};
    // Nothing: no run came within the time that was asked for.
    Done<Result<std::optional<Claimed>>> done;
  };
  // Returns the number with which it can be cancelled. Fails with `too_many`, `stopping`,
  // `unknown_agent` (no worker writes the runs of such an agent), and as `Waiting::refusal` says.
  virtual std::uint64_t claim(Waiting waiting) = 0;
  // The worker waits no more: `done` is not called. Does nothing if it has been called.
  virtual void cancel(std::uint64_t number) = 0;

  struct Writing {
    std::string claim;  // as the worker sent it
    std::function<bool(const AgentName& agent)> may;
    std::vector<Step> steps;           // may be none: then the lease is renewed
    std::optional<Error> unread = {};  // the steps could not be read
  };
  using May = std::function<bool(const AgentName& agent)>;
  // Renews no lease. A claim that is not valid, or over, is `fenced`, whatever it names.
  [[nodiscard]] virtual std::expected<ClaimedRun, StepRefusal> run_of(const std::string& claim,
                                                                      const May& may) = 0;
  // Fails as steps do. A claim that is not valid, or no longer, is `fenced`, whatever it names.
  virtual void write(Writing writing, Done<std::expected<ClaimedAck, StepRefusal>> done) = 0;

  // Does the run wait for a worker?
  [[nodiscard]] virtual bool waits(const ThreadName& thread, const RunId& run) const = 0;
  // Tokens or agents have changed: the workers that may wait no longer are told at once.
  virtual void settings_changed() = 0;
  // Answers all workers that wait, with `stopping`.
  virtual void stop() = 0;

  struct Counts {
    std::uint64_t claimable = 0;  // now
    std::uint64_t claimed = 0;    // now
    std::uint64_t claims = 0;     // since the start
    std::uint64_t lost = 0;       // leases that ran out, since the start
  };
  [[nodiscard]] virtual Counts counts() const = 0;
};

}  // namespace lockstep
