// SPDX-License-Identifier: Apache-2.0
// A start mends threads with open runs a few at a time, and tells callers that wait for one.
#include "engine/live/mending.h"

#include <gtest/gtest.h>

#include <deque>

#include "engine/base/limits.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

// A disk that answers when the test says so.
struct SlowMending : testing::Test {
  static ThreadName thread(std::size_t number) {
    return {uid("ann"), tid("t" + std::to_string(number))};
  }
  void begin(std::size_t threads) {
    std::vector<ThreadName> names;
    for (std::size_t at = 0; at < threads; ++at) names.push_back(thread(at));
    mending.begin(std::move(names));
    executor.run();
  }
  void answer_one() {
    Done<void> done = std::move(under_way.front());
    under_way.pop_front();
    done();
    executor.run();
  }

  SteppedExecutor executor;
  std::deque<Done<void>> under_way;
  Mending mending{executor, [this](const ThreadName&, Done<void> done) {
                    under_way.push_back(std::move(done));
                  }};
};

TEST_F(SlowMending, MoreThreadsThanAreMendedAtOneTimeAllHaveTheirTurn) {
  begin(3 * limits::mends_in_flight_max + 1);

  while (!under_way.empty()) {
    EXPECT_LE(under_way.size(), limits::mends_in_flight_max);
    answer_one();
  }

  EXPECT_EQ(mending.left(), 0u);
}

TEST_F(SlowMending, EachCallerThatWaitsForAThreadIsToldOnce) {
  begin(1);
  int told = 0;
  for (int each = 0; each < 3; ++each) mending.first(thread(0), [&told] { ++told; });
  EXPECT_EQ(told, 0);

  answer_one();

  EXPECT_EQ(told, 3);
}

}  // namespace
}  // namespace lockstep::test
