// SPDX-License-Identifier: Apache-2.0
// lane_steps.cc: how a lane takes a producer's batches, and raises a run's attempt.
#include <algorithm>
#include <ranges>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/live/lane.h"
#include "engine/live/thread_errors.h"

namespace lockstep {
namespace {

StepBatch& batch_of(LaneInput& input) { return std::get<StepsInput>(input).batch; }

// Are the steps that `next` has in common with `batch` the same? Different steps of the same number
// come from another writer, and get their own answer.
bool repeats(const StepBatch& batch, const StepBatch& next) {
  const std::uint64_t first = batch.steps.front().seq;
  return std::ranges::all_of(next.steps, [&](const Step& step) {
    const std::uint64_t at = step.seq - first;
    return at >= batch.steps.size() || batch.steps[at] == step;
  });
}

// Can `next` continue `batch` in one entry?
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
  return StepRefusal::of({Kind::conflict, codes::seq_reused,
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

// Does the batch begin with steps that were taken, and does the run still answer steps?
bool repeats_known(const RunState* row, const StepBatch& batch) {
  return row && row->run.attempt == batch.attempt && batch.steps.front().seq <= row->seq &&
         (!row->run.ended || row->ended_by_producer) && is_dense(batch);
}

}  // namespace

void Lane::handle(Waiting& next, StepsInput& input) {
  const RunState* row = thread_.state.run(input.batch.run);
  if (input.batch.unread) return refuse_unread(next, row);
  MUST(!input.batch.steps.empty());
  if (row && row->run.status == RunStatus::queued) {
    parked_.push_back(std::move(next));
    return;
  }
  Job job;
  job.known_seq = row ? row->seq : 0;
  job.inputs.push_back(std::move(next));
  if (thread_.deleted) {
    return refuse(std::move(job), thread_deleted());
  }
  const StepBatch& first = batch_of(job.inputs[0].input);
  if (auto other = differs(row, first)) return refuse_steps(job.inputs[0], *other);
  const std::optional<StepBatch> merged = gather(job.inputs);
  auto decision = decide_steps(merged ? *merged : batch_of(job.inputs[0].input), job.known_seq);
  // One bad batch must not spoil the batches merged with it: decide the first one alone.
  if (!decision && job.inputs.size() > 1) {
    give_back(job.inputs, 1);
    decision = decide_steps(batch_of(job.inputs[0].input), job.known_seq);
  }
  if (!decision) return refuse_for_good(job.inputs[0], std::move(decision.error()));
  // New steps always leave an offset, even if they change nothing (an empty text).
  if (!decision->entry.producer) return answer(std::move(job));
  append(std::move(*decision), std::move(job));
}

// The rules know no disk, so the blobs that new steps name are looked up here.
std::expected<Decision, StepRefusal> Lane::decide_steps(const StepBatch& batch,
                                                        std::uint64_t known_seq) {
  auto decision = decide(thread_.state, batch, next_at(), parts_.rules);
  if (!decision) return decision;
  const std::string missing = parts_.blobs.missing(thread_.name.owner, batch, known_seq);
  if (missing.empty()) return decision;
  return std::unexpected(
      StepRefusal::of({Kind::not_found, codes::unknown_blob, unknown_blob_text(missing)}));
}

// Compares repeated steps with those that were taken: by their hashes, if they are remembered, and
// otherwise (older steps, or after a restart) with the log.
std::optional<StepRefusal> Lane::differs(const RunState* row, const StepBatch& batch) {
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
  // Remember them, so that the log need not be read again.
  const bool whole = *match == StepMatch::same && older.back().seq == row->seq;
  if (whole) steps_.took(batch, older, older.front().seq - 1);
  return std::nullopt;
}

void Lane::refuse_steps(Waiting& waiting, StepRefusal refusal) {
  waiting.load.give_back();
  std::get<StepsInput>(waiting.input).done(std::unexpected(std::move(refusal)));
}

// If a retry of a step would be refused again, the steps behind it get the same reason: a `gap`
// would make their writer send that step again for ever.
void Lane::refuse_for_good(Waiting& waiting, StepRefusal refusal) {
  const StepBatch& batch = batch_of(waiting.input);
  const RunState* row = thread_.state.run(batch.run);
  const std::uint64_t next = row ? row->seq + 1 : 1;
  if (refusal.code == codes::gap) {
    if (const StepRefusal* stuck = steps_.stuck_at(batch, next)) refusal = *stuck;
    refusal.expected = next;
  } else if (row && !row->run.ended && row->run.attempt == batch.attempt) {
    steps_.refused(batch, next, refusal);
  }
  refuse_steps(waiting, std::move(refusal));
}

// A batch that could not be read has no `seq`. The batches sent before it are decided by now, so it
// counts as the next step.
void Lane::refuse_unread(Waiting& waiting, const RunState* row) {
  StepRefusal refusal = StepRefusal::of(*batch_of(waiting.input).unread);
  const bool begun = row && row->run.status != RunStatus::queued;
  if (begun) return refuse_for_good(waiting, std::move(refusal));
  refuse_steps(waiting, std::move(refusal));
}

std::optional<StepBatch> Lane::gather(std::vector<Waiting>& inputs) {
  MUST(inputs.size() == 1 && !batch_of(inputs[0].input).steps.empty());
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

// Puts all but the first `keep` inputs back to the front of the queue.
void Lane::give_back(std::vector<Waiting>& inputs, std::size_t keep) {
  while (inputs.size() > keep) {
    waiting_.push_front(std::move(inputs.back()));
    inputs.pop_back();
  }
}

// Parked steps whose run is not queued any more go to the front, in their order.
void Lane::release_parked() {
  std::deque<Waiting> parked = std::exchange(parked_, {});
  std::deque<Waiting> free;
  for (Waiting& waiting : parked) {
    const RunState* row = thread_.state.run(batch_of(waiting.input).run);
    const bool waits = row && row->run.status == RunStatus::queued;
    (waits ? parked_ : free).push_back(std::move(waiting));
  }
  for (Waiting& waiting : free | std::views::reverse) waiting_.push_front(std::move(waiting));
}

void Lane::refuse_parked(const Error& error) {
  for (Waiting& waiting : std::exchange(parked_, {})) refuse_steps(waiting, StepRefusal::of(error));
}

void Lane::handle(Waiting& next, AttemptInput& input) {
  Job job;
  if (thread_.deleted) {
    job.inputs.push_back(std::move(next));
    return refuse(std::move(job), thread_deleted());
  }
  auto decision = decide(thread_.state, input.request, next_at(), parts_.rules);
  if (!decision) {
    next.load.give_back();
    return input.done(std::unexpected(std::move(decision.error())));
  }
  job.inputs.push_back(std::move(next));
  append(std::move(*decision), std::move(job));
}

void Lane::answer(AttemptInput& input, Job& done) {
  MUST(done.entry != nullptr);
  input.done(StepAck{0, done.entry->at});
}

void Lane::answer(StepsInput& input, Job& done) {
  MUST(!input.batch.steps.empty());
  const std::uint64_t seq = input.batch.steps.back().seq;
  if (done.entry && seq > done.known_seq) {
    parts_.metrics.steps += std::min<std::uint64_t>(input.batch.steps.size(), seq - done.known_seq);
    steps_.took(input.batch, input.batch.steps, done.known_seq);
    return input.done(StepAck{seq, done.entry->at});
  }
  // A retry gets its first answer.
  const Result<Timestamp> at = parts_.history.step_at(thread_, input.batch.run, seq);
  if (at) return input.done(StepAck{seq, *at});
  input.done(std::unexpected(StepRefusal::of(at.error())));
}

}  // namespace lockstep
