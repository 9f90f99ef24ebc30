// SPDX-License-Identifier: Apache-2.0
// sim_main.cc: lockstep-sim runs every fault in every order, from a seed.
//
//   lockstep-sim --seeds 20000          so many, on all cores; fails if one broke a law, or if a
//                                       case of the coverage never happened
//   lockstep-sim --seconds 3600         for so long
//   lockstep-sim --seed 7 --trace       one, with all its events
//   lockstep-sim --seed 7 --shrink      the fewest acts that still break it
#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <mutex>
#include <thread>

#include "tests/sim/coverage.h"
#include "tests/sim/world.h"

namespace lockstep::sim {
namespace {

constexpr std::size_t workers_max = 64;
constexpr double micros_an_hour = 3.6e9;

// A broken MUST ends the process, so the handler of the signal prints these seeds.
volatile std::uint64_t seeds_now[workers_max];
extern "C" void say_seeds(int) {
  for (const std::uint64_t seed : seeds_now) {
    if (seed != 0) std::cerr << "lockstep-sim: --seed " << seed << " was running\n";
  }
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

struct Asked {
  std::uint64_t seed = 0;  // 0: many
  std::uint64_t from = 1;
  std::uint64_t seeds = 1'000;
  std::uint64_t seconds = 0;  // 0: runs all requested seeds
  std::size_t jobs = 1;
  std::vector<std::size_t> without;
  bool trace = false;
  bool shrink = false;
  bool quiet = false;
};

struct Totals {
  test::Counts counts;
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  Micros time{0};
  std::vector<std::pair<std::uint64_t, std::string>> failures;
};

Story run_one(const Options& options, test::Counts& counts) {
  World world(options, counts);
  return world.run();
}

// --- Many ----------------------------------------------------------------------------------------

class Many {
 public:
  explicit Many(const Asked& asked) : asked_(asked), next_(asked.from) {}

  Totals run() {
    std::vector<std::jthread> workers;
    for (std::size_t worker = 0; worker < asked_.jobs; ++worker) {
      workers.emplace_back([this, worker] { work(worker); });
    }
    workers.clear();
    return std::move(totals_);
  }

 private:
  [[nodiscard]] bool over(std::uint64_t seed) const {
    if (failed_) return true;
    if (asked_.seconds > 0) {
      return std::chrono::steady_clock::now() - began_ >= std::chrono::seconds(asked_.seconds);
    }
    return seed >= asked_.from + asked_.seeds;
  }

  void work(std::size_t worker) {
    Totals mine;
    for (std::uint64_t seed = next_++; !over(seed); seed = next_++) {
      seeds_now[worker] = seed;
      const Story story = run_one({.seed = seed}, mine.counts);
      ++mine.seeds;
      mine.events += story.events;
      mine.time += story.time;
      if (!story.wrong.empty()) {
        mine.failures.emplace_back(seed, story.wrong);
        failed_ = true;
      }
      if (!asked_.quiet && seed % 1'000 == 0) std::cerr << "lockstep-sim: seed " << seed << "\n";
    }
    seeds_now[worker] = 0;
    const std::lock_guard lock(mutex_);
    for (const auto& [name, count] : mine.counts) totals_.counts[name] += count;
    totals_.seeds += mine.seeds;
    totals_.events += mine.events;
    totals_.time += mine.time;
    totals_.failures.insert(totals_.failures.end(), mine.failures.begin(), mine.failures.end());
  }

  const Asked& asked_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  Totals totals_;
};

int run_many(const Asked& asked) {
  const Totals totals = Many(asked).run();
  if (!asked.quiet) {
    for (const auto& [name, count] : totals.counts) std::cout << name << ": " << count << "\n";
  }
  std::cout << totals.seeds << " seeds, " << totals.events << " events, "
            << static_cast<double>(totals.time.count()) / micros_an_hour << " virtual hours\n";
  for (const auto& [seed, wrong] : totals.failures) {
    std::cout << "seed " << seed << ": " << wrong << "\n";
  }
  if (!totals.failures.empty()) {
    std::cout << "`lockstep-sim --seed " << totals.failures.front().first
              << " --shrink` finds the fewest acts that break it\n";
    return 1;
  }
  if (totals.seeds < seeds_for_coverage) return 0;
  const std::vector<std::string> never = missed(totals.counts);
  for (const std::string& name : never) std::cout << "never happened: " << name << "\n";
  return never.empty() ? 0 : 1;
}

// --- One -----------------------------------------------------------------------------------------

int shrink(const Asked& asked) {
  Options options{.seed = asked.seed, .without = {asked.without.begin(), asked.without.end()}};
  test::Counts counts;
  std::string wrong = run_one(options, counts).wrong;
  if (wrong.empty()) {
    std::cout << "seed " << asked.seed << " breaks nothing\n";
    return 0;
  }
  const std::vector<Act> plan = make_plan(asked.seed);
  for (bool spared = true; spared;) {
    spared = false;
    for (std::size_t place = plan.size(); place-- > 0;) {
      if (options.without.contains(place)) continue;
      Options fewer = options;
      fewer.without.insert(place);
      const std::string still = run_one(fewer, counts).wrong;
      if (still.empty()) continue;
      options = std::move(fewer);
      wrong = still;
      spared = true;
    }
  }
  std::cout << wrong << "\nwith these acts alone:\n";
  for (std::size_t place = 0; place < plan.size(); ++place) {
    if (options.without.contains(place)) continue;
    std::cout << "  " << place << "  at " << plan[place].at.count()
              << " us: " << name_of(plan[place].kind) << "\n";
  }
  std::cout << "lockstep-sim --seed " << asked.seed << " --trace --without";
  for (const std::size_t place : options.without) std::cout << " " << place;
  std::cout << "\n";
  return 1;
}

int run_seed(const Asked& asked) {
  if (asked.shrink) return shrink(asked);
  seeds_now[0] = asked.seed;
  Options options{.seed = asked.seed, .without = {asked.without.begin(), asked.without.end()}};
  if (asked.trace) {
    options.on_trace = [](Micros now, std::string_view what) {
      std::cout << now.count() << " " << what << "\n";
    };
  }
  test::Counts counts;
  const Story story = run_one(options, counts);
  std::cout << "seed " << asked.seed << ": hash " << std::hex << story.hash << std::dec << ", "
            << story.events << " events, " << static_cast<double>(story.time.count()) / 1e6
            << " virtual seconds\n"
            << (story.wrong.empty() ? "nothing broke" : story.wrong) << "\n";
  return story.wrong.empty() ? 0 : 1;
}

int run(int count, char** arguments) {
  Asked asked;
  asked.jobs = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, workers_max);
  CLI::App app("Every fault, in every order: the real engine and log, in virtual time.",
               "lockstep-sim");
  app.add_option("--seed", asked.seed, "Run this one alone");
  app.add_option("--from", asked.from, "The first of many");
  app.add_option("--seeds", asked.seeds, "How many")->capture_default_str();
  app.add_option("--seconds", asked.seconds, "For so long, instead of so many");
  app.add_option("--jobs", asked.jobs, "At once")->check(CLI::Range(std::size_t{1}, workers_max));
  app.add_option("--without", asked.without, "Of one seed: leave these acts out");
  app.add_flag("--trace", asked.trace, "Of one seed: every event");
  app.add_flag("--shrink", asked.shrink, "Of one seed: find the fewest acts that break it");
  app.add_flag("--quiet", asked.quiet, "Only the sums");
  CLI11_PARSE(app, count, arguments);
  std::signal(SIGABRT, say_seeds);
  return asked.seed != 0 ? run_seed(asked) : run_many(asked);
}

}  // namespace
}  // namespace lockstep::sim

int main(int count, char** arguments) { return lockstep::sim::run(count, arguments); }
