// SPDX-License-Identifier: Apache-2.0
#include "server/worker_runs.h"

#include <algorithm>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "server/claim_secret.h"

namespace lockstep {
namespace {

constexpr std::uint32_t eighths_max = 8;

}  // namespace

std::string WorkerRuns::key_of(const ThreadName& thread, const RunId& run) {
  return thread.owner.get() + '/' + thread.id.get() + '/' + run.get();  // ids have no slash
}

Error WorkerRuns::stopping() {
  return {Kind::overloaded, codes::stopping, "the server is stopping: try again"};
}

void WorkerRuns::disconnect() {
  stop();
  engine_ = nullptr;
  known_.clear();
}

void WorkerRuns::tell(std::string_view event, const Known& known) const {
  const auto line = [&](LineLog::Fields fields) { parts_.log.info(event, fields); };
  const std::string user = known.thread.owner.get();
  const std::string thread = known.thread.id.get();
  const std::string run = known.run.get();
  const std::string agent = known.agent.get();
  if (known.worker.empty()) {
    return line({{"user", user},
                 {"thread", thread},
                 {"run", run},
                 {"agent", agent},
                 {"attempt", known.attempt}});
  }
  line({{"user", user},
        {"thread", thread},
        {"run", run},
        {"agent", agent},
        {"attempt", known.attempt},
        {"worker", known.worker}});
}

// --- Runs ----------------------------------------------------------------------------------------

WorkerRuns::Known& WorkerRuns::add(const ThreadName& thread, const RunId& run,
                                   const Outlived& was) {
  const std::string key = key_of(thread, run);
  const auto [place, fresh] = known_.try_emplace(key);
  Known& known = place->second;
  if (!fresh) return known;
  known = {.thread = thread, .run = run, .agent = was.agent, .attempt = was.attempt};
  pool_.put(key, {was.agent, thread.owner});
  return known;
}

void WorkerRuns::started(const AgentName& agent, Context context, std::uint32_t attempt) {
  if (!parts_.rules_of(agent)) return;  // of kind push
  const std::string key = key_of(context.thread, context.run);
  if (known_.contains(key)) return;
  offer(key, add(context.thread, context.run, {agent, attempt}));
}

void WorkerRuns::outlived(const ThreadName& thread, const RunId& run, Outlived was) {
  if (!parts_.rules_of(was.agent)) return;
  const std::string key = key_of(thread, run);
  Known& known = add(thread, run, was);
  if (was.attempt == 1) return offer(key, known);
  // A worker has it: with its lease, which the log has. Reading it opens the thread, so each run
  // has a turn of the strand.
  pool_.hold(key);
  known.state = State::claimed;
  parts_.executor.post(alive_.guard([this, key] { lease_again(key); }));
}

void WorkerRuns::lease_again(const std::string& key) {
  const auto found = known_.find(key);
  if (found == known_.end() || found->second.state != State::claimed || !engine_) return;
  Known& known = found->second;
  const auto state = engine_->claim_state(known.thread, known.run);
  known.lease = lease_in(state ? state->claim : std::string());
  hold(key, known);
}

void WorkerRuns::ended(const ThreadName& thread, const Run& run) { forget(key_of(thread, run.id)); }

void WorkerRuns::forget(const std::string& key) {
  pool_.leave(key);
  known_.erase(key);
}

bool WorkerRuns::waits(const ThreadName& thread, const RunId& run) const {
  return pool_.waits(key_of(thread, run));
}

// The run waits in the pool, from now on for the time of a claim.
void WorkerRuns::offer(const std::string& key, Known& known) {
  MUST(pool_.waits(key));
  known.state = State::claimable;
  known.serial = ++serials_;
  known.worker.clear();
  const auto rules = parts_.rules_of(known.agent);
  if (!rules) {
    // The agent was removed while the run was started or at work. In a later turn: the engine,
    // which must not be called, may have told of the run.
    parts_.executor.post(alive_.guard([this] { settings_changed(); }));
    return;
  }
  parts_.executor.post_after(rules->claim_max, alive_.guard([this, key, serial = known.serial] {
    unclaimed(key, serial);
  }));
  match_later();
}

void WorkerRuns::unclaimed(const std::string& key, std::uint64_t serial) {
  const auto found = known_.find(key);
  if (found == known_.end() || found->second.serial != serial || stopping_) return;
  tell("run_unclaimed", found->second);
  end(key, RunStatus::failed,
      {codes::no_worker,
       "no worker has claimed the run in time: start one with a token for this agent"});
}

void WorkerRuns::end_without_agent(const std::string& key, const Known& known) {
  tell("run_without_agent", known);
  end(key, RunStatus::interrupted,
      {codes::unknown_agent, "agent " + known.agent.get() +
                                 " was removed before a worker had the run: use another agent"});
}

void WorkerRuns::settings_changed() {
  if (stopping_ || !engine_) return;
  std::vector<std::string> keys;
  for (const auto& [key, known] : known_) {
    if (known.state == State::claimable && !parts_.rules_of(known.agent)) keys.push_back(key);
  }
  for (const std::string& key : keys) end_without_agent(key, known_.at(key));
  match_later();
}

// --- Claims --------------------------------------------------------------------------------------

std::optional<Error> WorkerRuns::refusal(const Waiting& waiting) const {
  if (waiting.refusal) {
    if (auto why = waiting.refusal()) return why;
  }
  for (const AgentName& agent : waiting.asked.agents) {
    if (parts_.rules_of(agent)) continue;
    return Error{Kind::not_found, codes::unknown_agent,
                 "there is no agent " + agent.get() +
                     " of kind `worker`: name others, or add it to the configuration"};
  }
  return std::nullopt;
}

std::uint64_t WorkerRuns::claim(Waiting waiting) {
  Waiter waiter{++numbers_, std::move(waiting)};
  const std::uint64_t number = waiter.number;
  if (stopping_) {
    answer(std::move(waiter), std::unexpected(stopping()));
    return number;
  }
  if (auto why = refusal(waiter.waiting)) {
    answer(std::move(waiter), std::unexpected(*std::move(why)));
    return number;
  }
  if (waiters_.size() >= limits::claims_waiting_max) {
    answer(std::move(waiter), fail(Kind::overloaded, codes::too_many,
                                   "too many workers wait for runs: try again later"));
    return number;
  }
  const auto wait =
      std::max(std::chrono::microseconds(waiter.waiting.asked.wait), std::chrono::microseconds(1));
  waiters_.push_back(std::move(waiter));
  match_later();
  parts_.executor.post_after(wait, alive_.guard([this, number] {
    const auto found = std::ranges::find(waiters_, number, &Waiter::number);
    if (found == waiters_.end()) return;
    Waiter late = std::move(*found);
    waiters_.erase(found);
    late.waiting.done(std::optional<Claimed>());
  }));
  return number;
}

void WorkerRuns::cancel(std::uint64_t number) {
  const auto found = std::ranges::find(waiters_, number, &Waiter::number);
  if (found != waiters_.end()) waiters_.erase(found);
}

void WorkerRuns::answer(Waiter waiter, Result<std::optional<Claimed>> result) {
  parts_.executor.post([done = std::move(waiter.waiting.done),
                        result = std::move(result)]() mutable { done(std::move(result)); });
}

// In a later turn: a run that starts is told from within the engine, which must not be called.
void WorkerRuns::match_later() {
  if (std::exchange(matches_, true)) return;
  parts_.executor.post(alive_.guard([this] {
    matches_ = false;
    match();
  }));
}

void WorkerRuns::match() {
  if (stopping_ || !engine_) return;
  for (auto at = waiters_.begin(); at != waiters_.end();) {
    const bool wanted = at->waiting.wanted();
    auto why = wanted ? refusal(at->waiting) : std::nullopt;
    const auto key = wanted && !why ? pool_.take(at->waiting.asked.agents) : std::nullopt;
    if (wanted && !why && !key) {
      ++at;
      continue;
    }
    Waiter waiter = std::move(*at);
    at = waiters_.erase(at);
    if (key) {
      begin(*key, std::move(waiter));
    } else if (why) {
      answer(std::move(waiter), std::unexpected(*std::move(why)));
    } else {
      answer(std::move(waiter), std::optional<Claimed>());
    }
  }
}

void WorkerRuns::begin(const std::string& key, Waiter waiter) {
  Known& known = known_.at(key);
  known.state = State::claiming;
  known.serial = ++serials_;
  Claiming claiming{key, draw_secret(parts_.random), std::move(waiter)};
  AttemptRequest request{
      .run = known.run,
      .former = known.attempt,
      .agent = {},
      .claim = stored_claim(claiming.secret, claiming.waiter.waiting.asked.lease)};
  engine_->start_attempt(
      known.thread, std::move(request),
      alive_.guard([this, claiming = std::move(claiming)](Answer answer) mutable {
        begun(std::move(claiming), answer);
      }));
}

void WorkerRuns::begun(Claiming claiming, const Answer& answer) {
  const auto found = known_.find(claiming.key);
  // The run has ended meanwhile: the worker waits for another one.
  if (found == known_.end()) return wait_again(std::move(claiming.waiter));
  if (!answer) return not_begun(std::move(claiming), answer.error());
  Known& known = found->second;
  const Waiting& waiting = claiming.waiter.waiting;
  ++known.attempt;
  known.state = State::claimed;
  known.lease = waiting.asked.lease;
  hold(claiming.key, known);
  known.worker = waiting.asked.worker;
  ++counts_.claims;
  tell("run_claimed", known);
  const bool wanted = waiting.wanted();
  auto why = wanted ? refusal(waiting) : std::nullopt;
  if (!wanted || why) {  // that has changed while the claim became durable
    pool_.again(claiming.key);
    offer(claiming.key, known);
    if (why) return this->answer(std::move(claiming.waiter), std::unexpected(*std::move(why)));
    return this->answer(std::move(claiming.waiter), std::optional<Claimed>());
  }
  const ClaimName name{engine_->epoch(), known.thread, known.run, known.attempt, claiming.secret};
  const Timestamp until(parts_.clock.now().get() + static_cast<std::uint64_t>(known.lease.count()));
  claiming.waiter.waiting.done(
      Claimed{to_text(name), known.thread, known.run, known.attempt, until});
}

void WorkerRuns::not_begun(Claiming claiming, const StepRefusal& refusal) {
  Known& known = known_.at(claiming.key);
  if (refusal.code == codes::overloaded || refusal.code == codes::stopping) {
    pool_.again(claiming.key);
    offer(claiming.key, known);
    return answer(std::move(claiming.waiter),
                  fail(Kind::overloaded, codes::overloaded, std::string(refusal.detail)));
  }
  const auto state = engine_->claim_state(known.thread, known.run);
  const bool goes_on = state && state->status == RunStatus::running;
  if (goes_on && state->attempt != known.attempt) {
    known.attempt = state->attempt;
    pool_.again(claiming.key);
    offer(claiming.key, known);
  } else if (goes_on) {
    end(claiming.key, RunStatus::failed, {refusal.code, refusal.detail});
  } else {
    forget(claiming.key);
  }
  wait_again(std::move(claiming.waiter));
}

// It was there first, so it is the next one.
void WorkerRuns::wait_again(Waiter waiter) {
  waiters_.push_front(std::move(waiter));
  match_later();
}

void WorkerRuns::stop() {
  stopping_ = true;
  for (Waiter& waiter : std::exchange(waiters_, {})) {
    answer(std::move(waiter), std::unexpected(stopping()));
  }
}

WorkerRuns::Counts WorkerRuns::counts() const {
  Counts counts = counts_;
  for (const auto& [key, known] : known_) {
    ++(pool_.waits(key) ? counts.claimable : counts.claimed);
  }
  return counts;
}

// --- Leases --------------------------------------------------------------------------------------

// The lease begins.
void WorkerRuns::hold(const std::string& key, Known& known) {
  known.eighths = 0;
  known.serial = ++serials_;
  tick(key);
}

void WorkerRuns::tick(const std::string& key) {
  const Known& known = known_.at(key);
  const auto eighth = std::max(known.lease / eighths_max, std::chrono::microseconds(1));
  parts_.executor.post_after(eighth, alive_.guard([this, key, serial = known.serial] {
    const auto found = known_.find(key);
    if (found == known_.end() || found->second.serial != serial) return;
    // The first eighth may have begun before the last step, so it does not count.
    if (++found->second.eighths > eighths_max) return lost(key);
    tick(key);
  }));
}

void WorkerRuns::lost(const std::string& key) {
  if (stopping_) return;
  Known& known = known_.at(key);
  ++counts_.lost;
  tell("lease_lost", known);
  const auto rules = parts_.rules_of(known.agent);
  const std::string worker = known.worker.empty() ? "its worker" : "its worker " + known.worker;
  const std::string detail = worker + " sent nothing for the time of its lease";
  if (!rules || !rules->retries) {
    return end(key, RunStatus::interrupted, {codes::worker_lost, detail});
  }
  // The first attempt is nobody's: each claim raises it.
  if (known.attempt > rules->attempts_max) {
    return end(key, RunStatus::failed,
               {codes::worker_lost,
                detail + ", for the last of " + std::to_string(rules->attempts_max) + " times"});
  }
  pool_.again(key);
  offer(key, known);
}

// The run ends behind its last step. If a worker writes in the same moment, it is not lost.
void WorkerRuns::end(const std::string& key, RunStatus status, RunError error) {
  Known& known = known_.at(key);
  if (known.state == State::claimable) pool_.hold(key);  // no worker may claim it any more
  known.state = State::ending;
  const std::uint64_t serial = known.serial = ++serials_;
  const auto state = engine_ ? engine_->claim_state(known.thread, known.run)
                             : fail(Kind::overloaded, codes::stopping, "");
  if (!state) return forget(key);
  StepBatch batch{known.run, state->attempt, {}};
  batch.steps.push_back({state->seq + 1, EndRun{status, error, {}}});
  engine_->write(
      std::nullopt, known.thread, std::move(batch),
      alive_.guard(
          [this, key, serial, status, error = std::move(error)](const Answer& ended) mutable {
            const auto found = known_.find(key);
            if (ended || found == known_.end() || found->second.serial != serial || stopping_)
              return;
            parts_.executor.post_after(
                limits::claim_retry_delay,
                alive_.guard([this, key, serial, status, error = std::move(error)]() mutable {
                  const auto again = known_.find(key);
                  if (again == known_.end() || again->second.serial != serial) return;
                  end(key, status, std::move(error));
                }));
          }));
}

}  // namespace lockstep
