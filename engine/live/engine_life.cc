// SPDX-License-Identifier: Apache-2.0
// engine_life.cc: how an engine begins and ends: the work of a start, and of a stop.
#include <string>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/live/engine.h"
#include "engine/store/thread_flags.h"

namespace lockstep {
namespace {

// Calls `done` when all expected answers have come.
class Gathering {
 public:
  explicit Gathering(Done<void> done) : done_(std::move(done)) {}
  ~Gathering() = default;
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  void expect() { ++left_; }
  void answer() {
    MUST(left_ > 0);
    if (--left_ == 0) done_();
  }

 private:
  std::size_t left_ = 0;
  Done<void> done_;
};

bool has_open_runs(const ThreadState& state) { return state.running || !state.waiting.empty(); }

std::string in_words(std::chrono::microseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  constexpr std::int64_t minute = 60;
  if (seconds >= 2 * minute) return std::to_string(seconds / minute) + " minutes";
  return std::to_string(seconds) + " seconds";
}

}  // namespace

// Finishes the former process's work durably before `ready`. Interrupted runs are mended after it.
void Engine::begin(Found found, Done<Result<void>> ready) {
  for (auto& [number, one] : found.outside) {
    host_.outlived(one.thread, one.run, {one.agent, one.attempt});
    outside_.begins(number, std::move(one));
  }
  why_interrupted_ = std::move(found.why);
  auto rest = alive_.guard([this, ready = std::move(ready),
                            threads = std::move(found.interrupted)](Result<void> written) mutable {
    if (!written) return ready(std::move(written));
    // The thread that the crash mark names is now quarantined durably (`look`).
    if (parts_.crash_mark) parts_.crash_mark->clear();
    if (!stopping_) mending_.begin(std::move(threads));
    parts_.metrics.threads_to_mend = mending_.left();
    blobs_.begin_sweeps();
    ready({});
  });
  auto result = std::make_shared<Result<void>>();
  auto all = std::make_shared<Gathering>(
      [rest = std::move(rest), result]() mutable { rest(std::move(*result)); });
  auto done = [all, result](Result<void> written) {
    if (!written) *result = std::move(written);
    all->answer();
  };
  all->expect();  // the post below answers: `ready` is never called from within `open`
  if (!found.rows.empty()) {
    all->expect();
    parts_.log.write(std::move(found.rows), {}, done);
  }
  for (const ThreadNumber number : found.half_erased) {
    all->expect();
    erase_bytes(number, done);
  }
  parts_.executor.post([all] { all->answer(); });
}

// The blobs go first: as long as the flag is there, a crash makes the next start do all of it
// again.
void Engine::erase_bytes(ThreadNumber number, Done<Result<void>> done) {
  blobs_.erase_of(number, alive_.guard([this, number, done = std::move(done)](
                                           Result<std::vector<RowWrite>> rows) mutable {
    if (!rows && rows.error().kind != Kind::corrupt) return done(std::unexpected(rows.error()));
    if (!rows) damage_.found(Damaged::thread, "blobs of a deleted thread", rows.error());
    erase_entries(number, rows ? std::move(*rows) : std::vector<RowWrite>(), std::move(done));
  }));
}

void Engine::erase_entries(ThreadNumber number, std::vector<RowWrite> rows,
                           Done<Result<void>> done) {
  rows.push_back(thread_flags::clear(thread_flags::erasing, number));
  parts_.log.write(
      std::move(rows), {number},
      alive_.guard([this, number, done = std::move(done)](Result<void> result) mutable {
        blobs_.erased(number);
        if (!result && result.error().kind == Kind::corrupt) {
          // The thread is deleted all the same. A salvage removes its bytes.
          damage_.found(Damaged::thread, "deleted thread " + std::to_string(number.get()),
                        result.error());
          result = {};
        }
        done(std::move(result));
      }));
}

void Engine::mend(const ThreadName& thread, Done<void> done) {
  MUST(parts_.executor.runs_here());
  if (!mending_.awaits(thread)) return parts_.executor.post(std::move(done));
  mending_.first(thread, std::move(done));
}

bool Engine::waits_for_mending(const std::optional<UserId>& user, const ThreadName& thread) const {
  return (!user || *user == thread.owner) && mending_.awaits(thread);
}

void Engine::end_interrupted(const ThreadName& id, Done<void> done) {
  auto ended = [this, done = std::move(done)](const Result<void>&) mutable {
    done();
    parts_.metrics.threads_to_mend = mending_.left();
  };
  const auto other = why_interrupted_.extract(id);
  std::string why = other ? other.mapped() : "the server was stopped without warning";
  // A damaged thread is quarantined together with its runs. All other threads are served.
  auto thread = states_.open(std::nullopt, id);
  if (!thread) return ended({});
  lane(**thread).push(InterruptInput{{codes::interrupted, std::move(why)}, std::move(ended)}, 0);
}

void Engine::fail_run(LiveThread& thread, const Error& error) {
  lane(thread).push(
      InterruptInput{{codes::storage_failed, error.detail}, [](const Result<void>&) {}}, 0);
}

// Another writer has the run now. If it is a model of this process, it gets the context that the
// first one got.
void Engine::start_again(LiveThread& thread, const RunId& id) {
  const Run& run = thread.state.run(id)->run;
  MUST(run.status == RunStatus::running && run.context_ts);
  const auto state = history_.state_at(thread, *run.context_ts);
  if (!state) return fail_run(thread, state.error());
  auto context = context_of(thread, *state, run);
  if (!context) return fail_run(thread, context.error());
  outside_.ends(thread.number, id);
  const auto silence_max = parts_.agents.outlives(run.agent, context->context.settings);
  if (silence_max) outside_.begins(thread.number, {thread.name, id, *silence_max});
  host_.started(run.agent, std::move(context->context), run.attempt);
}

void Engine::end_silent(const OutsideRuns::One& one) {
  if (stopping_) return;
  auto thread = states_.open(std::nullopt, one.thread);
  if (!thread) return;
  const RunState* row = (*thread)->state.run(one.run);
  if (!row || row->run.ended) return;
  lane(**thread).push(
      InterruptInput{
          .why = {codes::silent, "its writer sent no step for " + in_words(one.silence_max)},
          .done = [](const Result<void>&) {},
          .only = ProducerOffset{row->run.id, row->run.attempt, row->seq}},
      0);
}

Result<LiveThread*> Engine::shown(const std::optional<UserId>& user, const ThreadName& thread) {
  MUST(parts_.executor.runs_here());
  if (waits_for_mending(user, thread)) {
    return fail(Kind::overloaded, codes::not_ready,
                "the thread is being mended after a crash: try again");
  }
  return states_.open(user, thread);
}

void Engine::stop(Done<void> done) {
  MUST(parts_.executor.runs_here());
  stopping_ = true;
  mending_.stop();  // the next start mends the rest
  auto all = std::make_shared<Gathering>(std::move(done));
  all->expect();
  states_.each([&](LiveThread& thread) {
    // A lane may hold accepted changes that still start a run, so a busy lane counts as open.
    const bool idle = !thread.lane || thread.lane->idle();
    if (idle && (!has_open_runs(thread.state) || outlives(thread))) return;
    all->expect();
    lane(thread).push(InterruptInput{.why = {codes::shutdown, "the server was shut down"},
                                     .done = [all](const Result<void>&) { all->answer(); },
                                     .spares_outside = true},
                      0);
  });
  parts_.executor.post([all] { all->answer(); });
}

}  // namespace lockstep
