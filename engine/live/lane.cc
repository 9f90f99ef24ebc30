// SPDX-License-Identifier: Apache-2.0
#include "engine/live/lane.h"

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/live/entry_rows.h"
#include "engine/live/thread_errors.h"
#include "engine/rules/sizes.h"
#include "engine/store/entry_codec.h"

namespace lockstep {
namespace {

bool ends_or_starts_a_run(const Entry& entry) {
  return std::ranges::any_of(entry.events, [](const Event& event) {
    return std::holds_alternative<RunStarted>(event) || std::holds_alternative<RunEnded>(event);
  });
}

void count(Metrics& metrics, const std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    if (outcome.duplicate) {
      ++metrics.changes_duplicate;
    } else {
      ++(outcome.applied ? metrics.changes_applied : metrics.changes_refused);
    }
  }
}

}  // namespace

Lane::Lane(LiveThread& thread, const Parts& parts)
    : thread_(thread), parts_(parts), steps_(parts.step_key, parts.memory) {}

Lane::~Lane() = default;

bool Lane::has_room(std::size_t bytes) const {
  return waiting_.size() + parked_.size() < limits::lane_inputs_max &&
         bytes_ + bytes <= limits::lane_bytes_max;
}

bool Lane::idle() const {
  return waiting_.empty() && parked_.empty() && !in_flight_ && !working_ && !scheduled_;
}

void Lane::push(LaneInput input, std::size_t bytes) {
  MUST(parts_.executor.runs_here());
  waiting_.push_back(
      {std::move(input), LaneLoad(bytes_, bytes), Charge(parts_.memory, MemoryKind::steps, bytes)});
  schedule();
}

// Post the work: inputs pushed in one turn share an entry, and a caller never gets its answer from
// inside `push`.
void Lane::schedule() {
  if (scheduled_ || in_flight_ || working_) return;
  scheduled_ = true;
  parts_.executor.post(alive_.guard([this] {
    scheduled_ = false;
    work();
  }));
}

void Lane::work() {
  MUST(!working_);
  working_ = true;
  while (!in_flight_ && !waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    handle(std::move(next));
  }
  working_ = false;
  if (idle()) parts_.host.idle(thread_);  // may destroy this
}

void Lane::handle(Waiting next) {
  MUST(working_ && !in_flight_);
  std::visit([&](auto& input) { handle(next, input); }, next.input);
}

Timestamp Lane::next_at() { return next_timestamp(thread_.state.now, parts_.clock.now()); }

// --- Deciding ------------------------------------------------------------------------------------

void Lane::handle(Waiting& next, ChangesInput& input) {
  if (auto early = parts_.responder.gate(thread_, input.request)) {
    next.load.give_back();
    return input.done(std::move(*early));
  }
  auto pasts = parts_.responder.pasts(thread_, input.request.changes);
  if (!pasts) {
    next.load.give_back();
    return input.done(std::unexpected(pasts.error()));
  }
  Rules rules = rules_of(parts_.rules, thread_);
  rules.room_for_run = parts_.host.has_room_for_run(thread_);
  rules.missing_blobs = parts_.blobs.missing(thread_.name.owner, input.request.changes);
  Decision decision = decide(thread_.state, *pasts, input.request.changes, next_at(), rules);
  Job job;
  job.outcomes = std::move(decision.outcomes);
  const bool trace = decision.leaves_trace();
  job.inputs.push_back(std::move(next));
  if (!trace) return answer(std::move(job));
  append(std::move(decision), std::move(job));
}

void Lane::handle(Waiting& next, InterruptInput& input) {
  std::optional<Decision> decision;
  if (applies(input)) decision = interrupt(thread_.state, input.why, next_at(), parts_.rules);
  Job job;
  job.inputs.push_back(std::move(next));
  if (!decision || !decision->leaves_trace()) return answer(std::move(job));
  append(std::move(*decision), std::move(job));
}

bool Lane::applies(const InterruptInput& input) const {
  const ThreadState& state = thread_.state;
  if (input.spares_outside && parts_.host.outlives(thread_)) return false;
  if (!input.only) return true;
  const RunState* row = state.running ? &state.runs[*state.running] : nullptr;
  return row && *input.only == ProducerOffset{row->run.id, row->run.attempt, row->seq};
}

void Lane::handle(Waiting& next, EraseInput&) {
  Job job;
  job.tombstone = true;
  job.inputs.push_back(std::move(next));
  if (thread_.deleted) return refuse(std::move(job), thread_deleted());
  if (!thread_.exists()) return refuse(std::move(job), unknown_thread());
  thread_.erasing = true;
  // The last entry may have no events: it only gives the deletion a place in the owner's feed.
  append(
      interrupt(thread_.state, {codes::deleted, "the thread was deleted"}, next_at(), parts_.rules),
      std::move(job));
}

// --- Making durable ------------------------------------------------------------------------------

void Lane::append(Decision decision, Job job) {
  MUST(!in_flight_ && !job.inputs.empty());
  MUST(job.tombstone || decision.leaves_trace());
  Entry& entry = decision.entry;
  MUST(entry.previous == thread_.state.now && entry.at > entry.previous);
  const bool first = thread_.state.now == Timestamp();
  if (first) {
    MUST(!job.tombstone);
    entry.origin = Origin{thread_.name.id, thread_.name.owner};
    if (thread_.number == ThreadNumber()) {
      parts_.states.give_number(thread_, parts_.host.next_number());
    }
  }
  job.entry = std::make_shared<const Entry>(std::move(entry));
  job.blobs = parts_.blobs.hold(thread_.name.owner, blobs_of(*job.entry));
  parts_.host.begins(thread_, *job.entry);
  job.began = parts_.clock.now();
  auto entry_writer = job.tombstone
                          ? EntryWriter::of_last(thread_, job.entry)
                          : EntryWriter::of(thread_, job.entry, decision.settings, parts_.store);
  job.snapshot = entry_writer.snapshot();
  job.listed = entry_writer.listed();
  in_flight_ = std::move(job);
  in_flight_->beside = parts_.offload && entry_writer.bytes() > limits::turn_entry_bytes;
  if (!in_flight_->beside) {
    parts_.metrics.turn_entry_bytes =
        std::max<std::uint64_t>(parts_.metrics.turn_entry_bytes, entry_writer.bytes());
    return hand_over(entry_writer.write());
  }
  entry_writer.keep();
  struct Beside {
    EntryWriter entry;
    WrittenEntry written = {};
  };
  auto beside = std::make_shared<Beside>(std::move(entry_writer));
  parts_.offload->offload([beside] { beside->written = beside->entry.write(); },
                          alive_.guard([this, beside] { hand_over(std::move(beside->written)); }));
}

void Lane::hand_over(WrittenEntry written) {
  MUST(parts_.executor.runs_here() && in_flight_);
  MUST(thread_.number != ThreadNumber());
  if (in_flight_->entry->origin) {
    written.rows.push_back(next_thread_row(parts_.host.unused_number()));
  }
  parts_.host.add_rows(thread_, *in_flight_->entry, in_flight_->tombstone, written.rows);
  Append append{.thread = thread_.number,
                .expected = in_flight_->entry->previous,
                .entry = in_flight_->entry,
                .bytes = std::move(written.bytes),
                .rows = std::move(written.rows)};
  parts_.log.append(std::move(append), alive_.guard([this](Result<CommitNumber> result) {
    appended(std::move(result));
  }));
}

void Lane::appended(Result<CommitNumber> result) {
  MUST(parts_.executor.runs_here() && in_flight_ && !working_);
  working_ = true;  // keeps the lane: an answered caller may stop using the thread
  Job done = std::move(*in_flight_);
  in_flight_.reset();
  if (result) {
    if (done.listed) thread_.feed_commit = *result;
    happened(std::move(done));
  } else {
    failed(std::move(done), result.error());
  }
  working_ = false;
  work();
}

void Lane::happened(Job done) {
  MUST(thread_.state.now == done.entry->at);
  MUST(thread_.deleted == done.tombstone);
  if (done.snapshot) {
    thread_.snapshot_at = done.entry->at;
    thread_.since_snapshot = 0;
  }
  const Timestamp now = parts_.clock.now();
  parts_.metrics.append_us.add(now > done.began ? now.get() - done.began.get() : 0);
  if (ends_or_starts_a_run(*done.entry)) release_parked();
  const std::shared_ptr<const Entry> entry = done.entry;
  // After a long entry the digests take long too. The answer waits for them, but runs do not: as
  // soon as the start of one is visible, its writer may send steps.
  if (done.beside && digest_beside()) {
    in_flight_ = std::move(done);
  } else {
    answer(std::move(done));
  }
  parts_.host.happened(thread_, *entry);
}

bool Lane::digest_beside() {
  const ThreadState& state = thread_.state;
  auto work = thread_.digests.work(state, state.thread.head, limits::turn_digest_bytes);
  if (!work) return false;
  auto beside = std::make_shared<DigestWork>(std::move(*work));
  parts_.offload->offload([beside] { beside->run(); },
                          alive_.guard([this, beside] { digested(*beside); }));
  return true;
}

void Lane::digested(const DigestWork& digests) {
  MUST(parts_.executor.runs_here() && in_flight_ && !working_);
  thread_.digests.keep(digests);
  working_ = true;
  answer(std::move(*std::exchange(in_flight_, std::nullopt)));
  working_ = false;
  work();
}

void Lane::failed(Job done, const Error& error) {
  thread_.erasing = false;
  parts_.host.never_began(thread_, *done.entry);
  if (error.kind != Kind::conflict) return refuse(std::move(done), error);
  // Another writer has appended: load the state again, and decide again.
  const Result<void> read = parts_.states.reload(thread_);
  if (!read) return refuse(std::move(done), read.error());
  // To the front of the queue, so that inputs keep their order.
  give_back(done.inputs, 0);
}

// --- Answering -----------------------------------------------------------------------------------

void Lane::answer(Job done) {
  for (Waiting& waiting : done.inputs) {
    waiting.load.give_back();
    std::visit([&](auto& input) { answer(input, done); }, waiting.input);
  }
}

void Lane::answer(ChangesInput& input, Job& done) {
  count(parts_.metrics, done.outcomes);
  input.done(parts_.responder.reply(thread_, input.request, std::move(done.outcomes)));
}

void Lane::answer(InterruptInput& input, Job&) {
  // Parked steps would wait for the end of a run that another process writes.
  if (input.spares_outside)
    refuse_parked(
        {Kind::overloaded, codes::stopping, "the server is shutting down: try again later"});
  input.done({});
}

void Lane::answer(EraseInput& input, Job&) { input.done({}); }

void Lane::refuse(Job done, const Error& error) {
  for (Waiting& waiting : done.inputs) {
    waiting.load.give_back();
    fail(waiting.input, error);
  }
}

}  // namespace lockstep
