// SPDX-License-Identifier: Apache-2.0
// Containers that are copied without their rows: an edit by one owner does not show in another.
#include "engine/base/rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lockstep {
namespace {

using Texts = Rows<std::string>;
using Numbers = RowMap<std::string, int>;

std::string text_of(std::size_t number) { return "row " + std::to_string(number); }

Texts texts(std::size_t count) {
  Texts rows;
  for (std::size_t at = 0; at < count; ++at) rows.add(text_of(at));
  return rows;
}

Numbers numbers(std::size_t count) {
  Numbers map;
  for (std::size_t at = 0; at < count; ++at) map.edit(text_of(at)) = static_cast<int>(at);
  return map;
}

std::vector<std::string> content_of(const Texts& rows) {
  std::vector<std::string> content;
  for (std::size_t at = 0; at < rows.size(); ++at) content.push_back(rows[at]);
  return content;
}

std::unordered_map<std::string, int> content_of(const Numbers& map) {
  std::unordered_map<std::string, int> content;
  map.each([&](const std::string& key, int value) {
    EXPECT_TRUE(content.emplace(key, value).second) << key << " stands there twice";
  });
  return content;
}

// --- Cow -----------------------------------------------------------------------------------------

TEST(Cow, AValueIsSharedByItsCopiesUntilOneIsEdited) {
  Cow<std::string> one(std::string("one"));
  Cow<std::string> copy = one;
  EXPECT_EQ(&*one, &*copy);

  copy.edit() = "two";

  EXPECT_EQ(*one, "one");
  EXPECT_EQ(*copy, "two");
  EXPECT_EQ(copy->size(), 3u);
}

TEST(Cow, AValueOfOneOwnerIsEditedInPlace) {
  Cow<std::string> one(std::string("one"));
  const std::string* before = &*one;
  {
    const Cow<std::string> copy = one;
  }

  one.edit() += " and more";

  EXPECT_EQ(&*one, before);
}

TEST(Cow, ASharedValueStaysAsItWasWhenItWasShared) {
  Cow<std::string> one(std::string("one"));
  const auto shared = one.shared();

  one.edit() = "two";

  EXPECT_EQ(*shared, "one");
  EXPECT_EQ(*one, "two");
}

TEST(Cow, AValueMovesWithItsOwnerAndTheFormerOwnerTakesAnother) {
  Cow<std::string> one(std::string("one"));
  const std::string* before = &*one;
  Cow<std::string> other = std::move(one);
  EXPECT_EQ(&*other, before);

  one = Cow<std::string>(std::string("two"));

  EXPECT_EQ(*one, "two");
  EXPECT_EQ(*other, "one");
}

// --- Rows ----------------------------------------------------------------------------------------

TEST(Rows, AllRowsAreFoundOnBothSidesOfEachChunkBorder) {
  for (const std::size_t count : {0u, 1u, 63u, 64u, 65u, 127u, 128u, 129u, 1000u}) {
    SCOPED_TRACE(count);
    const Texts rows = texts(count);

    ASSERT_EQ(rows.size(), count);
    EXPECT_EQ(rows.empty(), count == 0);
    for (std::size_t at = 0; at < count; ++at) EXPECT_EQ(rows[at], text_of(at));
  }
}

TEST(Rows, AnAddedRowIsTheLastAndMayBeEdited) {
  for (const std::size_t count : {0u, 62u, 63u, 64u, 65u}) {
    SCOPED_TRACE(count);
    Texts rows = texts(count);

    std::string& row = rows.add("new");
    row += " row";

    ASSERT_EQ(rows.size(), count + 1);
    EXPECT_EQ(rows[count], "new row");
  }
}

TEST(Rows, AnEditOfACopyShowsInTheCopyAlone) {
  for (const std::size_t at : {0u, 62u, 63u, 64u, 65u, 128u, 129u}) {
    SCOPED_TRACE(at);
    Texts rows = texts(130);
    const std::vector<std::string> before = content_of(rows);
    Texts copy = rows;

    copy.edit(at) = "edited";

    std::vector<std::string> expected = before;
    expected[at] = "edited";
    EXPECT_EQ(content_of(rows), before);
    EXPECT_EQ(content_of(copy), expected);
  }
}

TEST(Rows, AnEditOfTheFirstOwnerLeavesTheCopyAlone) {
  Texts rows = texts(65);
  const Texts copy = rows;

  rows.edit(63) = "edited";
  rows.edit(64) = "edited too";

  EXPECT_EQ(content_of(copy), content_of(texts(65)));
  EXPECT_EQ(rows[63], "edited");
  EXPECT_EQ(rows[64], "edited too");
}

TEST(Rows, TwoOwnersAddTheirOwnRowsBehindTheCommonOnes) {
  for (const std::size_t count : {0u, 1u, 63u, 64u, 65u}) {
    SCOPED_TRACE(count);
    Texts one = texts(count);
    Texts other = one;

    one.add("of one");
    other.add("of the other");
    other.add("of the other too");

    ASSERT_EQ(one.size(), count + 1);
    ASSERT_EQ(other.size(), count + 2);
    EXPECT_EQ(one[count], "of one");
    EXPECT_EQ(other[count], "of the other");
    EXPECT_EQ(other[count + 1], "of the other too");
  }
}

TEST(Rows, ACopyHoldsTheSameRowsAndAnEditCopiesOneRow) {
  Texts rows = texts(1000);
  Texts copy = rows;
  for (std::size_t at = 0; at < rows.size(); ++at) ASSERT_EQ(&rows[at], &copy[at]);

  copy.edit(500) = "edited";

  for (std::size_t at = 0; at < rows.size(); ++at) {
    EXPECT_EQ(&rows[at] == &copy[at], at != 500) << at;
  }
}

TEST(Rows, ARowOfOneOwnerIsEditedInPlace) {
  Texts rows = texts(130);
  const std::string* before = &rows[64];
  {
    const Texts copy = rows;
  }

  rows.edit(64) = "edited";

  EXPECT_EQ(&rows[64], before);
}

TEST(Rows, ASharedRowOutlivesItsRowsAndStaysAsItWas) {
  auto rows = std::make_unique<Texts>(texts(65));
  const auto shared = rows->shared(64);
  EXPECT_EQ(shared.get(), &(*rows)[64]);

  rows->edit(64) = "edited";
  rows.reset();

  EXPECT_EQ(*shared, text_of(64));
}

TEST(Rows, RowsMoveWithTheirOwnerAndTheFormerOwnerTakesOthers) {
  Texts one = texts(65);
  const std::string* before = &one[64];
  Texts other = std::move(one);
  ASSERT_EQ(other.size(), 65u);
  EXPECT_EQ(&other[64], before);

  one = texts(2);
  one.add("third");

  EXPECT_EQ(content_of(one), (std::vector<std::string>{text_of(0), text_of(1), "third"}));
  EXPECT_EQ(content_of(other), content_of(texts(65)));
}

TEST(RowsDeathTest, AnAccessBeyondTheLastRowEndsTheProcess) {
  Texts rows = texts(64);

  EXPECT_DEATH((void)rows[64], "broken invariant");
  EXPECT_DEATH((void)rows.edit(64), "broken invariant");
  EXPECT_DEATH((void)rows.shared(64), "broken invariant");
}

// --- RowMap --------------------------------------------------------------------------------------

TEST(RowMap, AnEmptyMapFindsNoKey) {
  const Numbers map;

  EXPECT_EQ(map.size(), 0u);
  EXPECT_EQ(map.find("any"), nullptr);
  EXPECT_TRUE(content_of(map).empty());
}

TEST(RowMap, AllKeysAreFoundOnBothSidesOfEachGrowth) {
  for (const std::size_t count : {1u, 31u, 32u, 33u, 63u, 64u, 65u, 128u, 129u, 1000u}) {
    SCOPED_TRACE(count);
    const Numbers map = numbers(count);

    EXPECT_EQ(map.size(), count);
    EXPECT_EQ(content_of(map).size(), count);
    for (std::size_t at = 0; at < count; ++at) {
      const int* found = map.find(text_of(at));
      ASSERT_NE(found, nullptr) << at;
      EXPECT_EQ(*found, static_cast<int>(at));
    }
    EXPECT_EQ(map.find(text_of(count)), nullptr);
  }
}

TEST(RowMap, AKeyThatIsEditedAgainIsCountedOnce) {
  Numbers map = numbers(32);

  map.edit(text_of(7)) = 70;
  ++map.edit(text_of(7));

  EXPECT_EQ(map.size(), 32u);
  EXPECT_EQ(*map.find(text_of(7)), 71);
}

TEST(RowMap, ANewKeyBeginsWithAnEmptyValue) {
  RowMap<std::string, std::string> map;

  EXPECT_EQ(map.edit("new"), "");
  EXPECT_EQ(map.size(), 1u);
  EXPECT_NE(map.find("new"), nullptr);
}

TEST(RowMap, AnEditOfACopyShowsInTheCopyAlone) {
  for (const std::size_t count : {1u, 31u, 32u, 33u, 64u, 65u}) {
    SCOPED_TRACE(count);
    const Numbers map = numbers(count);
    const auto before = content_of(map);
    Numbers copy = map;

    copy.edit(text_of(0)) = -1;
    copy.edit("new") = -2;  // the buckets may grow by it

    auto expected = before;
    expected[text_of(0)] = -1;
    expected["new"] = -2;
    EXPECT_EQ(content_of(map), before);
    EXPECT_EQ(map.size(), count);
    EXPECT_EQ(content_of(copy), expected);
    EXPECT_EQ(copy.size(), count + 1);
  }
}

TEST(RowMap, AnEditOfTheFirstOwnerLeavesTheCopyAlone) {
  Numbers map = numbers(64);
  const Numbers copy = map;

  map.edit(text_of(3)) = -1;
  map.edit("new") = -2;

  EXPECT_EQ(content_of(copy), content_of(numbers(64)));
  EXPECT_EQ(copy.find("new"), nullptr);
}

// Otherwise each new message of a long thread would copy the index of all its messages.
TEST(RowMap, AnEditOfACopyCopiesAFewRowsOfALargeMap) {
  const Numbers map = numbers(10'000);
  Numbers copy = map;

  copy.edit(text_of(5'000)) = -1;

  std::size_t copied = 0;
  map.each([&](const std::string& key, const int& value) {
    if (copy.find(key) != &value) ++copied;
  });
  EXPECT_GE(copied, 1u);
  // Buckets have 32 rows at most on average, and by chance some more.
  EXPECT_LE(copied, 3 * Numbers::bucket_rows);
}

TEST(RowMap, RowsMoveWithTheirOwnerAndTheFormerOwnerTakesOthers) {
  Numbers one = numbers(65);
  Numbers other = std::move(one);

  one = numbers(2);
  one.edit("third") = 3;

  EXPECT_EQ(one.size(), 3u);
  EXPECT_EQ(*one.find("third"), 3);
  EXPECT_EQ(content_of(other), content_of(numbers(65)));
}

// --- Any order -----------------------------------------------------------------------------------

// Owners that are added to, edited, copied over one another and moved, each beside a plain
// container that says what it should hold. `change` gets the owner, its model and a number.
// Returns how many rows the largest had.
template <class Held, class Model, class Change>
std::size_t run_any_order(std::uint32_t seed, Change change) {
  std::mt19937 random(seed);
  std::array<std::pair<Held, Model>, 4> owners;
  std::size_t most = 0;
  for (int step = 0; step < 3000; ++step) {
    auto& owner = owners[random() % owners.size()];
    auto& other = owners[random() % owners.size()];
    const auto what = random() % 200;
    if (what < 4) {
      owner = other;
    } else if (what == 4 && &owner != &other) {
      owner = std::move(other);
      other.second = {};  // what was moved from is empty
    } else {
      change(owner.first, owner.second, random());
    }
    most = std::max(most, owner.first.size());
    if (step % 20 != 0) continue;
    for (const auto& [held, model] : owners) EXPECT_EQ(content_of(held), model) << "step " << step;
    if (testing::Test::HasFailure()) break;
  }
  return most;
}

TEST(Rows, OwnersInAnyOrderHoldWhatVectorsWouldHold) {
  using Model = std::vector<std::string>;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    const std::size_t most =
        run_any_order<Texts, Model>(seed, [](Texts& rows, Model& model, std::uint64_t number) {
          const std::string text = std::to_string(number);
          if (model.empty() || number % 3 != 0) {
            rows.add(text);
            model.push_back(text);
          } else {
            rows.edit(number % model.size()) = text;
            model[number % model.size()] = text;
          }
        });
    EXPECT_GT(most, 2 * Texts::chunk_rows);
  }
}

TEST(RowMap, OwnersInAnyOrderHoldWhatMapsWouldHold) {
  using Model = std::unordered_map<std::string, int>;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    const std::size_t most =
        run_any_order<Numbers, Model>(seed, [](Numbers& map, Model& model, std::uint64_t number) {
          const std::string key = text_of(number % 500);
          map.edit(key) = static_cast<int>(number % 1000);
          model[key] = static_cast<int>(number % 1000);
          EXPECT_EQ(map.size(), model.size());
        });
    EXPECT_GT(most, 4 * Numbers::bucket_rows);
  }
}

}  // namespace
}  // namespace lockstep
