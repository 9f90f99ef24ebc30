// SPDX-License-Identifier: Apache-2.0
// The laws of run_slots.h, over random histories, and each rule by an example.
#include "server/run_slots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace lockstep {
namespace {

const AgentName model("model");
RunSlots::Place of(const std::string& user, const AgentName& agent = model) {
  return {agent, UserId(user)};
}
using Names = std::vector<std::string>;

struct Slots {
  std::optional<std::uint32_t> limit = 1;
  RunSlots slots{[this](const AgentName&, RunSlots::Limit last) { return gone ? last : limit; }};
  bool gone = false;  // the agent was taken out of the configuration

  bool ask(const std::string& run, const std::string& user) { return slots.ask(run, of(user)); }
  Names end(const std::string& run) {
    slots.leave(run);
    return slots.take();
  }
};

TEST(RunSlots, AnAgentWithoutALimitLetsEveryRunBegin) {
  Slots held;
  held.limit.reset();

  for (const char* run : {"1", "2", "3"}) EXPECT_TRUE(held.ask(run, "ann"));

  EXPECT_EQ(held.slots.load(model), (AgentLoad{3, 0}));
  EXPECT_EQ(held.slots.load(AgentName("other")), AgentLoad());
}

TEST(RunSlots, ARunThatEndsPassesItsSlotOn) {
  Slots held;
  EXPECT_TRUE(held.ask("1", "ann"));
  EXPECT_FALSE(held.ask("2", "ann"));
  EXPECT_TRUE(held.slots.waits("2"));
  EXPECT_EQ(held.slots.load(model), (AgentLoad{1, 1}));

  EXPECT_EQ(held.end("1"), Names{"2"});

  EXPECT_FALSE(held.slots.waits("2"));
  EXPECT_EQ(held.end("1"), Names()) << "a run that is gone has no slot";
  EXPECT_EQ(held.end("2"), Names());
  EXPECT_EQ(held.slots.load(model), AgentLoad());
}

TEST(RunSlots, UsersTakeTurnsHoweverManyRunsOneOfThemHas) {
  Slots held;
  for (const char* run : {"a1", "a2", "a3", "a4"}) (void)held.ask(run, "ann");
  for (const char* run : {"b1", "b2"}) (void)held.ask(run, "bob");
  (void)held.ask("c1", "cleo");

  Names order;
  for (Names next{"a1"}; !next.empty(); next = held.end(next.front()))
    order.push_back(next.front());

  EXPECT_EQ(order, (Names{"a1", "a2", "b1", "c1", "a3", "b2", "a4"}));
}

TEST(RunSlots, AStopWhileARunWaitsFreesItsPlace) {
  Slots held;
  for (const char* run : {"a1", "a2"}) (void)held.ask(run, "ann");
  (void)held.ask("b1", "bob");

  EXPECT_EQ(held.end("a2"), Names());

  EXPECT_EQ(held.slots.load(model), (AgentLoad{1, 1}));
  EXPECT_EQ(held.end("a1"), Names{"b1"});
}

TEST(RunSlots, ALowerLimitTakesNoSlotAwayAndAHigherOneGivesThem) {
  Slots held;
  held.limit = 2;
  for (const char* run : {"1", "2", "3", "4", "5"}) (void)held.ask(run, "ann");

  held.limit = 1;
  EXPECT_EQ(held.slots.take(), Names());
  EXPECT_EQ(held.end("1"), Names()) << "one is still at work";
  EXPECT_EQ(held.end("2"), Names{"3"});
  held.limit = 2;
  EXPECT_EQ(held.slots.take(), Names{"4"});
  held.limit.reset();
  EXPECT_EQ(held.slots.take(), Names{"5"});
}

TEST(RunSlots, AUserWithASlotWaitsForOneWithout) {
  Slots held;
  held.limit = 2;
  for (const char* run : {"a1", "a2", "a3", "a4"}) (void)held.ask(run, "ann");
  for (const char* run : {"b1", "b2"}) (void)held.ask(run, "bob");

  EXPECT_EQ(held.end("a1"), Names{"b1"});
  EXPECT_EQ(held.end("a2"), Names{"a3"});
  EXPECT_EQ(held.end("a3"), Names{"a4"});
  EXPECT_EQ(held.end("b1"), Names{"b2"});
}

TEST(RunSlots, AnAgentThatIsGoneKeepsItsLimit) {
  Slots held;
  for (const char* run : {"1", "2", "3"}) (void)held.ask(run, "ann");

  held.gone = true;

  EXPECT_EQ(held.slots.take(), Names());
  EXPECT_EQ(held.end("1"), Names{"2"});
}

TEST(RunSlots, AgentsHaveSlotsOfTheirOwn) {
  Slots held;
  EXPECT_TRUE(held.ask("1", "ann"));
  EXPECT_TRUE(held.slots.ask("2", of("ann", AgentName("other"))));
}

// --- The laws ------------------------------------------------------------------------------------

// A slow and simple oracle of all that has happened.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  void step() {
    switch (pick(8)) {
      case 0:
      case 1:
      case 2:
        return ask();
      case 3:
      case 4:
        return leave(at_work_);
      case 5:
        return leave(waiting_);
      case 6:
        limit_ = pick(5) == 0 ? std::nullopt : std::optional(1 + pick(4));
        return took(slots_.take());
      default:
        return;
    }
  }

  // Everybody's turn comes if runs end.
  void drain() {
    while (!waiting_.empty()) {
      const std::size_t before = waiting_.size();
      if (at_work_.empty()) took(slots_.take());
      if (!at_work_.empty()) leave(at_work_);
      if (limit_ && at_work_.size() + 1 > *limit_) continue;  // the limit was lowered
      ASSERT_LT(waiting_.size(), before);
    }
  }

 private:
  struct Run {
    std::string name;
    std::string user;
  };

  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }

  void ask() {
    const Run run{"r" + std::to_string(next_++), "u" + std::to_string(pick(pick(3) ? 3 : 40))};
    const bool room = waiting_.empty() && (!limit_ || at_work_.size() < *limit_);
    ASSERT_EQ(slots_.ask(run.name, of(run.user)), room);
    (room ? at_work_ : waiting_).push_back(run);
    check();
  }

  void leave(std::vector<Run>& from) {
    if (from.empty()) return;
    const auto at = from.begin() + pick(static_cast<unsigned>(from.size()));
    const Run gone = *at;
    from.erase(at);
    slots_.leave(gone.name);
    took(slots_.take());
  }

  void took(const Names& names) {
    for (const std::string& name : names) {
      const auto at = std::ranges::find(waiting_, name, &Run::name);
      ASSERT_NE(at, waiting_.end()) << "it did not wait";
      const Run run = *at;
      ASSERT_EQ(std::ranges::find(waiting_, run.user, &Run::user), at) << "not the user's first";
      ASSERT_TRUE(!limit_ || at_work_.size() < *limit_) << "above the limit";
      waiting_.erase(at);
      for (const Run& other : waiting_) {
        ASSERT_LE(held_by(run.user), held_by(other.user) + (other.user == run.user ? 1 : 0))
            << run.user << " holds more slots than " << other.user << ", who waits";
      }
      at_work_.push_back(run);
    }
    check();
  }

  [[nodiscard]] std::ptrdiff_t held_by(const std::string& user) const {
    return std::ranges::count(at_work_, user, &Run::user);
  }

  void check() {
    ASSERT_EQ(slots_.load(model), (AgentLoad{at_work_.size(), waiting_.size()}));
    ASSERT_TRUE(waiting_.empty() || (limit_ && at_work_.size() >= *limit_)) << "a slot is idle";
    for (const Run& run : waiting_) ASSERT_TRUE(slots_.waits(run.name));
    for (const Run& run : at_work_) ASSERT_FALSE(slots_.waits(run.name));
  }

  std::mt19937 random_;
  std::optional<std::uint32_t> limit_ = 2;
  RunSlots slots_{[this](const AgentName&, RunSlots::Limit) { return limit_; }};
  std::vector<Run> at_work_;
  std::vector<Run> waiting_;  // in the order in which they came
  unsigned next_ = 0;
};

TEST(RunSlots, KeepTheirLawsInRandomHistories) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    for (int step = 0; step < 300; ++step) world.step();
    world.drain();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace lockstep
