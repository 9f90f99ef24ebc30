// SPDX-License-Identifier: Apache-2.0
// lane_steps.cc: how a lane takes a producer's batches.
#include <algorithm>
#include <ranges>

#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/live/lane.h"
#include "engine/live/thread_errors.h"

namespace lockstep {
namespace {

StepBatch& batch_of(LaneInput& input) { return std::get<StepsInput>(input).batch; }

// What `next` repeats of `batch`, word for word? Steps of the same number that say something else
// are another writer's, and get their own answer.
bool repeats(const StepBatch& batch, const StepBatch& next) {
  const std::uint64_t first = batch.steps.front().seq;
  return std::ranges::all_of(next.steps, [&](const Step& step) {
    const std::uint64_t at = step.seq - first;
    return at >= batch.steps.size() || batch.steps[at] == step;
  });
}

// Can `next` go on where `batch` ends?
bool goes_on(const StepBatch& batch, const StepBatch& next) {
  return next.run == batch.run && next.attempt == batch.attempt && !next.steps.empty() &&
         !batch.steps.empty() && batch.steps.front().seq > 0 &&
         next.steps.front().seq >= batch.steps.front().seq &&
         next.steps.front().seq <= batch.steps.back().seq + 1 && repeats(batch, next);
}

void add_steps(StepBatch& batch, const StepBatch& next) {
  for (const Step& step : next.steps) {
    if (step.seq > batch.steps.back().seq) batch.steps.push_back(step);
  }
}

StepRefusal reused(const Step& step) {
  return StepRefusal::of({Kind::conflict, "seq_reused",
                          "step " + std::to_string(step.seq) +
                              " was taken with other content: another writer has this attempt"});
}

// The steps of a batch up to `seq`. Requires: they are in order.
std::span<const Step> steps_until(const StepBatch& batch, std::uint64_t seq) {
  const auto end = std::ranges::upper_bound(batch.steps, seq, {}, &Step::seq);
  return {batch.steps.begin(), end};
}

bool is_dense(const StepBatch& batch) {
  return batch.steps.front().seq > 0 &&
         std::ranges::adjacent_find(batch.steps, [](const Step& one, const Step& next) {
           return next.seq != one.seq + 1;
         }) == batch.steps.end();
}

// Does the batch begin with steps that were taken, of which the run still answers?
bool repeats_known(const RunRow* row, const StepBatch& batch) {
  return row && row->run.attempt == batch.attempt && batch.steps.front().seq <= row->seq &&
         (!row->run.ended || row->ended_by_producer) && is_dense(batch);
}

}  // namespace

void Lane::take(Waiting& next, StepsInput& input) {
  const RunRow* row = thread_.state.run(input.batch.run);
  if (input.batch.unread) return refuse_unread(next, row);
  if (row && row->run.status == RunStatus::queued) {
    parked_.push_back(std::move(next));
    return;
  }
  InFlight in_flight;
  in_flight.known_seq = row ? row->seq : 0;
  in_flight.inputs.push_back(std::move(next));
  if (thread_.deleted) {
    return refuse(std::move(in_flight), thread_deleted());
  }
  const StepBatch& first = batch_of(in_flight.inputs[0].input);
  if (auto other = differs(row, first)) return refuse_steps(in_flight.inputs[0], *other);
  const std::optional<StepBatch> merged = gather(in_flight.inputs);
  auto decision = decide(thread_.state, merged ? *merged : batch_of(in_flight.inputs[0].input),
                         next_at(), parts_.rules);
  // One bad batch must not spoil its neighbours: the first one is then decided alone.
  if (!decision && in_flight.inputs.size() > 1) {
    give_back(in_flight.inputs, 1);
    decision = decide(thread_.state, batch_of(in_flight.inputs[0].input), next_at(), parts_.rules);
  }
  if (!decision) return refuse_for_good(in_flight.inputs[0], std::move(decision.error()));
  // Steps may say nothing new (an empty text), but they are counted.
  if (!decision->entry.producer) return answer(std::move(in_flight));
  append(std::move(*decision), std::move(in_flight));
}

// Known steps must be those that were taken: as far as their hashes are remembered, by these, and
// behind that, or a start, by what the log holds.
std::optional<StepRefusal> Lane::differs(const RunRow* row, const StepBatch& batch) {
  if (!repeats_known(row, batch)) return std::nullopt;
  std::span<const Step> older;
  for (const Step& step : steps_until(batch, row->seq)) {
    const std::optional<bool> same = steps_.is_same(batch, step);
    if (same && !*same) return reused(step);
    if (!same) older = {batch.steps.data(), older.size() + 1};
  }
  if (older.empty()) return std::nullopt;
  const auto match = parts_.history.match(thread_, *row, older);
  if (!match) return StepRefusal::of(match.error());
  if (*match == StepMatch::other) return reused(older.back());
  // Then they need not be read again.
  const bool whole = *match == StepMatch::same && older.back().seq == row->seq;
  if (whole) steps_.took(batch, older, older.front().seq - 1);
  return std::nullopt;
}

void Lane::refuse_steps(Waiting& waiting, StepRefusal refusal) {
  waiting.load.give_back();
  std::get<StepsInput>(waiting.input).done(std::unexpected(std::move(refusal)));
}

// Behind a step that can't be taken however often it is sent, the others hear why: a gap would ask
// their writer for it again, for ever.
void Lane::refuse_for_good(Waiting& waiting, StepRefusal refusal) {
  const StepBatch& batch = batch_of(waiting.input);
  const RunRow* row = thread_.state.run(batch.run);
  const std::uint64_t next = row ? row->seq + 1 : 1;
  if (refusal.code == "gap") {
    if (const StepRefusal* stuck = steps_.stuck_at(batch, next)) refusal = *stuck;
    refusal.expected = next;
  } else if (row && !row->run.ended && row->run.attempt == batch.attempt) {
    steps_.refused(batch, next, refusal);
  }
  refuse_steps(waiting, std::move(refusal));
}

// What could not be read has no number. What its writer sent before is decided by now, so it is
// taken for the next.
void Lane::refuse_unread(Waiting& waiting, const RunRow* row) {
  StepRefusal refusal = StepRefusal::of(*batch_of(waiting.input).unread);
  const bool begun = row && row->run.status != RunStatus::queued;
  if (begun) return refuse_for_good(waiting, std::move(refusal));
  refuse_steps(waiting, std::move(refusal));
}

std::optional<StepBatch> Lane::gather(std::vector<Waiting>& inputs) {
  MUST(inputs.size() == 1);
  std::optional<StepBatch> merged;
  std::size_t bytes = inputs[0].load.bytes();
  while (!waiting_.empty() && std::holds_alternative<StepsInput>(waiting_.front().input)) {
    const StepBatch& so_far = merged ? *merged : batch_of(inputs[0].input);
    const StepBatch& next = batch_of(waiting_.front().input);
    bytes += waiting_.front().load.bytes();
    if (!goes_on(so_far, next) || bytes > limits::entry_bytes_max ||
        so_far.steps.size() + next.steps.size() > limits::entry_steps_max) {
      break;
    }
    if (!merged) merged = so_far;
    add_steps(*merged, next);
    inputs.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return merged;
}

// Puts all but the first `keep` inputs back to where they came from.
void Lane::give_back(std::vector<Waiting>& inputs, std::size_t keep) {
  while (inputs.size() > keep) {
    waiting_.push_front(std::move(inputs.back()));
    inputs.pop_back();
  }
}

// Steps that waited for their run's turn go to the front, in their order.
void Lane::release_parked() {
  std::deque<Waiting> parked = std::exchange(parked_, {});
  std::deque<Waiting> free;
  for (Waiting& waiting : parked) {
    const RunRow* row = thread_.state.run(batch_of(waiting.input).run);
    const bool waits = row && row->run.status == RunStatus::queued;
    (waits ? parked_ : free).push_back(std::move(waiting));
  }
  for (Waiting& waiting : free | std::views::reverse) waiting_.push_front(std::move(waiting));
}

void Lane::refuse_parked(const Error& error) {
  for (Waiting& waiting : std::exchange(parked_, {})) refuse_steps(waiting, StepRefusal::of(error));
}

void Lane::answer(StepsInput& input, InFlight& done) {
  const std::uint64_t seq = input.batch.steps.back().seq;
  if (done.entry && seq > done.known_seq) {
    parts_.metrics.steps += std::min<std::uint64_t>(input.batch.steps.size(), seq - done.known_seq);
    steps_.took(input.batch, input.batch.steps, done.known_seq);
    return input.done(StepAck{seq, done.entry->at});
  }
  // Sent again: answered as the first time.
  const Result<Timestamp> at = parts_.history.step_at(thread_, input.batch.run, seq);
  if (at) return input.done(StepAck{seq, *at});
  input.done(std::unexpected(StepRefusal::of(at.error())));
}

}  // namespace lockstep
