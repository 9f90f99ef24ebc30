// A short part of what lockstep-damage does.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/damage/tally.h"
#include "tests/rocks/temp_folder.h"

namespace lockstep::damage {
namespace {

constexpr std::size_t tail_bytes = 16 << 10;

class DamagedFiles : public testing::TestWithParam<Flush> {
 protected:
  void SetUp() override {
    base_ = build_base(
        {.folder = folder_.path() + "/base", .tail_bytes = tail_bytes, .flush = GetParam()});
  }

  void try_out(const Damage& damage) {
    Image image = base_.image;
    damage.apply(image);
    tally_.add(damage, damage::try_out(base_, image, folder_.path() + "/trial",
                                       Look::always_through_engine));
  }
  void expect_the_law() const {
    for (const std::string& broken : tally_.broken()) ADD_FAILURE() << broken;
    std::cout << tally_.text();
  }

  TempFolder folder_;
  BaseStore base_;
  Tally tally_;
};

INSTANTIATE_TEST_SUITE_P(Stores, DamagedFiles, testing::Values(Flush::done, Flush::waiting),
                         [](const auto& flush) {
                           return flush.param == Flush::done ? "Flushed" : "NotYetFlushed";
                         });

TEST_P(DamagedFiles, AStoreThatNothingHappenedToShowsExactlyWhatWas) {
  try_out({"none", "nothing", [](Image&) {}});

  expect_the_law();
  EXPECT_EQ(tally_.all().exact, 1U);
  EXPECT_EQ(tally_.all().harmless, 0U);
}

TEST_P(DamagedFiles, AWriteAheadLogThatIsCutIsRefusedAtEveryLength) {
  for (std::size_t bytes = 1; bytes <= tail_bytes; bytes += 97) try_out(cut_of(base_, bytes));

  expect_the_law();
  EXPECT_EQ(tally_.all().refused, tally_.all().done);
}

TEST_P(DamagedFiles, AFlippedBitIsNeverShown) {
  for (std::uint64_t flip = 0; flip < 300; ++flip) try_out(flip_of(base_, flip));

  expect_the_law();
  EXPECT_GT(tally_.all().refused, 0U);
}

TEST_P(DamagedFiles, AFileThatIsMissingSwappedCutOrOlderIsNeverPassedOver) {
  std::size_t cuts = 0;
  for (const Damage& damage : damages_of_files(base_)) {
    if (damage.group == "manifest cut" && ++cuts % 97 != 0) continue;
    try_out(damage);
  }

  expect_the_law();
}

}  // namespace
}  // namespace lockstep::damage
