// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/worker.h"

#include <algorithm>

#include "server/codec/claim_codec.h"
#include "tests/sim/steps_judge.h"

namespace lockstep::sim {
namespace {

constexpr std::uint64_t pace_micros = 120'000;
constexpr std::uint64_t away_one_in = 30;
constexpr std::uint64_t away_micros = 4'000'000;  // usually about a lease
constexpr Micros answer_patience{5'000'000};
constexpr std::uint64_t lease_seconds_max = 4;
constexpr std::uint64_t wait_seconds_max = 3;

// The messages of each attempt have ids of their own.
RunId stem_of(const Claimed& claim) {
  return RunId(claim.run.get() + "." + std::to_string(claim.attempt));
}

bool may_write(const AgentName& agent) { return agent == AgentName("hands"); }

}  // namespace

Worker::Worker(Network& network, std::string name, std::uint64_t seed)
    : network_(network), name_(std::move(name)), chance_(seed, 8) {
  later();
}

void Worker::go_away(Micros how_long) {
  away_until_ = network_.loop.now() + how_long;
  if (!work_) return;
  ++network_.judge.records.counts["fault: worker dies and comes back"];
  work_->was_away = true;
}

void Worker::finish() {
  hurries_ = true;
  away_until_ = network_.loop.now();
}

void Worker::later() {
  const std::uint64_t usual = hurries_ ? 20'000 : pace_micros;
  const Micros delay(chance_.long_tailed(usual << std::min<std::uint64_t>(failures_, 5)));
  network_.loop.after(delay, "worker", alive_.guard([this] { go_on(); }));
}

void Worker::go_on() {
  const bool here = network_.loop.now() >= away_until_ && !in_flight_;
  if (here && !hurries_ && chance_.one_in(away_one_in)) {
    go_away(Micros(chance_.long_tailed(away_micros)));
  } else if (here) {
    work_ ? write() : ask();
  }
  later();
}

void Worker::wait_for_answer() {
  in_flight_ = true;
  network_.loop.after(answer_patience, "worker's patience", alive_.guard([this, wait = ++waits_] {
    if (wait != waits_) return;
    in_flight_ = false;
    ++failures_;
  }));
}

// --- Claims --------------------------------------------------------------------------------------

void Worker::ask() {
  wait_for_answer();
  network_.carry("claim", alive_.guard([this] { ask_server(); }));
}

void Worker::ask_server() {
  if (!network_.process.ready()) return;
  ClaimAsked asked;
  asked.agents = {AgentName("hands")};
  asked.worker = name_;
  asked.lease = std::chrono::seconds(chance_.between(1, lease_seconds_max));
  asked.wait = std::chrono::seconds(chance_.between(1, wait_seconds_max));
  const auto wanted = [this, wait = waits_] { return wait == waits_ && !work_; };
  network_.process.claims().claim(
      {std::move(asked), wanted, nullptr,
       alive_.guard([this, wait = waits_](Result<std::optional<Claimed>> answer) {
         if (!network_.process.passes(Point::before_ack)) return;
         network_.judge.look();
         if (!answer) ++network_.judge.records.counts["claim refused: " + answer.error().code];
         if (answer && *answer) check_claim(network_.judge, **answer);
         const Epoch epoch = network_.judge.epoch();
         network_.carry("claim's answer", alive_.guard([this, wait, answer, epoch] {
           if (wait != waits_) return;
           in_flight_ = false;
           ++waits_;
           failures_ = answer ? 0 : failures_ + 1;
           if (answer && *answer) claimed(**answer, epoch);
         }));
       })});
}

void Worker::claimed(const Claimed& claim, Epoch epoch) {
  ++works_;
  work_.emplace(claim, epoch, Author(stem_of(claim), chance_.next()));
  if (claim.attempt > 2 && chance_.one_in(2)) cut_former(*work_);
}

// Takes back some of an open message of the former worker.
void Worker::cut_former(Work& work) {
  const test::ThreadTruth& truth = network_.judge.records.thread(work.claim.thread);
  for (const Message& message : truth.screen(truth.last()).messages) {
    if (message.run != work.claim.run || message.status != MessageStatus::open) continue;
    std::vector<Units> keep(chance_.upto(message.parts.size() + 1));
    for (Units& units : keep) units = static_cast<Units>(chance_.upto(12));
    work.steps.push_back({work.steps.size() + 1, CutMessage{message.id, std::move(keep)}});
    return;
  }
}

// --- Steps ---------------------------------------------------------------------------------------

void Worker::write() {
  Work& work = *work_;
  for (std::uint64_t more = hurries_ ? 20 : chance_.upto(4); more > 0 && !work.author.over();
       --more) {
    work.author.go_on(work.steps);
  }
  std::uint64_t first = work.acked;
  if (first > 0 && chance_.one_in(6)) first = chance_.upto(first);
  const std::vector<Step> steps(work.steps.begin() + static_cast<std::ptrdiff_t>(first),
                                work.steps.end());
  wait_for_answer();
  const auto carried = alive_.guard([this, steps, of = works_] { send(steps, of); });
  network_.carry("claimed steps", carried);
  if (chance_.one_in(10)) network_.carry("claimed steps again", carried);
}

void Worker::send(const std::vector<Step>& steps, std::uint64_t of) {
  if (!network_.process.ready() || of != works_ || !work_) return;
  const Work& work = *work_;
  const Epoch now = network_.judge.epoch();
  // In another history another worker may have this attempt.
  if (work.epoch == now) {
    network_.judge.records.thread(work.claim.thread).said[work.claim.run].of(work.claim.attempt) =
        work.steps;
  }
  if (steps.empty()) ++network_.judge.records.counts["lease renewed by an empty batch"];
  network_.process.claims().write(
      {work.claim.claim, may_write, steps},
      alive_.guard([this, steps, now, of](const std::expected<ClaimedAck, StepRefusal>& answer) {
        if (!network_.process.passes(Point::before_ack)) return;
        network_.judge.look();
        told(steps, now, answer, of);
      }));
}

// The server answers.
void Worker::told(const std::vector<Step>& steps, Epoch epoch,
                  const std::expected<ClaimedAck, StepRefusal>& answer, std::uint64_t of) {
  if (of != works_ || !work_ || epoch != network_.judge.epoch()) return;
  const Work& work = *work_;
  const StepBatch batch{work.claim.run, work.claim.attempt, steps};
  if (answer && work.epoch != epoch) {
    return network_.judge.records.found("a claim of an earlier history is good");
  }
  if (answer && !steps.empty()) {
    check_answer(network_.judge, work.claim.thread, batch, answer->ack);
    if (work.was_away) ++network_.judge.records.counts["worker comes back in time"];
  }
  if (!answer) check_refusal(work, answer.error());
  network_.carry("claimed steps' answer", alive_.guard([this, steps, answer, of] {
    if (of != works_ || !work_) return;
    in_flight_ = false;
    ++waits_;
    if (!answer) return refused(answer.error());
    failures_ = 0;
    if (!steps.empty()) answered(answer->ack.seq);
  }));
}

void Worker::check_refusal(const Work& work, const StepRefusal& refusal) {
  test::Records& records = network_.judge.records;
  ++records.counts["claimed steps refused: " + refusal.code];
  const test::ThreadTruth& truth = records.thread(work.claim.thread);
  const test::RunLife* run = truth.run(work.claim.run);
  const bool same_history = work.epoch == network_.judge.epoch() && !truth.erase_asked;
  if (refusal.code == "fenced" && same_history && run && run->attempt == work.claim.attempt) {
    return records.found("the worker that has " + work.claim.run.get() + " is fenced");
  }
  if (refusal.code != "ended") return;
  if (!run || !run->ended || refusal.status != run->status) {
    records.found("a worker is told of another end");
  }
}

void Worker::answered(std::uint64_t seq) {
  work_->acked = std::max(work_->acked, seq);
  if (work_->author.over() && work_->acked == work_->steps.size()) work_.reset();
}

void Worker::refused(const StepRefusal& refusal) {
  if (refusal.code == "overloaded" || refusal.code == "stopping") {
    ++failures_;
  } else if (refusal.expected) {
    work_->acked = *refusal.expected - 1;
  } else {
    // It is fenced or has ended, or a step has no place any more: its lease runs out.
    work_.reset();
  }
}

}  // namespace lockstep::sim
