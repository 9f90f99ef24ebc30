// SPDX-License-Identifier: Apache-2.0
// process.h: the server, as one process after another.
//
// The real engine over the real log, on a simulated disk. The strand runs each posted task as an
// event; the committer is an event of its own, which comes when the disk is done. The process can
// be killed at any event, and at named points inside one: from there on it can't reach the disk or
// a front.
//
//   kill        the process dies; all written bytes survive, flushed or not
//   power cut   only a first part of the unflushed bytes survives; chance decides how much
//   disk fault  a write or a flush fails; the process ends itself
//   lying disk  several batches are not flushed, though it said so; after a power cut a start that
//               would show less than was acknowledged is refused, until the right disk is found
//
// Lives on: the simulation's one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/live/engine.h"
#include "server/base/log_line.h"
#include "server/front/follower.h"
#include "tests/sim/chance.h"
#include "tests/sim/judge.h"
#include "tests/sim/loop.h"
#include "tests/sim/sim_kv.h"

namespace lockstep {
class Claims;
}

namespace lockstep::sim {

// A clock that the plan can set.
class SimClock : public Clock {
 public:
  explicit SimClock(Loop& loop) : loop_(loop) {}
  [[nodiscard]] Timestamp now() override;
  void jump(std::int64_t micros) { offset_ += micros; }

 private:
  Loop& loop_;
  std::int64_t offset_ = 0;
};

// Where a process can be made to die.
enum class Point {
  before_append,
  after_append,
  before_commit,
  before_delivery,
  before_ack,
  after_ack
};
inline constexpr std::size_t point_count = 6;
[[nodiscard]] const char* name_of(Point point);

class Process : private RunHost {
 public:
  struct Listener {
    // A model is to write this run.
    std::function<std::unique_ptr<Generation>(const Context& context, StepWriter& writer)> started;
    // Somebody outside is to write this run, or goes on with it after a restart.
    std::function<void(const ThreadName& thread, const RunId& run)> outside;
    std::function<void()> stops;  // all is durable, and streams are to end
    std::function<void()> died;   // the engine is still there, for the last time
  };

  Process(Loop& loop, Judge& judge, std::uint64_t seed);
  ~Process() override;

  void start();
  [[nodiscard]] bool ready() const;
  // It is ready and idle: it has reported all durable entries.
  [[nodiscard]] bool quiet() const;
  // Of this life; another one after each start.
  [[nodiscard]] std::uint64_t life() const { return life_number_; }
  // Requires: it is ready.
  [[nodiscard]] Engine& engine();
  // Requires: the same. Followers made from them end when the listener hears that the process died.
  [[nodiscard]] FollowParts follow_parts();
  // Requires: the same. Of this life.
  [[nodiscard]] Claims& claims();

  // --- Events from outside
  enum class Death { kill, power_cut };
  void kill(Death how);
  void stop_gracefully();
  // Dies when it passes this point for the `count`-th time.
  void die_at(Point point, std::uint64_t count);
  void fail_disk(std::uint64_t commits, DiskFault fault) { disk_.fail_at(commits, fault); }
  void slow_disk(Micros until, Micros each);
  // From now on the disk claims to flush, and does not: a power cut takes acknowledged entries.
  void lie();
  void back_up();
  // The process is killed, an older backup takes the disk's place, the process starts again.
  // False: no backup exists.
  bool restore();

  // --- Unanswered calls. The server answers steps of a run that waits when the run starts.
  std::uint64_t owes(const ThreadName& thread, const RunId& run);
  void answers(std::uint64_t call) { owed_.erase(call); }
  // A run with unanswered steps that does not wait; nothing if all are answered.
  [[nodiscard]] std::optional<RunId> unanswered() const;

  // Cancels all armed faults.
  void heal();
  // Passes a point; false: the process is dying, and the caller must return.
  bool passes(Point point);
  [[nodiscard]] bool dying() const { return dying_; }

  SimClock clock;
  Listener listener;

 private:
  struct Life;
  struct Backup {
    SimDisk disk;
    std::shared_ptr<const Judge::Kept> truth;
  };

  void started(const AgentName& agent, Context context, std::uint32_t attempt) override;
  void ended(const ThreadName& thread, const Run& run) override;
  void outlived(const ThreadName& thread, const RunId& run, Outlived was) override;
  [[nodiscard]] std::shared_ptr<Agent> find_agent(const AgentName& name);
  void open();
  void die(Death how);
  void count_life();
  void poke();
  void commit();
  void bury(Death how);
  void restart_later();
  void cut_power();
  void refused(const Error& error);
  void check_all_kept();
  void check_kept(const ThreadName& id, test::ThreadTruth& truth);
  void check_contexts(const ThreadName& thread, const test::ThreadTruth& truth);

  Loop& loop_;
  Judge& judge_;
  Chance chance_;
  SimRandom random_;
  SimDisk disk_;
  std::optional<SimDisk> right_disk_;  // while the other has lost acknowledged entries
  LineLog lines_{LineLog::Level::none, LineLog::Style::text};
  std::unique_ptr<Life> life_;
  std::uint64_t life_number_ = 0;
  std::optional<Backup> backup_;
  std::map<std::uint64_t, std::pair<ThreadName, RunId>> owed_;
  std::uint64_t calls_ = 0;
  bool dying_ = false;
  std::optional<std::pair<Point, std::uint64_t>> death_;
  Micros slow_until_{0};
  Micros slow_each_{0};
};

}  // namespace lockstep::sim
