// SPDX-License-Identifier: Apache-2.0
// The reports of damage to the operator, and how often they come.
#include "engine/live/damage_report.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "engine/base/codes.h"

namespace lockstep {
namespace {

const Error damaged{Kind::corrupt, codes::corrupt, "a damaged block"};

struct DamageReportTest : testing::Test {
  std::vector<std::pair<Damaged, std::string>> told;
  DamageReport report{[this](Damaged what, const std::string& name, const Error&) {
    told.emplace_back(what, name);
  }};
};

TEST_F(DamageReportTest, AThreadIsToldOfOnceHoweverOftenItIsRead) {
  for (int time = 0; time < 3; ++time) report.found(Damaged::thread, "t", damaged);

  EXPECT_EQ(told.size(), 1u);
}

TEST_F(DamageReportTest, AUsersListAndFeedAreTwoThings) {
  report.found(Damaged::list, "ann", damaged);
  report.found(Damaged::feed, "ann", damaged);

  EXPECT_EQ(told.size(), 2u);
}

TEST_F(DamageReportTest, OtherErrorsAreNoDamage) {
  report.found(Damaged::thread, "t", {Kind::not_found, codes::unknown_thread, ""});

  EXPECT_TRUE(told.empty());
}

TEST_F(DamageReportTest, ManyDamagedThreadsLeaveRoomForAList) {
  for (std::size_t at = 0; at < 2 * limits::damage_told_max; ++at) {
    report.found(Damaged::thread, std::to_string(at), damaged);
  }
  EXPECT_EQ(told.size(), limits::damage_told_max);

  report.found(Damaged::list, "ann", damaged);

  EXPECT_EQ(told.back(), std::pair(Damaged::list, std::string("ann")));
}

TEST_F(DamageReportTest, ADamagedAnswerSaysWhatIsDamagedAndNotTheWordsOfTheDisk) {
  const Result<int> good = report.look_at(Damaged::thread, "t", Result<int>(7));
  const Result<int> bad =
      report.look_at(Damaged::thread, "thread t of ann", Result<int>(std::unexpected(damaged)));

  EXPECT_EQ(*good, 7);
  EXPECT_EQ(bad.error().code, "corrupt");
  EXPECT_EQ(bad.error().detail,
            "the stored bytes of thread t of ann are damaged: the operator runs `lockstep verify`");
  EXPECT_EQ(told.size(), 1u);
}

TEST(DamageReport, WithoutAListenerAnAnswerIsPassedOnAsItWas) {
  DamageReport report(nullptr);

  EXPECT_EQ(report.found(Damaged::thread, "t", damaged).detail, damaged.detail);
}

}  // namespace
}  // namespace lockstep
