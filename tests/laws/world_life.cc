// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/world_life.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "tests/laws/front.h"

namespace lockstep::test {

// --- Up and down ---------------------------------------------------------------------------------

void EngineWorld::start() {
  while (records_.wrong.empty()) {
    open();
    if (!records_.wrong.empty()) return;
    if (life_->ready) return check_all_kept();
    count("power cut while starting");
    power_cut();
  }
}

// Until it is ready, or the power is to go again.
void EngineWorld::open() {
  ++records_.life;
  stopping_ = false;
  for (auto& [id, thread] : records_.threads) turns_told_[id] = thread.turns().size();
  life_ = std::make_unique<Life>(*this);
  Life& life = *life_;
  auto log = KvLog::open({life.kv, life.witness, life.fail_stop, life.executor, random_});
  if (!log) return found("the store does not open: " + log.error().detail);
  life.log = std::move(*log);
  life.spied = std::make_unique<SpiedLog>(*life.log, records_, [this] { return one_in(60); });
  auto engine = Engine::open({.log = *life.spied,
                              .store = *life.log,
                              .clock = clock_,
                              .random = random_,
                              .executor = life.executor,
                              .agents = agents_,
                              .is_json_object = is_json_object,
                              .metrics = life.metrics},
                             *this, [this](Result<void> ready) {
                               if (!ready) found("the engine does not start");
                               life_->opened = true;
                             });
  if (!engine) return found("the engine does not open: " + engine.error().detail);
  life.engine = std::move(*engine);
  if (epoch_ && *epoch_ != life.engine->epoch()) found("a restart begins a new epoch");
  epoch_ = life.engine->epoch();
  while (!life.ready && !life.fail_stop.happened() && !one_in(60)) {
    if (life.opened && all_mended()) {
      life.ready = true;
      after_start();
    } else if (!life.executor.step() && !commit_once() && !life.fail_stop.happened()) {
      return found("the engine never gets ready");
    }
  }
}

// Asks for a thread that a crash has left with open runs, by chance.
bool EngineWorld::all_mended() {
  bool all = true;
  for (const auto& [id, thread] : records_.threads) {
    if (life_->engine->mended(id)) continue;
    all = false;
    const auto read = life_->engine->read(std::nullopt, id, std::nullopt);
    if (read || read.error().code != "not_ready") found("a thread is shown before it is mended");
    if (!one_in(4)) continue;
    count("thread asked for before it is mended");
    life_->engine->mend(id, [this, id] {
      if (truth(id).has_open_runs()) found("a thread is mended, and its runs are open");
    });
  }
  return all;
}

// Before the engine shows a thread, it has ended the runs that the former process wrote. Runs with
// writers outside continue.
void EngineWorld::after_start() {
  for (const auto& [id, thread] : records_.threads) {
    if (thread.outlives()) count("run outlives a restart");
    if (thread.has_open_runs() && !thread.outlives()) {
      found("a run of " + to_string(id) + " is open after a restart");
    }
    for (const RunId& run : thread.runs()) {
      const RunLife& known = *thread.run(run);
      if (known.ended_in_life != records_.life) continue;
      if (known.started && known.agent == AgentName("push")) {
        found("a restart ends a run whose writer is alive");
      }
      count(known.started ? "run interrupted by a restart"
                          : "waiting run interrupted by a restart");
      if (known.status != RunStatus::interrupted) found("a restart ends a run as something else");
    }
  }
}

void EngineWorld::power_cut() {
  count("power cut");
  if (life_->executor.waiting() > 0) count("power cut before an answer");
  life_.reset();
  calls_.clear();
  for (auto& front : fronts_) {
    front->joined = front->dirty = false;
    front->in_flight = 0;
  }
  disk_.power_cut(upto(2), one_in(2));
  records_.look_again(sim::SimKv(disk_));
}

void EngineWorld::graceful_stop() {
  doing_ = "the server is stopped";
  count("graceful stop");
  bool stopped = false;
  stopping_ = true;
  life_->engine->stop([this, &stopped] {
    stopped = true;
    for (const auto& [id, thread] : records_.threads) {
      if (thread.has_open_runs() && !thread.outlives()) {
        found("a run of " + to_string(id) + " is open after a stop");
      }
    }
  });
  while (!stopped && !life_->fail_stop.happened()) {
    if (one_in(8)) front_acts(*fronts_[upto(fronts_.size())]);
    if (one_in(8)) producer_acts();
    if (!life_->executor.step() && !commit_once() && !life_->fail_stop.happened()) {
      found("the engine never stops");
      return;
    }
  }
  power_cut();
  start();
}

// --- At work -------------------------------------------------------------------------------------

bool EngineWorld::commit_once() {
  if (one_in(150)) disk_.fail_at(1, static_cast<sim::DiskFault>(1 + upto(3)));
  const bool worked = life_->log->committer().run_once();
  if (life_->fail_stop.happened()) {
    count(disk_.unflushed() > 0 ? "power cut inside a commit, unflushed"
                                : "power cut inside a commit");
  }
  return worked;
}

void EngineWorld::work_a_little() {
  const std::uint64_t dice = upto(16);
  if (dice < 10) {
    for (std::uint64_t steps = 1 + upto(4); steps > 0; --steps) life_->executor.step();
  } else if (dice < 15) {
    commit_once();
  } else {
    life_->log->committer().sync_witness();
  }
  if (!life_->fail_stop.happened()) return;
  // The process may continue for a moment, and must show only entries that it knows to be durable.
  for (std::uint64_t steps = upto(6); steps > 0; --steps) life_->executor.step();
  power_cut();
  start();
}

void EngineWorld::settle() {
  bool moved = true;
  while (moved && records_.wrong.empty()) {
    moved = life_->executor.step() || commit_once();
    if (life_->fail_stop.happened()) {
      power_cut();
      start();
      moved = true;
    }
    for (auto& front : fronts_) {
      while (front->joined && front->dirty && records_.wrong.empty()) take_slice(*front);
    }
  }
  if (records_.wrong.empty()) check_at_rest();
}

void EngineWorld::check_at_rest() {
  count("rest");
  for (const auto& call : calls_) {
    if (call->answered) continue;
    const RunLife* run = call->steps ? truth(call->thread).run(*call->steps) : nullptr;
    if (!run || !run->waits()) found(call->what + " is never answered");
  }
  std::erase_if(calls_, [](const auto& call) { return call->answered; });
  for (const auto& front : fronts_) {
    if (!front->joined) continue;
    if (truth(front->thread).deleted) found("a follower was not told of the deletion");
    if (front->screen.now != truth(front->thread).last()) found("a follower was not woken");
  }
  for (const auto& [id, thread] : records_.threads) {
    if (turns_told_[id] != thread.turns().size()) found("the host was not told of a run");
  }
  for (const ThreadName& id : slots_) {
    if (!truth(id).there() || truth(id).deleted) continue;
    const auto now = life_->engine->read(std::nullopt, id, std::nullopt);
    if (!now) return found("a thread can't be read: " + now.error().detail);
    is_durable(id, now->cursor.at, "a reading");
    const std::string wrong = difference(now->screen, truth(id).screen(truth(id).last()));
    if (!wrong.empty()) found("at rest the engine shows something else: " + wrong);
  }
}

// --- Shown entries are still there ---------------------------------------------------------------

void EngineWorld::check_all_kept() {
  count("restart");
  for (auto& [id, thread] : records_.threads) {
    const auto now = life_->engine->read(std::nullopt, id, std::nullopt);
    if (!now) {
      const std::string& code = now.error().code;
      if (code == "deleted" && thread.erase_asked) {
        if (!thread.deleted) count("deletion survives unanswered");
        was_told_deleted(id);
        if (!records_.bytes_gone(life_->kv, id)) found("a start leaves bytes of a deleted thread");
      } else if (thread.there() || code != "unknown_thread") {
        found("after a restart " + to_string(id) + " is " + code + ": " + now.error().detail);
      }
      continue;
    }
    if (thread.deleted) found("a deleted thread is back");
    is_durable(id, now->cursor.at, "a reading");
    const std::string wrong = difference(now->screen, thread.screen(thread.last()));
    if (!wrong.empty())
      found("after a restart " + to_string(id) + " shows something else: " + wrong);
    Timestamp after;
    while (records_.wrong.empty()) {
      const auto slice = life_->engine->entries(std::nullopt, id, after, 1 + upto(4'000));
      if (!slice) return found("entries can't be read: " + slice.error().detail);
      if (slice->entries.empty()) break;
      for (const auto& published : slice->entries) {
        const Entry* known = thread.next(after);
        if (!known || *known != *published->entry) return found("an entry is another one");
        after = known->at;
      }
    }
    if (after != thread.last()) found("after a restart the log ends early");
    if (!thread.runs().empty()) check_context(id, thread.runs()[upto(thread.runs().size())]);
  }
}

// The input of a run can be shown again at any later time.
void EngineWorld::check_context(const ThreadName& thread, const RunId& run) {
  const RunLife& known = *truth(thread).run(run);
  const auto context = life_->engine->context(std::nullopt, thread, run);
  if (!context) {
    if (known.started || context.error().code != "not_started") found("a context can't be shown");
    return;
  }
  const auto given = given_.find({thread, run});
  if (given == given_.end()) return;
  if (given->second.context.path != context->context.path ||
      given->second.context.settings != context->context.settings) {
    found("a run's context is another than it was given");
  }
  if (given->second.life < records_.life) count("context shown again after a restart");
}

// --- The host ------------------------------------------------------------------------------------

void EngineWorld::next_turn(const ThreadName& thread, bool start, const RunId& run) {
  const auto& turns = truth(thread).turns();
  const std::size_t turn = turns_told_[thread]++;
  if (turn >= turns.size()) return found("the host is told of a run before that is durable");
  if (turns[turn] != std::pair(start, run)) found("the host is told of runs out of order");
}

void EngineWorld::started(const AgentName&, Context context, std::uint32_t attempt) {
  if (inside_) found("the host is told from within a call");
  next_turn(context.thread, true, context.run);
  const RunLife* run = truth(context.thread).run(context.run);
  if (!run || !run->started || attempt != 1) return found("a run starts that did not");
  is_durable(context.thread, *run->started, "a run's start");
  const Screen& screen = truth(context.thread).screen(*run->started);
  const auto started = std::ranges::find(screen.runs, context.run, &Run::id);
  if (path_of(screen, started->head) != shown(context.path)) {
    found("run " + context.run.get() + " is given something else than fronts see");
  }
  count("run started");
  const ThreadName thread = context.thread;
  const RunId id = context.run;
  const bool fresh =
      given_.emplace(std::pair(thread, id), Given{std::move(context), records_.life}).second;
  if (!fresh) found("run " + id.get() + " is started for a second time");
}

void EngineWorld::ended(const ThreadName& thread, const Run& run) {
  if (inside_) found("the host is told from within a call");
  next_turn(thread, false, run.id);
}

}  // namespace lockstep::test
