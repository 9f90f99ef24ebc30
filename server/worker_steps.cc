// SPDX-License-Identifier: Apache-2.0
// worker_steps.cc: the steps of workers, by their claims.
#include <utility>

#include "engine/base/codes.h"
#include "engine/rules/sizes.h"
#include "server/claim_secret.h"
#include "server/worker_runs.h"

namespace lockstep {
namespace {

StepRefusal claim_is_over() {
  return StepRefusal::of({Kind::conflict, codes::fenced,
                          "the claim is over: another one has the run, or the store was restored"});
}

Error wrong_claim() {
  return {Kind::rejected, codes::invalid, "the claim must be as the server gave it"};
}

}  // namespace

// All that is not this claim, now, is told the same: the answer says nothing of other threads.
std::optional<StepRefusal> WorkerRuns::refusal(const ClaimName& claim, const May& may,
                                               Engine::ClaimState& state) const {
  StepRefusal fenced = claim_is_over();
  if (claim.epoch != engine_->epoch()) return fenced;
  auto found = engine_->claim_state(claim.thread, claim.run);
  if (!found && found.error().kind == Kind::overloaded) return StepRefusal::of(found.error());
  if (!found || found->attempt != claim.attempt || !is_secret_of(claim.secret, found->claim)) {
    return fenced;
  }
  if (!may(found->agent)) {
    return StepRefusal::of({Kind::rejected, codes::forbidden,
                            "this token may not claim runs of agent " + found->agent.get()});
  }
  state = std::move(*found);
  return {};
}

// A run whose lease is lost, but that no other worker has claimed, is this worker's again.
Timestamp WorkerRuns::renew(const ClaimName& claim) {
  const std::string key = key_of(claim.thread, claim.run);
  const auto found = known_.find(key);
  const Timestamp now = parts_.clock.now();
  if (found == known_.end() || found->second.attempt != claim.attempt) return now;
  Known& known = found->second;
  known.eighths = 0;
  if (known.state == State::claimable) pool_.hold(key);
  if (known.state == State::claimable || known.state == State::ending) {
    known.state = State::claimed;
    hold(key, known);
  }
  return Timestamp(now.get() + static_cast<std::uint64_t>(known.lease.count()));
}

std::expected<ClaimedRun, StepRefusal> WorkerRuns::run_of(const std::string& text, const May& may) {
  const auto claim = parse_claim(text);
  if (stopping_ || !engine_) return std::unexpected(StepRefusal::of(stopping()));
  if (!claim) return std::unexpected(StepRefusal::of(wrong_claim()));
  Engine::ClaimState state;
  if (auto refused = refusal(*claim, may, state)) return std::unexpected(std::move(*refused));
  if (state.status != RunStatus::running) return std::unexpected(claim_is_over());
  return ClaimedRun{claim->thread, claim->run};
}

void WorkerRuns::write(Writing writing, Done<std::expected<ClaimedAck, StepRefusal>> done) {
  using Told = std::expected<ClaimedAck, StepRefusal>;
  const auto later = [this, &done](Told told) {
    parts_.executor.post(
        [done = std::move(done), told = std::move(told)]() mutable { done(std::move(told)); });
  };
  const auto refuse = [&later](const Error& error) {
    later(std::unexpected(StepRefusal::of(error)));
  };
  if (stopping_ || !engine_) return refuse(stopping());
  const auto claim = parse_claim(writing.claim);
  if (!claim) return refuse(wrong_claim());
  Engine::ClaimState state;
  if (auto refused = refusal(*claim, writing.may, state)) return later(std::unexpected(*refused));
  const bool runs = state.status == RunStatus::running;
  const Timestamp until = runs ? renew(*claim) : state.now;
  if (runs && writing.steps.empty() && !writing.unread) {
    return later(ClaimedAck{{state.seq, state.now}, until});
  }
  StepBatch batch{claim->run, claim->attempt, std::move(writing.steps), std::move(writing.unread)};
  // An ended run refuses a new step as `ended`, and says how it ended. The step that ended it for
  // want of a worker has the number of the worker's next one.
  const bool ended_here = state.error == codes::worker_lost || state.error == codes::no_worker;
  if (!runs && (batch.steps.empty() || ended_here)) {
    batch.unread.reset();
    batch.steps.clear();
    batch.steps.push_back({state.seq + 1, AppendContent{MessageId("none"), 0, {}}});
  }
  const std::size_t bytes = size_of(batch);
  if (parts_.memory && !parts_.memory->admits_begun(MemoryKind::steps, bytes)) {
    return refuse({Kind::overloaded, codes::overloaded, "all memory is in use: try again later"});
  }
  engine_->write(std::nullopt, claim->thread, std::move(batch),
                 alive_.guard([this, claim = *claim, done = std::move(done)](Answer ack) mutable {
                   if (!ack) return done(std::unexpected(std::move(ack.error())));
                   done(ClaimedAck{*ack, renew(claim)});
                 }));
}

}  // namespace lockstep
