// SPDX-License-Identifier: Apache-2.0
// process.h: the server, as one process after another.
//
// The real engine over the real log, on a simulated disk. A strand runs what is posted, one event
// each; the committer is an event of its own that comes when the disk has had its time. The process
// can be killed at any event, and at named points inside one: from there on nothing that it does
// gets out, neither to the disk nor to anybody.
//
//   kill        the process dies; what was written is there, flushed or not
//   power cut   of what was not flushed only the first part survives, by chance
//   disk fault  a write or a flush fails; the process ends itself
//   lying disk  several batches are not flushed, though it said so; after a power cut a start that
//               would show less than was told is refused, and whoever runs it finds the right disk
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
    std::function<void()> stops;  // all is durable, and streams are to end
    std::function<void()> died;   // the engine is still there, for the last time
  };

  Process(Loop& loop, Judge& judge, std::uint64_t seed);
  ~Process() override;

  void start();
  [[nodiscard]] bool ready() const;
  // It is ready, and nothing is under way in it: all that is durable is told.
  [[nodiscard]] bool quiet() const;
  // Of this life; another one after each start.
  [[nodiscard]] std::uint64_t life() const { return life_number_; }
  // Requires: it is ready.
  [[nodiscard]] Engine& engine();
  // Requires: the same. What is made of them goes when the listener hears that it died.
  [[nodiscard]] FollowParts follow_parts();

  // --- What can happen to it
  enum class Death { kill, power_cut };
  void kill(Death how);
  void stop_gracefully();
  // Dies when it comes by this point for the `count`-th time.
  void die_at(Point point, std::uint64_t count);
  void fail_disk(std::uint64_t commits, DiskFault fault) { disk_.fail_at(commits, fault); }
  void slow_disk(Micros until, Micros each);
  // From now on the disk says that it has flushed, and has not: a power cut takes what was told.
  void lie();
  void back_up();
  // The process is killed, an older backup takes the disk's place, the process starts again.
  // False: there is none.
  bool restore();

  // --- What it owes an answer. Steps of a run that waits are answered when it is its turn.
  std::uint64_t owes(const ThreadName& thread, const RunId& run);
  void answers(std::uint64_t call) { owed_.erase(call); }
  // Of what it owes, the steps of a run that does not wait; nothing if there are none.
  [[nodiscard]] std::optional<RunId> unanswered() const;

  // No more of all this: what was armed does not come.
  void heal();

  // Comes by a point; false: it is dying, and what follows does not happen.
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
  std::optional<SimDisk> right_disk_;  // while the other has lost what was told
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
