// SPDX-License-Identifier: Apache-2.0
// The laws of claim_pool.h, over random histories, and each rule by an example.
#include "server/claim_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace lockstep {
namespace {

const AgentName one("one");
const AgentName two("two");
constexpr std::size_t none = 0;

struct Pool {
  ClaimPool pool;

  void put(const std::string& run, const std::string& user, const AgentName& agent = one) {
    pool.put(run, {agent, UserId(user)});
  }
  std::string take(std::vector<AgentName> agents = {one}) { return pool.take(agents).value_or(""); }
};

TEST(ClaimPool, AWorkerGetsRunsOfItsAgentsOnlyInTheirOrder) {
  Pool held;
  held.put("1", "ann");
  held.put("2", "ann", two);
  held.put("3", "ann");

  EXPECT_EQ(held.take({two}), "2");
  EXPECT_EQ(held.take({two}), "");
  EXPECT_EQ(held.take({one, two}), "1");
  EXPECT_EQ(held.take({two, one, one}), "3");
  EXPECT_EQ(held.pool.load(one), (AgentLoad{2, 0}));
  EXPECT_EQ(held.pool.load(two), (AgentLoad{1, 0}));
}

TEST(ClaimPool, UsersTakeTurnsHoweverManyRunsOneOfThemHas) {
  Pool held;
  for (const char* run : {"a1", "a2", "a3"}) held.put(run, "ann");
  for (const char* run : {"b1", "b2"}) held.put(run, "bob", two);
  held.put("c1", "cleo");

  std::vector<std::string> order;
  while (true) {
    const std::string run = held.take({one, two});
    if (run.empty()) break;
    order.push_back(run);
    held.pool.leave(run);
  }

  EXPECT_EQ(order, (std::vector<std::string>{"a1", "b1", "c1", "a2", "b2", "a3"}));
}

TEST(ClaimPool, AUserWithRunsAtWorkWaitsForOneWithout) {
  Pool held;
  for (const char* run : {"a1", "a2", "a3"}) held.put(run, "ann");
  EXPECT_EQ(held.take(), "a1");
  EXPECT_EQ(held.take(), "a2");

  held.put("b1", "bob");

  EXPECT_EQ(held.take(), "b1");
  EXPECT_EQ(held.take(), "a3");
}

TEST(ClaimPool, ARunThatComesBackHasItsOldPlace) {
  Pool held;
  for (const char* run : {"a1", "a2"}) held.put(run, "ann");
  EXPECT_EQ(held.take(), "a1");

  held.pool.again("a1");

  EXPECT_TRUE(held.pool.waits("a1"));
  EXPECT_EQ(held.take(), "a1");
}

TEST(ClaimPool, ARunThatIsOverIsNotTakenAndLeavesNothing) {
  Pool held;
  held.put("a1", "ann");
  held.put("a2", "ann");
  EXPECT_EQ(held.take(), "a1");

  for (const char* run : {"a2", "a1", "a1", "never"}) held.pool.leave(run);

  EXPECT_EQ(held.take(), "");
  EXPECT_EQ(held.pool.load(one), AgentLoad());
  held.put("a1", "ann");
  EXPECT_EQ(held.take(), "a1");
}

TEST(ClaimPool, AFormerWorkerMayHaveItsRunBack) {
  Pool held;
  held.put("a1", "ann");
  EXPECT_EQ(held.take(), "a1");
  held.pool.again("a1");

  held.pool.hold("a1");

  EXPECT_EQ(held.take(), "");
  EXPECT_EQ(held.pool.load(one), (AgentLoad{1, 0}));
}

// --- The laws ------------------------------------------------------------------------------------

// A slow and simple oracle of all that has happened.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  void step() {
    switch (pick(7)) {
      case 0:
      case 1:
        return put();
      case 2:
      case 3:
        return take();
      case 4:
        return leave();
      case 5:
        return again();
      default:
        return hold();
    }
  }

 private:
  struct Run {
    std::string name;
    std::string user;
    AgentName agent;
    bool waits = true;
  };

  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
  std::vector<AgentName> some_agents() {
    std::vector<AgentName> agents;
    while (agents.empty()) {
      for (const AgentName& agent : {one, two}) {
        if (pick(2) == 0) agents.push_back(agent);
      }
    }
    return agents;
  }

  void put() {
    runs_.push_back({"r" + std::to_string(next_++), "u" + std::to_string(pick(pick(3) ? 3 : 30)),
                     pick(2) == 0 ? one : two});
    pool_.put(runs_.back().name, {runs_.back().agent, UserId(runs_.back().user)});
    check();
  }

  void take() {
    const std::vector<AgentName> agents = some_agents();
    const auto matches = [&](const Run& run) {
      return run.waits && std::ranges::find(agents, run.agent) != agents.end();
    };
    const auto taken = pool_.take(agents);
    ASSERT_EQ(taken.has_value(), std::ranges::any_of(runs_, matches)) << "no gap";
    if (!taken) return;
    const auto run = std::ranges::find(runs_, *taken, &Run::name);
    ASSERT_TRUE(run != runs_.end() && matches(*run)) << "match";
    for (const Run& other : runs_) {
      if (!matches(other)) continue;
      if (other.user == run->user) {
        ASSERT_LE(run - runs_.begin(), &other - runs_.data()) << "order";
        continue;
      }
      const auto own = std::pair(at_work(run->user), turn(run->user));
      ASSERT_LE(own, std::pair(at_work(other.user), turn(other.user))) << "user";
    }
    run->waits = false;
    turns_[run->user] = ++turn_;
    check();
  }

  template <class Which, class Do>
  void with(Which which, Do act) {
    std::vector<Run*> some;
    for (Run& run : runs_) {
      if (which(run)) some.push_back(&run);
    }
    if (some.empty()) return;
    act(*some[pick(static_cast<unsigned>(some.size()))]);
    check();
  }
  void leave() {
    with([](const Run&) { return true; },
         [this](const Run& run) {
           pool_.leave(run.name);
           const std::string user = run.user;
           std::erase_if(runs_, [name = run.name](const Run& each) { return each.name == name; });
           // A user without runs is forgotten.
           if (std::ranges::find(runs_, user, &Run::user) == runs_.end()) turns_.erase(user);
         });
  }
  void again() {
    with([](const Run& run) { return !run.waits; },
         [this](Run& run) {
           pool_.again(run.name);
           run.waits = true;
         });
  }
  void hold() {
    with([](const Run& run) { return run.waits; },
         [this](Run& run) {
           pool_.hold(run.name);
           run.waits = false;
         });
  }

  [[nodiscard]] std::ptrdiff_t at_work(const std::string& user) const {
    return std::ranges::count_if(runs_,
                                 [&](const Run& run) { return run.user == user && !run.waits; });
  }
  [[nodiscard]] unsigned turn(const std::string& user) const {
    const auto found = turns_.find(user);
    return found == turns_.end() ? none : found->second;
  }

  void check() {
    for (const AgentName& agent : {one, two}) {
      AgentLoad load;
      for (const Run& run : runs_) {
        if (run.agent == agent) ++(run.waits ? load.waiting : load.running);
      }
      ASSERT_EQ(pool_.load(agent), load);
    }
    for (const Run& run : runs_) ASSERT_EQ(pool_.waits(run.name), run.waits);
  }

  std::mt19937 random_;
  ClaimPool pool_;
  std::vector<Run> runs_;  // in the order in which they came
  std::map<std::string, unsigned> turns_;
  unsigned turn_ = 0;
  unsigned next_ = 0;
};

TEST(ClaimPool, KeepsItsLawsInRandomHistories) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    for (int step = 0; step < 300; ++step) world.step();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace lockstep
