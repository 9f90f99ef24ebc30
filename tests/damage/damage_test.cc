// SPDX-License-Identifier: Apache-2.0
// A short part of the trials of lockstep-damage.
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "tests/damage/salvage_trial.h"
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
  SalvageVerdict salvage(const Damage& damage) {
    Image image = base_.image;
    damage.apply(image);
    SalvageVerdict verdict = try_salvage(base_, image, folder_.path() + "/trial");
    for (const std::string& fault : verdict.faults) {
      ADD_FAILURE() << damage.group << ": " << damage.what << ": " << fault;
    }
    return verdict;
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

TEST_P(DamagedFiles, AnUndamagedStoreShowsExactlyItsFormerContent) {
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

TEST_P(DamagedFiles, ASalvageOfAStoreThatNothingHappenedToLosesNothing) {
  const SalvageVerdict verdict = salvage({"none", "nothing", [](Image&) {}});

  EXPECT_TRUE(verdict.made);
  EXPECT_TRUE(verdict.whole);
  EXPECT_EQ(verdict.shorter, 0U);
}

TEST_P(DamagedFiles, ASalvageKeepsOfEachThreadOnlyTheEntriesBeforeItsDamage) {
  std::uint64_t shorter = 0;
  std::uint64_t kept = 0;
  for (std::size_t bytes = 1; bytes <= tail_bytes; bytes += 5003) {
    shorter += salvage(cut_of(base_, bytes)).shorter;
  }
  for (std::uint64_t flip = 0; flip < 24; ++flip) {
    const SalvageVerdict verdict = salvage(flip_of(base_, flip));
    EXPECT_TRUE(verdict.made) << "flip " << flip;
    shorter += verdict.shorter;
    kept += verdict.kept;
  }

  EXPECT_GT(shorter, 0U);
  EXPECT_GT(kept, 0U);
}

TEST_P(DamagedFiles, ASalvageOfEveryKindOfFileThatIsMissingSwappedCutOrOlderKeepsTheLaw) {
  // The first of each kind, and a few more: `lockstep-damage --salvage` takes all.
  std::map<std::string, std::size_t> done;
  for (const Damage& damage : damages_of_files(base_)) {
    if (damage.group == "manifest cut" && done[damage.group] > 0) continue;
    if (done[damage.group]++ % 7 == 0) salvage(damage);
  }
}

TEST(SalvageLaw, HoldsForADeletionWhicheverTableThatSaysSoIsGone) {
  const TempFolder folder;
  const BaseStore base = build_base(
      {.folder = folder.path() + "/base", .tail_bytes = tail_bytes, .deleted_early = true});
  std::size_t gone = 0;
  for (const auto& [path, bytes] : base.image) {
    if (!path.ends_with(".sst")) continue;
    Image image = base.image;
    image.erase(path);
    for (const std::string& fault : try_salvage(base, image, folder.path() + "/trial").faults) {
      ADD_FAILURE() << path << ": " << fault;
    }
    ++gone;
  }
  EXPECT_GT(gone, 0U);
}

TEST(SalvageLaw, FindsAnEntryTooMany) {
  const auto entry = [](std::uint64_t at, std::uint64_t previous) {
    Entry made;
    made.at = Timestamp(at);
    made.previous = Timestamp(previous);
    return made;
  };
  const std::vector<Entry> was{entry(1, 0), entry(2, 1), entry(3, 2)};

  EXPECT_EQ(fault_of(was, {was[0], was[1]}), "");
  EXPECT_NE(fault_of(was, {was[0], was[2]}), "");
  EXPECT_NE(fault_of(was, {was[0], was[1], entry(3, 1)}), "");
  EXPECT_NE(fault_of(was, {was[0], was[1], was[2], entry(4, 3)}), "");
  EXPECT_NE(fault_of(was, {}), "");
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
