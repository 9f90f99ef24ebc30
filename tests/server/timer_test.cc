// SPDX-License-Identifier: Apache-2.0
#include "server/base/timer.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

// All times have come before the first task runs, so the handlers of the others wait already.
TEST(TimerTest, ATaskThatWasReplacedOrCancelledIsNotCalledThoughItsTimeHasCome) {
  boost::asio::io_context loop;
  Timer first(loop.get_executor());
  Timer second(loop.get_executor());
  Timer third(loop.get_executor());
  bool first_ran = false;
  bool replaced_ran = false;
  bool cancelled_ran = false;
  first.after(0ms, [&] {
    first_ran = true;
    second.after(1h, [] {});
    third.cancel();
  });
  second.after(0ms, [&] { replaced_ran = true; });
  third.after(0ms, [&] { cancelled_ran = true; });

  loop.poll();

  EXPECT_TRUE(first_ran);
  EXPECT_FALSE(replaced_ran);
  EXPECT_FALSE(cancelled_ran);
}

TEST(TimerTest, ADestroyedTimerCallsNothingThoughItsTimeHasCome) {
  boost::asio::io_context loop;
  Timer first(loop.get_executor());
  std::optional<Timer> second(loop.get_executor());
  bool ran = false;
  first.after(0ms, [&] { second.reset(); });
  second->after(0ms, [&] { ran = true; });

  loop.poll();

  EXPECT_FALSE(second);
  EXPECT_FALSE(ran);
}

TEST(TimerTest, ATaskMayDestroyItsTimer) {
  boost::asio::io_context loop;
  std::optional<Timer> timer(loop.get_executor());
  bool ran = false;
  timer->after(0ms, [&] {
    timer.reset();
    ran = true;
  });

  loop.poll();

  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace lockstep
