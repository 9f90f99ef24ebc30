// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/process.h"

#include "engine/base/must.h"
#include "engine/rocks/kv_log.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/store/epochs.h"
#include "tests/laws/front.h"
#include "tests/sim/process_life.h"

namespace lockstep::sim {
namespace {

constexpr std::uint64_t time_of_birth = 1'700'000'000'000'000;  // microseconds since 1970
constexpr std::uint64_t disk_micros = 2'000;                    // usually, a flush
constexpr std::uint64_t start_micros = 300'000;                 // usually, until it runs again
constexpr std::uint64_t drain_micros = 50'000;  // usually, until streams have sent all
constexpr Micros mark_period{1'000'000};
// How often a run's agent is no longer configured when the run starts.
constexpr std::uint64_t agents_gone_one_in = 40;

// Writes the rows of a restore: a new epoch, and the cut of the former one.
void begin_epoch(SimDisk& disk, Epoch next) {
  const auto tail = decode_tail(*disk.row(KvTable::meta, std::string(tail_key)));
  const auto epochs = decode_epochs(*disk.row(KvTable::meta, std::string(epochs_key)));
  MUST(tail.has_value() && epochs.has_value());
  disk.put(KvTable::meta, std::string(epochs_key),
           encode_epochs(with_new_epoch(*epochs, next, tail->last)));
  disk.set_witness(tail->last);
}

}  // namespace

const char* name_of(Point point) {
  constexpr const char* names[] = {"before an append",          "after an append",
                                   "before a commit",           "between commit and delivery",
                                   "before an acknowledgement", "after an acknowledgement"};
  static_assert(std::size(names) == point_count);
  return names[static_cast<std::size_t>(point)];
}

Timestamp SimClock::now() {
  const auto now = static_cast<std::int64_t>(time_of_birth) + loop_.now().count() + offset_;
  return Timestamp(static_cast<std::uint64_t>(now));
}

Process::Process(Loop& loop, Judge& judge, std::uint64_t seed)
    : clock(loop), loop_(loop), judge_(judge), chance_(seed, 1), random_(seed + 1) {}

Process::~Process() = default;

bool Process::ready() const { return life_ && life_->ready && !dying_; }

bool Process::quiet() const {
  return ready() && !life_->committing && !life_->executor.busy() && !life_->beside.busy();
}

Engine& Process::engine() {
  MUST(ready());
  return *life_->engine;
}

Claims& Process::claims() {
  MUST(ready());
  return life_->workers;
}

FollowParts Process::follow_parts() {
  MUST(ready());
  return {*life_->engine, nullptr, life_->stopping};
}

// --- Up ------------------------------------------------------------------------------------------

void Process::start() {
  MUST(!life_);
  dying_ = false;
  ++life_number_;
  ++judge_.records.life;
  life_ = std::make_unique<Life>(*this);
  open();
}

void Process::open() {
  Life& life = *life_;
  auto log = KvLog::open({life.kv, life.witness, life.fail_stop, life.executor, random_});
  if (!log) return refused(log.error());
  if (right_disk_) return judge_.records.found("a store opens that has lost what was told");
  life.log = std::move(*log);
  life.spied = std::make_unique<test::SpiedLog>(*life.log, judge_.records, [] { return false; });
  life.mortal = std::make_unique<MortalLog>(*life.spied, *this);
  auto engine = Engine::open({.log = *life.mortal,
                              .store = *life.log,
                              .clock = clock,
                              .random = random_,
                              .executor = life.executor,
                              .agents = life.agents,
                              .is_json_object = test::is_json_object,
                              .metrics = life.metrics,
                              .offload = &life.beside},
                             *this, [this](Result<void> ready) {
                               if (!ready) judge_.records.found("the engine does not start");
                               life_->ready = true;
                               judge_.look();
                               check_all_kept();
                             });
  if (!engine) return judge_.records.found("the engine does not open: " + engine.error().detail);
  life.engine = std::move(*engine);
  life.driver.connect(said_to(*life.engine, *this, judge_));
  life.workers.connect(*life.engine);
  judge_.begins(life.engine->epoch());
  poke();  // writes the rows of the start
  loop_.after(mark_period, "mark",
              life.alive.guard([this] { life_->log->committer().sync_witness(); }));
}

// Something may wait for the disk.
void Process::poke() {
  judge_.look();
  if (!life_ || life_->committing || dying_) return;
  life_->committing = true;
  Micros delay(chance_.long_tailed(disk_micros));
  if (loop_.now() < slow_until_) {
    ++judge_.records.counts["fault: slow disk"];
    delay += slow_each_;
  }
  loop_.after(delay, "commit", life_->alive.guard([this] { commit(); }));
}

void Process::commit() {
  if (dying_ || !passes(Point::before_commit)) return;
  const bool worked = life_->log->committer().run_once();
  life_->committing = false;
  judge_.look();
  if (life_->fail_stop.happened()) {
    ++judge_.records
          .counts[disk_.unflushed() > 0 ? "fault: write without flush" : "fault: failed commit"];
    dying_ = true;
    return restart_later();
  }
  if (!worked) return;
  if (chance_.one_in(8)) life_->log->committer().sync_witness();
  passes(Point::before_delivery);
  poke();
}

// --- Down ----------------------------------------------------------------------------------------

bool Process::passes(Point point) {
  if (dying_) return false;
  if (!death_ || death_->first != point || --death_->second > 0) return true;
  death_.reset();
  ++judge_.records.counts[std::string("crash ") + name_of(point)];
  loop_.trace(name_of(point));
  dying_ = true;
  restart_later();
  // Everything after this point is lost with the process.
  return false;
}

void Process::die_at(Point point, std::uint64_t count) { death_ = {point, count}; }

// The event that kills runs to its end, like a thread that has not noticed it yet; its output is
// dropped.
void Process::restart_later() {
  const Death how = chance_.one_in(2) ? Death::kill : Death::power_cut;
  loop_.after(Micros(1), "the process is dead", [this, how, life = life_number_] {
    if (life == life_number_) die(how);
  });
}

void Process::kill(Death how) {
  if (!life_) return;
  ++judge_.records.counts[how == Death::kill ? "fault: killed" : "fault: power cut"];
  die(how);
}

void Process::die(Death how) {
  if (!life_) return;
  bury(how);
  loop_.after(Micros(chance_.long_tailed(start_micros)), "start", [this] {
    if (!life_) start();
  });
}

void Process::bury(Death how) {
  // Destroy followers before the engine; their unsent frames are lost.
  dying_ = true;
  if (listener.died) listener.died();
  count_life();
  life_.reset();
  owed_.clear();
  how == Death::kill ? disk_.power_cut(disk_.unflushed(), true) : cut_power();
  judge_.records.look_again(SimKv(right_disk_ ? *right_disk_ : disk_));
  judge_.process_died();
}

void Process::cut_power() {
  const std::size_t waiting = disk_.unflushed();
  const std::size_t survive = chance_.upto(waiting + 1);
  if (survive < waiting) ++judge_.records.counts["fault: torn tail"];
  if (survive + 1 < waiting) ++judge_.records.counts["fault: torn tail of several batches"];
  // Such a disk does not lie about the witness: if both were lost, no start could know.
  const bool lies = disk_.lies();
  SimDisk whole = disk_;
  disk_.power_cut(survive, lies || chance_.one_in(2));
  if (!lies || !disk_.witness()) return;
  const std::string* row = disk_.row(KvTable::meta, std::string(tail_key));
  const std::optional<LogTail> tail = row ? decode_tail(*row) : LogTail();
  MUST(tail.has_value());
  if (tail->last >= *disk_.witness()) return;  // no front has the lost entries
  whole.power_cut(waiting, true);
  right_disk_ = std::move(whole);
}

// The store must refuse to open if the disk has lost acknowledged entries, and only then.
void Process::refused(const Error& error) {
  if (!right_disk_) return judge_.records.found("the store does not open: " + error.detail);
  ++judge_.records.counts["store refused: " + error.code];
  disk_ = *std::exchange(right_disk_, std::nullopt);
  loop_.after(Micros(1), "the right disk", [this, life = life_number_] {
    if (life != life_number_) return;
    life_.reset();
    start();
  });
}

void Process::lie() {
  if (!ready()) return;
  ++judge_.records.counts["fault: disk that lies"];
  disk_.lie();
}

// Counts the states that it evicted and read again.
void Process::count_life() {
  const std::uint64_t lost = life_->workers.counts().lost;
  if (lost > 0) judge_.records.counts["lease lost"] += lost;
  const std::uint64_t loaded = life_->metrics.states_loaded;
  const std::size_t threads = judge_.records.threads.size();
  if (loaded > threads) judge_.records.counts["state let go and read again"] += loaded - threads;
}

void Process::stop_gracefully() {
  if (!ready()) return;
  ++judge_.records.counts["fault: graceful stop"];
  life_->stopping = true;
  life_->workers.stop();
  // The next start ends runs that a crash left open and that are not mended yet.
  std::set<ThreadName> left;
  for (const auto& [id, thread] : judge_.records.threads) {
    if (!life_->engine->mended(id)) left.insert(id);
  }
  if (!left.empty()) ++judge_.records.counts["stop before all is mended"];
  life_->engine->stop([this, life = life_number_, left = std::move(left)] {
    for (const auto& [id, thread] : judge_.records.threads) {
      if (thread.has_open_runs() && !outlives(thread) && !left.contains(id)) {
        judge_.records.found("a run is open after a stop");
      }
    }
    if (listener.stops) listener.stops();
    loop_.after(Micros(chance_.long_tailed(drain_micros)), "stopped", [this, life] {
      if (life == life_number_) die(Death::kill);
    });
  });
}

void Process::heal() {
  death_.reset();
  disk_.disarm();
}

void Process::slow_disk(Micros until, Micros each) {
  slow_until_ = loop_.now() + until;
  slow_each_ = each;
}

std::uint64_t Process::owes(const ThreadName& thread, const RunId& run) {
  owed_[++calls_] = {thread, run};
  return calls_;
}

std::optional<RunId> Process::unanswered() const {
  for (const auto& [call, steps] : owed_) {
    const test::RunLife* run = judge_.records.thread(steps.first).run(steps.second);
    if (!run || !run->waits()) return steps.second;
  }
  return std::nullopt;
}

// --- Backups -------------------------------------------------------------------------------------

// A backup holds all flushed entries. After a failed commit it would hold entries that the server
// does not know; a real backup can't be made then either.
void Process::back_up() {
  if (!life_ || dying_ || disk_.unflushed() > 0 || disk_.failing()) return;
  judge_.look();
  ++judge_.records.counts["backup"];
  backup_ = Backup{disk_, judge_.keep()};
}

bool Process::restore() {
  if (!backup_ || !backup_->truth) return false;
  if (life_) bury(Death::kill);
  ++judge_.records.counts["fault: restore of an older backup"];
  disk_ = backup_->disk;
  right_disk_.reset();
  const Epoch next(random_.next());
  begin_epoch(disk_, next);
  judge_.go_back(*backup_->truth, next);
  start();
  return true;
}

// --- Runs ----------------------------------------------------------------------------------------

std::shared_ptr<Agent> Process::find_agent(const AgentName& name) {
  const bool outside = name == AgentName("push") || name == AgentName("hands");
  if (!outside && chance_.one_in(agents_gone_one_in)) return nullptr;
  return std::make_shared<SimAgent>(listener, outside);
}

void Process::started(const AgentName& agent, Context context, std::uint32_t attempt) {
  if (dying_) return;
  judge_.look();
  const test::ThreadTruth& truth = judge_.records.thread(context.thread);
  const test::RunLife* run = truth.run(context.run);
  if (!run || !run->started) return judge_.records.found("a run starts before that is durable");
  const Screen& screen = truth.screen(*run->started);
  const auto shown = std::ranges::find(screen.runs, context.run, &Run::id);
  if (test::path_of(screen, shown->head) != test::shown(context.path)) {
    judge_.records.found("run " + context.run.get() + " is given something else than fronts see");
  }
  const ThreadName thread = context.thread;
  const RunId id = context.run;
  life_->driver.started(agent, std::move(context), attempt);
  if (agent == AgentName("push") && listener.outside) listener.outside(thread, id);
}

void Process::outlived(const ThreadName& thread, const RunId& run, Outlived was) {
  if (dying_) return;
  if (was.attempt > 1) ++judge_.records.counts["claim outlives a restart"];
  if (was.agent == AgentName("push") && listener.outside) listener.outside(thread, run);
  life_->driver.outlived(thread, run, std::move(was));
}

void Process::ended(const ThreadName& thread, const Run& run) {
  if (!dying_) life_->driver.ended(thread, run);
}

}  // namespace lockstep::sim
