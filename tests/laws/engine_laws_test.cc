// SPDX-License-Identifier: Apache-2.0
// The invariants of docs/architecture.md that need the whole engine, over random worlds: durable
// before visible, exactly once, in order, no gap and no repeat, and the promises of a restart and a
// deletion. LOCKSTEP_WORLDS sets the number of worlds (default 2,000); a failure prints its seed,
// and LOCKSTEP_SEED runs that seed alone.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "tests/laws/engine_world.h"

namespace lockstep::test {
namespace {

constexpr int acts = 500;  // of one world
constexpr std::uint64_t coverage_worlds_min = 1'000;
// The same worlds every time, so that only a change of the code makes a difference;
// LOCKSTEP_LAWS_SEED gives others.
constexpr std::uint64_t usual_seed = 304775574681665409ULL;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

// A broken MUST ends the process, so the handler of the signal prints this seed.
volatile std::uint64_t seed_now = 0;
volatile int act_now = 0;
extern "C" void say_seed(int) {
  std::cerr << "LOCKSTEP_SEED=" << seed_now << ", act " << act_now << "\n";
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

std::string run_world(std::uint64_t seed, Counts& counts) {
  seed_now = seed;
  EngineWorld world(seed, counts);
  for (int act = 0; act < acts; ++act) {
    act_now = act;
    const std::string wrong = world.go_on();
    if (!wrong.empty()) {
      return wrong + " (act " + std::to_string(act) + ", the latest last:" + world.latest() + ")";
    }
  }
  const std::string wrong = world.finish();
  return wrong.empty() ? wrong : wrong + " (at the end)" + world.latest();
}

void expect_all_counted(const Counts& counts) {
  for (const char* name : {"batches of steps share an entry",
                           "clock jumps back",
                           "conflict",
                           "context shown again after a restart",
                           "cursor ahead of the log",
                           "cursor between two entries",
                           "cursor of a foreign epoch",
                           "cursor of a thread that never was",
                           "deleted thread asked for",
                           "deletion",
                           "deletion survives unanswered",
                           "diff",
                           "diff to a screen that went on",
                           "entries from the tail",
                           "entry followed",
                           "entry lost unanswered",
                           "entry survives unanswered",
                           "follower behind the tail",
                           "graceful stop",
                           "op answered again",
                           "op answered again after a lost answer",
                           "op answered again after a restart",
                           "op applied",
                           "op refused",
                           "op reused",
                           "op too old",
                           "power cut",
                           "power cut before an answer",
                           "power cut inside a commit",
                           "power cut inside a commit, unflushed",
                           "power cut right behind a deletion",
                           "power cut while starting",
                           "reading",
                           "reading of an earlier time",
                           "refusal answered again",
                           "refused while stopping",
                           "rejoin",
                           "rest",
                           "restart",
                           "run interrupted by a restart",
                           "run overtakes as asked",
                           "run started",
                           "run waits",
                           "step acknowledged",
                           "step answered again",
                           "step answered again after a restart",
                           "step refused: ended",
                           "step refused: fenced",
                           "step refused: gap",
                           "step told of an interruption or an earlier life's end",
                           "steps wait for their run's turn",
                           "thread of another user",
                           "unknown thread",
                           "waiting run interrupted by a restart"}) {
    EXPECT_TRUE(counts.contains(name)) << name << ": never happened, so the worlds miss something";
  }
}

TEST(EngineLaws, HoldInRandomWorlds) {
  Counts counts;
  std::signal(SIGABRT, say_seed);
  if (const std::uint64_t seed = setting("LOCKSTEP_SEED", 0)) {
    EXPECT_EQ(run_world(seed, counts), "") << "seed " << seed;
    return;
  }
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = static_cast<int>(setting("LOCKSTEP_WORLDS", 2'000));
  params.seed = setting("LOCKSTEP_LAWS_SEED", usual_seed);
  params.disableShrinking = true;  // a seed has no smaller one

  std::uint64_t worlds = 0;

  const auto result = rc::detail::checkTestable(
      [&] {
        ++worlds;
        const auto seed = *rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(1, 1ULL << 62));
        const std::string wrong = run_world(seed, counts);
        if (!wrong.empty()) RC_FAIL("LOCKSTEP_SEED=" + std::to_string(seed) + ": " + wrong);
      },
      rc::detail::TestMetadata(), params);

  const bool held = result.template is<rc::detail::SuccessResult>();
  if (!held) rc::detail::printResultMessage(result, std::cerr);
  EXPECT_TRUE(held);
  for (const auto& [name, count] : counts) std::cout << name << ": " << count << "\n";
  // A few worlds, as under a sanitizer, need not have everything in them.
  if (held && worlds >= coverage_worlds_min) expect_all_counted(counts);
}

}  // namespace
}  // namespace lockstep::test
