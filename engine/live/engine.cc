// SPDX-License-Identifier: Apache-2.0
#include "engine/live/engine.h"

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_set>
#include <variant>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/live/entry_rows.h"
#include "engine/rules/sizes.h"
#include "engine/store/thread_flags.h"

namespace lockstep {
namespace {

Error stopping() {
  return {Kind::overloaded, codes::stopping, "the server is shutting down: try again later"};
}
Error overloaded() {
  return {Kind::overloaded, codes::overloaded, "too much waits for this thread: try again later"};
}
Error no_memory() {
  return {Kind::overloaded, codes::overloaded, "all memory is in use: try again later"};
}

// Does the request make the engine hold more? Other requests, which only end or move something, may
// use the memory reserve.
bool brings_work(const ChangeRequest& request) {
  return std::ranges::any_of(request.changes, [](const Change& change) {
    return !std::holds_alternative<StopRun>(change.what) &&
           !std::holds_alternative<DeleteMessage>(change.what) &&
           !std::holds_alternative<MoveHead>(change.what);
  });
}

// Makes the ids that the front left out.
void make_missing_ids(StartRun& start, const std::function<std::string()>& made) {
  if (start.run.get().empty()) start.run = RunId(made());
  for (MessageInput& input : start.input) {
    if (input.id.get().empty()) input.id = MessageId(made());
  }
}

}  // namespace

template <class Answer>
void Engine::later(Done<Answer> done, Answer answer) {
  parts_.executor.post(
      [done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
}

// --- Life ----------------------------------------------------------------------------------------

Result<std::unique_ptr<Engine>> Engine::open(Parts parts, RunHost& host, Done<Result<void>> ready) {
  MUST(parts.executor.runs_here());
  TRY_LET(found, Engine::look(parts));
  return std::make_unique<Engine>(std::move(parts), host, std::move(found), std::move(ready));
}

Engine::Engine(Parts parts, RunHost& host, Found found, Done<Result<void>> ready)
    : parts_(std::move(parts)),
      host_(host),
      epochs_(std::move(found.epochs)),
      rules_{parts_.agents, parts_.is_json_object, epochs_.current, {}},
      outside_(parts_.executor,
               [this](ThreadNumber, const OutsideRuns::One& one) { end_silent(one); }),
      usage_(parts_.store, parts_.read_usage),
      mending_(parts_.executor,
               [this](const ThreadName& thread, Done<void> done) {
                 end_interrupted(thread, std::move(done));
               }),
      hub_(parts_.memory),
      damage_(parts_.tell_damage),
      history_(parts_.log, parts_.store, hub_, parts_.metrics, damage_),
      responder_(history_, rules_, parts_.metrics),
      blobs_({.store = parts_.store,
              .clock = parts_.clock,
              .executor = parts_.executor,
              .metrics = parts_.metrics,
              .blobs = parts_.blobs,
              .offload = parts_.blob_offload,
              .unnamed_max = parts_.blob_unnamed_max}),
      states_({parts_.log, parts_.store, hub_, epochs_, parts_.crash_mark, parts_.metrics, damage_,
               parts_.memory, &outside_}),
      feed_(parts_.log, parts_.store, epochs_),
      lane_parts_{.log = parts_.log,
                  .store = parts_.store,
                  .clock = parts_.clock,
                  .executor = parts_.executor,
                  .states = states_,
                  .history = history_,
                  .responder = responder_,
                  .rules = rules_,
                  .metrics = parts_.metrics,
                  .host = *this,
                  .blobs = blobs_,
                  .memory = parts_.memory,
                  .offload = parts_.offload,
                  .step_key = {parts_.random.next(), parts_.random.next()}},
      next_number_(found.next_number) {
  for (ThreadNumber number : found.quarantined) states_.quarantine(number);
  parts_.log.follow(
      alive_.guard([this](std::span<const Committed> committed) { on_commit(committed); }));
  if (parts_.memory) {
    parts_.memory->on_full([this](std::size_t bytes) { give_up(bytes); });
  }
  begin(std::move(found), std::move(ready));
}

Engine::~Engine() {
  if (parts_.memory) parts_.memory->on_full(nullptr);
}

// Drops caches: idle states first, then tails. Both can be read from the disk again.
void Engine::give_up(std::size_t bytes) {
  if (bytes == 0) return states_.settle();
  const std::size_t before = parts_.memory->bytes();
  states_.give_up(bytes);
  const std::size_t given = before - parts_.memory->bytes();
  if (given < bytes) hub_.give_up(bytes - given);
}

// --- The one road --------------------------------------------------------------------------------

void Engine::on_commit(std::span<const Committed> committed) {
  MUST(parts_.executor.runs_here());
  std::unordered_set<ThreadName> threads;
  std::unordered_set<UserId> users;
  for (const Committed& one : committed) {
    LiveThread* thread = states_.find(one.thread);
    if (!thread) continue;  // another writer's entry, of a thread that is not loaded
    const bool moved = moves_in_feed(*thread, *one.entry);
    states_.fold(one);
    if (one.entry->producer) outside_.hears(one.thread);
    hub_.publish(thread->name, one.entry);
    threads.insert(thread->name);
    if (moved || thread->deleted) users.insert(thread->state.owner);
  }
  for (const ThreadName& thread : threads) hub_.wake(thread);
  for (const UserId& user : users) feed_.wake(user);
}

ThreadNumber Engine::next_number() {
  return std::exchange(next_number_, ThreadNumber(next_number_.get() + 1));
}

bool Engine::has_room_for_run(const LiveThread& thread) const {
  if (!parts_.memory) return true;
  return run_shares_.held_by(thread.name.owner) < RunShares::share_of(parts_.memory->bytes_max());
}

// Runs count from here, before they are durable, so that starts at the same time see each other.
void Engine::begins(const LiveThread& thread, const Entry& entry) {
  MUST(thread.number != ThreadNumber() && entry.previous == thread.state.now);
  if (!parts_.memory) return;
  for (const Event& event : entry.events) {
    const auto* started = std::get_if<RunStarted>(&event);
    if (!started) continue;
    run_shares_.begins(thread.number, started->run, thread.name.owner,
                       RunShares::bytes_of(thread.state, entry, started->head));
  }
}

void Engine::add_rows(const LiveThread& thread, const Entry& entry, bool last,
                      std::vector<RowWrite>& rows) {
  for (RowWrite& row : usage_.add(thread.number, thread.state, entry, last)) {
    rows.push_back(std::move(row));
  }
}

void Engine::never_began(const LiveThread& thread, const Entry& entry) {
  if (auto wrong = usage_.failed(thread.number); !wrong.rows.empty()) {
    parts_.log.write(std::move(wrong.rows), {},
                     alive_.guard([this, keys = std::move(wrong.row_keys)](const Result<void>&) {
                       usage_.corrected(keys);
                     }));
  }
  for (const Event& event : entry.events) {
    if (const auto* started = std::get_if<RunStarted>(&event)) {
      run_shares_.ends(thread.number, started->run);
    }
  }
}

void Engine::happened(LiveThread& thread, const Entry& entry) {
  MUST(entry.at == thread.state.now);
  usage_.happened(thread.number);
  // Twice: the thread holds the content, and so does the model that has written it.
  run_shares_.grows(thread.number, 2 * size_of(entry));
  for (const Event& event : entry.events) {
    if (const auto* started = std::get_if<RunStarted>(&event)) {
      ++parts_.metrics.runs_started;
      // A later change of the same request may have ended the run: then no model gets it.
      if (thread.state.run(started->run)->run.status != RunStatus::running) continue;
      start(thread, started->run);
    } else if (const auto* attempt = std::get_if<AttemptStarted>(&event)) {
      start_again(thread, attempt->run);
    } else if (const auto* ended = std::get_if<RunEnded>(&event)) {
      const Run& run = thread.state.run(ended->run)->run;
      ++parts_.metrics.runs_ended[{run.agent, run.status}];
      outside_.ends(thread.number, run.id);
      run_shares_.ends(thread.number, run.id);
      host_.ended(thread.name, run);
    }
  }
}

void Engine::start(LiveThread& thread, const RunId& id) {
  const Run& run = thread.state.run(id)->run;
  MUST(run.context_ts == thread.state.now);
  auto context = context_of(thread, thread.state, run);
  if (context) {
    const auto silence_max = parts_.agents.outlives(run.agent, context->context.settings);
    if (silence_max) {
      outside_.begins(thread.number, {thread.name, run.id, *silence_max, run.agent, run.attempt});
      run_shares_.ends(thread.number, run.id);  // such a run holds nothing between two steps
    }
    return host_.started(run.agent, std::move(context->context), run.attempt);
  }
  fail_run(thread, context.error());
}

void Engine::idle(LiveThread& thread) {
  states_.touch(thread);
  states_.trim();
}

Lane& Engine::lane(LiveThread& thread) {
  if (!thread.lane) thread.lane = std::make_unique<Lane>(thread, lane_parts_);
  return *thread.lane;
}

// --- In ------------------------------------------------------------------------------------------

void Engine::sync(SyncRequest request, Done<Result<SyncReply>> done) {
  MUST(parts_.executor.runs_here());
  if (waits_for_mending(request.changes.user, request.thread)) {
    const ThreadName thread = request.thread;
    return mending_.first(thread,
                          [this, request = std::move(request), done = std::move(done)]() mutable {
                            sync(std::move(request), std::move(done));
                          });
  }
  ++parts_.metrics.syncs;
  const bool changes = !request.changes.changes.empty();
  if (changes && stopping_)
    return later<Result<SyncReply>>(std::move(done), std::unexpected(stopping()));
  if (request.changes.changes.size() > limits::changes_max) {
    return later<Result<SyncReply>>(
        std::move(done),
        fail(Kind::rejected, codes::too_large, "the request has too many changes: send several"));
  }
  const std::size_t bytes = size_of(request.changes);
  if (changes && !has_memory(bytes, brings_work(request.changes))) {
    return later<Result<SyncReply>>(std::move(done), std::unexpected(no_memory()));
  }
  // The gate has its own answer to a cursor of a thread that does not exist. It needs a thread.
  auto thread = changes || request.changes.cursor
                    ? states_.open_or_make(request.changes.user, request.thread)
                    : states_.open(request.changes.user, request.thread);
  if (!thread) return later<Result<SyncReply>>(std::move(done), std::unexpected(thread.error()));
  LiveThread& live = **thread;
  if (changes) {
    if (!lane(live).has_room(bytes)) {
      return later<Result<SyncReply>>(std::move(done), std::unexpected(overloaded()));
    }
    make_missing_ids(request.changes);
    return lane(live).push(ChangesInput{std::move(request), std::move(done)}, bytes);
  }
  std::optional<Result<SyncReply>> early = responder_.gate(live, request);
  Result<SyncReply> reply = early ? std::move(*early) : responder_.reply(live, request, {});
  states_.touch(live);
  later<Result<SyncReply>>(std::move(done), std::move(reply));
}

bool Engine::has_memory(std::size_t bytes, bool is_new) {
  if (!parts_.memory) return true;
  return is_new ? parts_.memory->admits(MemoryKind::steps, bytes)
                : parts_.memory->admits_begun(MemoryKind::steps, bytes);
}

void Engine::make_missing_ids(ChangeRequest& request) {
  const auto made = [this] { return make_id(parts_.clock.now(), parts_.random); };
  for (Change& change : request.changes) {
    if (auto* start = std::get_if<StartRun>(&change.what)) {
      lockstep::make_missing_ids(*start, made);
    } else if (auto* put = std::get_if<PutMessage>(&change.what)) {
      if (put->id.get().empty()) put->id = MessageId(made());
    } else if (auto* answer = std::get_if<AnswerCall>(&change.what)) {
      if (answer->id.get().empty()) answer->id = MessageId(made());
    }
  }
}

void Engine::write(std::optional<UserId> user, ThreadName thread, StepBatch batch,
                   Done<std::expected<StepAck, StepRefusal>> done) {
  MUST(parts_.executor.runs_here());
  if (waits_for_mending(user, thread)) {
    return mending_.first(thread, [this, user = std::move(user), thread, batch = std::move(batch),
                                   done = std::move(done)]() mutable {
      write(std::move(user), std::move(thread), std::move(batch), std::move(done));
    });
  }
  using Answer = std::expected<StepAck, StepRefusal>;
  const auto refuse = [&](const Error& error) {
    later<Answer>(std::move(done), std::unexpected(StepRefusal::of(error)));
  };
  if (stopping_) return refuse(stopping());
  if (batch.steps.empty() && !batch.unread) {
    return refuse({Kind::rejected, codes::invalid, "the batch has no steps: send at least one"});
  }
  const std::size_t bytes = size_of(batch);
  if (batch.steps.size() > limits::batch_steps_max || bytes > limits::body_bytes_max) {
    return refuse({Kind::rejected, codes::too_large, "the batch is too large: send several"});
  }
  // The steps belong to accepted work, a run that has started, so they may use the memory reserve.
  if (user && !has_memory(bytes, false)) return refuse(no_memory());
  auto live = states_.open(user, thread);
  if (!live) return refuse(live.error());
  if (user && written_here(**live, batch.run)) {
    return refuse({Kind::conflict, codes::written_here,
                   "a model of the server, or a worker with a claim, writes this run: send steps "
                   "only for runs of `push` agents"});
  }
  if (!lane(**live).has_room(bytes)) return refuse(overloaded());
  lane(**live).push(StepsInput{std::move(batch), std::move(done)}, bytes);
}

void Engine::start_attempt(ThreadName thread, AttemptRequest request,
                           Done<std::expected<StepAck, StepRefusal>> done) {
  MUST(parts_.executor.runs_here());
  if (mending_.awaits(thread)) {
    const ThreadName name = thread;
    return mending_.first(name, [this, thread = std::move(thread), request = std::move(request),
                                 done = std::move(done)]() mutable {
      start_attempt(std::move(thread), std::move(request), std::move(done));
    });
  }
  using Answer = std::expected<StepAck, StepRefusal>;
  const auto refuse = [&](const Error& error) {
    later<Answer>(std::move(done), std::unexpected(StepRefusal::of(error)));
  };
  if (stopping_) return refuse(stopping());
  auto live = states_.open(std::nullopt, thread);
  if (!live) return refuse(live.error());
  lane(**live).push(AttemptInput{std::move(request), std::move(done)}, 0);
}

// Is the run open, and its agent not of kind `push`? The writer of a claimed run comes without a
// user, too: it has shown its claim.
bool Engine::written_here(const LiveThread& thread, const RunId& id) const {
  const RunState* row = thread.state.run(id);
  if (!row || row->run.ended) return false;
  const Run& run = row->run;
  if (run.status == RunStatus::running) {
    return !outside_.has(thread.number) || outside_.is_claimed(thread.number);
  }
  const auto settings = parts_.agents.settings(run.agent, run.params);
  if (!settings) return false;
  const auto silence_max = parts_.agents.outlives(run.agent, settings->bytes);
  return !silence_max || *silence_max == written_by_claims;
}

void Engine::erase(const UserId& user, ThreadName thread, Done<Result<void>> done) {
  MUST(parts_.executor.runs_here());
  if (waits_for_mending(user, thread)) {
    return mending_.first(thread, [this, user, thread, done = std::move(done)]() mutable {
      erase(user, std::move(thread), std::move(done));
    });
  }
  if (stopping_) return later<Result<void>>(std::move(done), std::unexpected(stopping()));
  auto live = states_.open(user, thread);
  if (!live) return later<Result<void>>(std::move(done), std::unexpected(live.error()));
  const ThreadNumber number = (*live)->number;
  auto tombstoned =
      alive_.guard([this, number, done = std::move(done)](Result<void> result) mutable {
        if (!result) return done(std::move(result));
        // The thread is unreachable from here on. Its bytes go now; if the process ends before
        // that, the next start erases them.
        erase_bytes(number, std::move(done));
      });
  lane(**live).push(EraseInput{std::move(tombstoned)}, 0);
}

}  // namespace lockstep
