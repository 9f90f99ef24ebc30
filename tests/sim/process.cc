// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/process.h"

#include <deque>

#include "engine/epochs.h"
#include "engine/limits.h"
#include "engine/must.h"
#include "engine/rocks/kv_log.h"
#include "engine/rocks/rocks_keys.h"
#include "tests/laws/front.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::sim {
namespace {

constexpr std::uint64_t time_of_birth = 1'700'000'000'000'000;  // microseconds since 1970
constexpr std::uint64_t strand_micros = 40;      // until what was posted runs, at most
constexpr std::uint64_t disk_micros = 2'000;     // usually, a flush
constexpr std::uint64_t start_micros = 300'000;  // usually, until it runs again
constexpr Micros mark_period{1'000'000};
// Long beside any pause of a producer; what one has given up ends all the same.
constexpr std::chrono::seconds silence_max{90};
constexpr std::uint64_t busy_tasks_max = 4;  // of the strand, while the disk is at one commit

// One event for each task, in order.
class StrandExecutor : public Executor {
 public:
  StrandExecutor(Loop& loop, Chance& chance, std::function<void()> after_each)
      : loop_(loop), chance_(chance), after_each_(std::move(after_each)) {}

  void post(Task task) override {
    tasks_.push_back(std::move(task));
    if (tasks_.size() == 1) schedule();
  }
  void post_after(std::chrono::microseconds delay, Task task) override {
    loop_.after(delay, "timer",
                [this, alive = std::weak_ptr(alive_), task = std::move(task)]() mutable {
                  if (!alive.expired()) post(std::move(task));
                });
  }
  [[nodiscard]] bool runs_here() const override { return true; }

  // What runs on the strand while another thread is at something.
  void run_some(std::uint64_t count) {
    for (; count > 0 && !tasks_.empty(); --count) run();
  }

 private:
  void schedule() {
    loop_.after(Micros(1 + chance_.upto(strand_micros)), "strand",
                [this, alive = std::weak_ptr(alive_)] {
                  if (!alive.expired()) run();
                });
  }
  void run() {
    if (tasks_.empty()) return;  // it ran while the disk was busy
    Task task = std::move(tasks_.front());
    const auto alive = std::weak_ptr(alive_);
    task();
    if (alive.expired()) return;
    tasks_.pop_front();
    if (!tasks_.empty()) schedule();
    after_each_();
  }

  Loop& loop_;
  Chance& chance_;
  std::function<void()> after_each_;
  std::deque<Task> tasks_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// What a restore writes: a new epoch, and where the former one was cut.
void begin_epoch(SimDisk& disk, Epoch next) {
  const auto tail = decode_tail(*disk.row(KvTable::meta, std::string(tail_key)));
  const auto epochs = decode_epochs(*disk.row(KvTable::meta, std::string(epochs_key)));
  MUST(tail.has_value() && epochs.has_value());
  disk.put(KvTable::meta, std::string(epochs_key),
           encode_epochs(after_cut(*epochs, next, tail->last)));
  disk.set_mark(tail->last);
}

// The disk as the committer sees it: while it is busy the strand goes on.
class BusyKv : public test::SpiedKv {
 public:
  BusyKv(SimDisk& disk, test::Records& records, std::function<void()> meanwhile)
      : SpiedKv(disk, records), meanwhile_(std::move(meanwhile)) {}

  [[nodiscard]] Result<void> commit(const KvBatch& batch) override {
    meanwhile_();
    return SpiedKv::commit(batch);
  }

 private:
  std::function<void()> meanwhile_;
};

// The log as the engine sees it: a dying process appends nothing.
class MortalLog : public Log {
 public:
  MortalLog(test::SpiedLog& log, Process& process) : log_(log), process_(process) {}
  void append(Append append, Done<Result<CommitNumber>> done) override {
    if (!process_.passes(Point::before_append)) return;
    log_.append(std::move(append), std::move(done));
    process_.passes(Point::after_append);
  }
  [[nodiscard]] Result<std::vector<StoredEntry>> read(ThreadNumber thread, Timestamp after,
                                                      std::uint32_t entries_max,
                                                      std::size_t bytes_max) const override {
    return log_.read(thread, after, entries_max, bytes_max);
  }
  void follow(OnCommit on_commit) override { log_.follow(std::move(on_commit)); }
  [[nodiscard]] CommitNumber last_commit() const override { return log_.last_commit(); }
  void write(std::vector<Row> rows, std::vector<ThreadNumber> erase,
             Done<Result<void>> done) override {
    if (!process_.dying()) log_.write(std::move(rows), std::move(erase), std::move(done));
  }

 private:
  test::SpiedLog& log_;
  Process& process_;
};

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

// All that dies with the process, in the order in which it is made.
struct Process::Life {
  explicit Life(Process& process)
      : executor(process.loop_, process.chance_, [&process] { process.poke(); }),
        fail_stop([](const std::string&) {}),
        kv(process.disk_, process.judge_.records,
           [this, &process] { executor.run_some(process.chance_.upto(busy_tasks_max)); }),
        mark(process.disk_) {
    agents.silence_max = silence_max;
  }
  ~Life() = default;
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  StrandExecutor executor;
  FailStop fail_stop;
  BusyKv kv;
  SimMark mark;
  Metrics metrics;
  test::AnyAgents agents;
  std::unique_ptr<KvLog> log;
  std::unique_ptr<test::SpiedLog> spied;
  std::unique_ptr<MortalLog> mortal;
  std::unique_ptr<Engine> engine;
  bool ready = false;
  bool committing = false;
};

Process::Process(Loop& loop, Judge& judge, std::uint64_t seed)
    : clock(loop), loop_(loop), judge_(judge), chance_(seed, 1), random_(seed + 1) {}

Process::~Process() = default;

bool Process::ready() const { return life_ && life_->ready && !dying_; }

Engine& Process::engine() {
  MUST(ready());
  return *life_->engine;
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
  auto log = KvLog::open({life.kv, life.mark, life.fail_stop, life.executor, random_});
  if (!log) return judge_.records.found("the store does not open: " + log.error().detail);
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
                              .metrics = life.metrics},
                             *this, [this](Result<void> ready) {
                               if (!ready) judge_.records.found("the engine does not start");
                               life_->ready = true;
                               judge_.look();
                               check_all_kept();
                             });
  if (!engine) return judge_.records.found("the engine does not open: " + engine.error().detail);
  life.engine = std::move(*engine);
  judge_.begins(life.engine->epoch());
  poke();  // what a start has to write
  loop_.after(mark_period, "mark", [this, alive = std::weak_ptr(life.alive)] {
    if (!alive.expired()) life_->log->committer().sync_mark();
  });
}

// Something may wait for the disk.
void Process::poke() {
  judge_.look();
  if (!life_ || life_->committing || dying_) return;
  life_->committing = true;
  Micros delay(chance_.long_tailed(disk_micros));
  if (loop_.now() < slow_until_) delay += slow_each_;
  loop_.after(delay, "commit", [this, alive = std::weak_ptr(life_->alive)] {
    if (!alive.expired()) commit();
  });
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
  if (chance_.one_in(8)) life_->log->committer().sync_mark();
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
  // What comes after the point is lost with the process.
  return false;
}

void Process::die_at(Point point, std::uint64_t count) { death_ = {point, count}; }

// The event that kills goes on to its end, as a thread may that has not heard of it yet; nothing
// of it gets out.
void Process::restart_later() {
  const Death how = chance_.one_in(2) ? Death::kill : Death::power_cut;
  loop_.after(Micros(1), "the process is dead", [this, how, life = life_number_] {
    if (life == life_number_) die(how);
  });
}

void Process::die(Death how) {
  if (!life_) return;
  bury(how);
  loop_.after(Micros(chance_.long_tailed(start_micros)), "start", [this] {
    if (!life_) start();
  });
}

void Process::bury(Death how) {
  ++judge_.records.counts[how == Death::kill ? "fault: killed" : "fault: power cut"];
  life_.reset();
  owed_.clear();
  const std::size_t waiting = disk_.unflushed();
  const std::size_t survive = how == Death::kill ? waiting : chance_.upto(waiting + 1);
  if (survive < waiting) ++judge_.records.counts["fault: torn tail"];
  disk_.power_cut(survive, how == Death::kill || chance_.one_in(2));
  judge_.records.look_again(SimKv(disk_));
  judge_.process_died();
  if (listener.died) listener.died();
}

void Process::stop_gracefully() {
  if (!ready()) return;
  ++judge_.records.counts["fault: graceful stop"];
  life_->engine->stop([this, life = life_number_] {
    for (const auto& [id, thread] : judge_.records.threads) {
      if (thread.has_open_runs() && !thread.outlives()) {
        judge_.records.found("a run is open after a stop");
      }
    }
    loop_.after(Micros(1), "stopped", [this, life] {
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

// A backup holds all that is flushed. Taken while a commit has failed, it would hold what nobody
// knows of; a real one can't be taken then either.
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
  const Epoch next(random_.next());
  begin_epoch(disk_, next);
  judge_.go_back(*backup_->truth, next);
  if (listener.died) listener.died();
  start();
  return true;
}

// --- What was shown is still there ---------------------------------------------------------------

void Process::check_all_kept() {
  for (auto& [id, truth] : judge_.records.threads) {
    if (life_->engine->mended(id)) {
      check_kept(id, truth);
      continue;
    }
    const auto now = life_->engine->read(std::nullopt, id, std::nullopt);
    if (now || now.error().code != "not_ready") {
      judge_.records.found("thread " + to_string(id) + " is shown before it is mended");
    }
    if (chance_.one_in(2)) continue;  // it is mended in its turn, and others come first
    ++judge_.records.counts["thread asked for before it is mended"];
    life_->engine->mend(id, [this, id, alive = std::weak_ptr(life_->alive)] {
      if (alive.expired() || dying_) return;
      judge_.look();
      check_kept(id, judge_.records.thread(id));
    });
  }
  ++judge_.records.counts["start"];
}

void Process::check_kept(const ThreadName& id, test::ThreadTruth& truth) {
  if (truth.outlives()) ++judge_.records.counts["run outlives a restart"];
  if (truth.has_open_runs() && !truth.outlives()) {
    judge_.records.found("a run of " + to_string(id) + " is open after a start");
  }
  const auto now = life_->engine->read(std::nullopt, id, std::nullopt);
  if (!now) {
    const std::string& code = now.error().code;
    const bool gone = code == "deleted" && truth.erase_asked;
    const bool never = code == "unknown_thread" && !truth.there();
    if (!gone && !never) judge_.records.found("after a start " + to_string(id) + " is " + code);
    return;
  }
  const std::string wrong = test::difference(now->screen, truth.screen(truth.last()));
  if (!wrong.empty()) {
    judge_.records.found("after a start " + to_string(id) + " shows something else: " + wrong);
  }
  check_contexts(id, truth);
}

// What a run was given can be shown again.
void Process::check_contexts(const ThreadName& thread, const test::ThreadTruth& truth) {
  if (truth.runs().empty()) return;
  const RunId& id = truth.runs()[chance_.upto(truth.runs().size())];
  const test::RunLife& run = *truth.run(id);
  const auto context = life_->engine->context(std::nullopt, thread, id);
  // One that the same request started and ended was given nothing.
  if (!context || !run.started || run.started == run.ended) return;
  const Screen& screen = truth.screen(*run.started);
  const auto shown = std::ranges::find(screen.runs, id, &Run::id);
  if (test::path_of(screen, shown->head) != context->context.path) {
    judge_.records.found("a run's context is another than fronts saw");
  }
  ++judge_.records.counts["context shown again"];
}

void Process::started(const AgentName& agent, Context context, std::uint32_t attempt) {
  if (dying_) return;
  judge_.look();
  const test::ThreadTruth& truth = judge_.records.thread(context.thread);
  const test::RunLife* run = truth.run(context.run);
  if (!run || !run->started) return judge_.records.found("a run starts before that is durable");
  const Screen& screen = truth.screen(*run->started);
  const auto shown = std::ranges::find(screen.runs, context.run, &Run::id);
  if (test::path_of(screen, shown->head) != context.path) {
    judge_.records.found("run " + context.run.get() + " is given something else than fronts see");
  }
  if (listener.started) listener.started(agent, context, attempt);
}

void Process::ended(const ThreadName& thread, const Run& run) {
  if (dying_) return;
  if (listener.ended) listener.ended(thread, run.id);
}

}  // namespace lockstep::sim
