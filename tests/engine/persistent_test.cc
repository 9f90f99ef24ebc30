// SPDX-License-Identifier: Apache-2.0
// Containers whose copies share equal blocks: an edit by one owner does not show in another.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <ranges>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/cow.h"
#include "tests/engine/persistent_content.h"

namespace lockstep {
namespace {

// Keys whose hashes differ only in the last bits that a map uses.
struct HighBits {
  std::uint64_t number;
  friend bool operator==(const HighBits&, const HighBits&) = default;
};

struct OneHash {
  std::uint64_t number;
  friend bool operator==(const OneHash&, const OneHash&) = default;
};

}  // namespace
}  // namespace lockstep

template <>
struct std::hash<lockstep::HighBits> {
  std::size_t operator()(const lockstep::HighBits& key) const noexcept { return key.number << 56; }
};
template <>
struct std::hash<lockstep::OneHash> {
  std::size_t operator()(const lockstep::OneHash&) const noexcept { return 7; }
};

namespace lockstep {
namespace {

std::string text_of(std::size_t number) { return "text " + std::to_string(number); }

Texts texts(std::size_t count) {
  Texts values;
  for (std::size_t at = 0; at < count; ++at) values.add(text_of(at));
  return values;
}

Numbers numbers(std::size_t count) {
  Numbers map;
  for (std::size_t at = 0; at < count; ++at) map.edit(text_of(at)) = static_cast<int>(at);
  return map;
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
  const Cow<std::string> shared = one;

  one.edit() = "two";

  EXPECT_EQ(*shared, "one");
  EXPECT_EQ(*one, "two");
}

TEST(Cow, AnEditWithoutAValueBeginsWithAnEmptyOne) {
  Cow<std::string> none;
  EXPECT_FALSE(none);
  const Cow<std::string> copy = none;

  none.edit() += "one";

  EXPECT_EQ(*none, "one");
  EXPECT_FALSE(copy);
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

// One owner goes forwards through many values and the other backwards, so that they meet at one.
TEST(Cow, TheLastOfTwoOwnersThatGoAtOnceDestroysTheValue) {
  const auto counted = std::make_shared<int>();
  for (int round = 0; round < 300; ++round) {
    std::vector<Cow<std::shared_ptr<int>>> values;
    for (int at = 0; at < 5'000; ++at) values.emplace_back(counted);
    auto copies = values;
    std::latch both(2);

    std::jthread other([&] {
      both.arrive_and_wait();
      for (auto& value : copies | std::views::reverse) value = {};
    });
    both.arrive_and_wait();
    for (auto& value : values) value = {};
  }

  EXPECT_EQ(counted.use_count(), 1);
}

// --- PersistentVector ---------------------------------------------------------------------------

TEST(PersistentVector, AllValuesAreFoundOnBothSidesOfEachBorder) {
  for (const std::size_t count :
       {0u, 1u, 31u, 32u, 33u, 64u, 65u, 1023u, 1024u, 1025u, 1056u, 1057u, 32768u, 32769u}) {
    SCOPED_TRACE(count);
    const Texts values = texts(count);

    ASSERT_EQ(values.size(), count);
    EXPECT_EQ(values.empty(), count == 0);
    for (std::size_t at = 0; at < count; ++at) EXPECT_EQ(values[at], text_of(at));
  }
}

TEST(PersistentVector, AnAddedValueIsTheLastAndMayBeEdited) {
  for (const std::size_t count : {0u, 30u, 31u, 32u, 33u, 1023u, 1024u}) {
    SCOPED_TRACE(count);
    Texts values = texts(count);

    std::string& added = values.add("new");
    added += " value";

    ASSERT_EQ(values.size(), count + 1);
    EXPECT_EQ(values[count], "new value");
  }
}

TEST(PersistentVector, AnEditOfACopyShowsInTheCopyAlone) {
  for (const std::size_t at : {0u, 31u, 32u, 33u, 1023u, 1024u, 1025u, 1099u}) {
    SCOPED_TRACE(at);
    Texts values = texts(1100);
    const std::vector<std::string> before = content_of(values);
    Texts copy = values;

    copy.edit(at) = "edited";

    std::vector<std::string> expected = before;
    expected[at] = "edited";
    EXPECT_EQ(content_of(values), before);
    EXPECT_EQ(content_of(copy), expected);
  }
}

TEST(PersistentVector, AnEditOfTheFirstOwnerLeavesTheCopyAlone) {
  Texts values = texts(33);
  const Texts copy = values;

  values.edit(31) = "edited";
  values.edit(32) = "edited too";

  EXPECT_EQ(content_of(copy), content_of(texts(33)));
  EXPECT_EQ(values[31], "edited");
  EXPECT_EQ(values[32], "edited too");
}

TEST(PersistentVector, TwoOwnersAddTheirOwnValuesBehindTheCommonOnes) {
  for (const std::size_t count : {0u, 1u, 31u, 32u, 33u, 1023u, 1024u, 1025u}) {
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

TEST(PersistentVector, ACopyHoldsTheSameValuesAndAnEditCopiesOneOfThem) {
  Texts values = texts(1100);
  Texts copy = values;
  for (std::size_t at = 0; at < values.size(); ++at) ASSERT_EQ(&values[at], &copy[at]);

  copy.edit(500) = "edited";

  for (std::size_t at = 0; at < values.size(); ++at) {
    EXPECT_EQ(&values[at] == &copy[at], at != 500) << at;
  }
}

TEST(PersistentVector, AValueOfOneOwnerIsEditedInPlace) {
  Texts values = texts(1100);
  const std::string* before = &values[64];
  {
    const Texts copy = values;
  }

  values.edit(64) = "edited";

  EXPECT_EQ(&values[64], before);
}

// A handle that is still in its place shows that its block is.
TEST(PersistentVector, BlocksOfOneOwnerAreChangedInPlace) {
  Texts values = texts(1100);
  const Cow<std::string>* first = &values.shared(0);
  const Cow<std::string>* last = &values.shared(1099);

  values.add("new");
  values.edit(0) = "edited";

  EXPECT_EQ(&values.shared(0), first);
  EXPECT_EQ(&values.shared(1099), last);
}

TEST(PersistentVector, ASharedValueOutlivesItsVectorAndStaysAsItWas) {
  auto values = std::make_unique<Texts>(texts(65));
  const Cow<std::string> shared = values->shared(64);
  EXPECT_EQ(&*shared, &(*values)[64]);

  values->edit(64) = "edited";
  values.reset();

  EXPECT_EQ(*shared, text_of(64));
}

TEST(PersistentVector, ValuesMoveWithTheirOwnerAndTheFormerOwnerTakesOthers) {
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

TEST(PersistentVector, IsEmptyWhenItsValuesHaveMoved) {
  Texts one = texts(65);

  const Texts other = std::move(one);

  EXPECT_EQ(one.size(), 0u);
  one.add("new");
  EXPECT_EQ(content_of(one), std::vector<std::string>{"new"});
  EXPECT_EQ(content_of(other), content_of(texts(65)));
}

TEST(PersistentVectorDeathTest, AnAccessBeyondTheLastValueEndsTheProcess) {
  Texts values = texts(33);

  EXPECT_DEATH((void)values[33], "broken invariant");
  EXPECT_DEATH((void)values.edit(33), "broken invariant");
  EXPECT_DEATH((void)values.shared(33), "broken invariant");
}

// --- PersistentMap ------------------------------------------------------------------------------

TEST(PersistentMap, AnEmptyMapFindsNoKey) {
  const Numbers map;

  EXPECT_EQ(map.size(), 0u);
  EXPECT_EQ(map.find("any"), nullptr);
  EXPECT_TRUE(content_of(map).empty());
}

TEST(PersistentMap, AllKeysAreFoundHoweverManyThereAre) {
  for (const std::size_t count : {1u, 15u, 16u, 17u, 18u, 256u, 1000u, 5000u}) {
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

TEST(PersistentMap, AKeyThatIsEditedAgainIsCountedOnce) {
  Numbers map = numbers(32);

  map.edit(text_of(7)) = 70;
  ++map.edit(text_of(7));

  EXPECT_EQ(map.size(), 32u);
  EXPECT_EQ(*map.find(text_of(7)), 71);
}

TEST(PersistentMap, ANewKeyBeginsWithAnEmptyValue) {
  PersistentMap<std::string, std::string> map;

  EXPECT_EQ(map.edit("new"), "");
  EXPECT_EQ(map.size(), 1u);
  EXPECT_NE(map.find("new"), nullptr);
}

TEST(PersistentMap, AnEditOfACopyShowsInTheCopyAlone) {
  for (const std::size_t count : {1u, 15u, 16u, 17u, 64u, 1000u}) {
    SCOPED_TRACE(count);
    const Numbers map = numbers(count);
    const auto before = content_of(map);
    Numbers copy = map;

    copy.edit(text_of(0)) = -1;
    copy.edit("new") = -2;  // a block may be divided by it

    auto expected = before;
    expected[text_of(0)] = -1;
    expected["new"] = -2;
    EXPECT_EQ(content_of(map), before);
    EXPECT_EQ(map.size(), count);
    EXPECT_EQ(content_of(copy), expected);
    EXPECT_EQ(copy.size(), count + 1);
  }
}

TEST(PersistentMap, AnEditOfTheFirstOwnerLeavesTheCopyAlone) {
  Numbers map = numbers(64);
  const Numbers copy = map;

  map.edit(text_of(3)) = -1;
  map.edit("new") = -2;

  EXPECT_EQ(content_of(copy), content_of(numbers(64)));
  EXPECT_EQ(copy.find("new"), nullptr);
}

// Otherwise each new message of a long thread would copy the index of all its messages, and each
// ack the acks of all other devices.
TEST(PersistentMap, AnEditOfACopyCopiesOnePair) {
  const Numbers map = numbers(10'000);
  Numbers copy = map;

  copy.edit(text_of(5'000)) = -1;
  copy.edit("new") = -2;

  map.each([&](const std::string& key, const int& value) {
    EXPECT_EQ(copy.find(key) == &value, key != text_of(5'000)) << key;
  });
}

TEST(PersistentMap, APairOfOneOwnerIsEditedInPlace) {
  Numbers map = numbers(1000);
  const int* before = map.find(text_of(7));
  {
    const Numbers copy = map;
  }

  map.edit(text_of(7)) = -1;

  EXPECT_EQ(map.find(text_of(7)), before);
}

TEST(PersistentMap, KeysWhoseHashesBeginAlikeAreAllFound) {
  PersistentMap<HighBits, int> map;
  for (std::uint64_t key = 0; key < 100; ++key) map.edit({key}) = static_cast<int>(key);

  EXPECT_EQ(map.size(), 100u);
  for (std::uint64_t key = 0; key < 100; ++key) {
    const int* found = map.find({key});
    ASSERT_NE(found, nullptr) << key;
    EXPECT_EQ(*found, static_cast<int>(key));
  }
  EXPECT_EQ(map.find({100}), nullptr);
}

TEST(PersistentMap, KeysOfOneHashAreAllFound) {
  PersistentMap<OneHash, int> map;
  for (std::uint64_t key = 0; key < 100; ++key) map.edit({key}) = static_cast<int>(key);
  PersistentMap<OneHash, int> copy = map;
  copy.edit({42}) = -1;

  EXPECT_EQ(map.size(), 100u);
  for (std::uint64_t key = 0; key < 100; ++key) {
    const int* found = map.find({key});
    ASSERT_NE(found, nullptr) << key;
    EXPECT_EQ(*found, static_cast<int>(key));
  }
  EXPECT_EQ(*copy.find({42}), -1);
  EXPECT_EQ(map.find({100}), nullptr);
}

TEST(PersistentMap, PairsMoveWithTheirOwnerAndTheFormerOwnerTakesOthers) {
  Numbers one = numbers(65);
  Numbers other = std::move(one);

  one = numbers(2);
  one.edit("third") = 3;

  EXPECT_EQ(one.size(), 3u);
  EXPECT_EQ(*one.find("third"), 3);
  EXPECT_EQ(content_of(other), content_of(numbers(65)));
}

TEST(PersistentMap, IsEmptyWhenItsPairsHaveMoved) {
  Numbers one = numbers(65);

  const Numbers other = std::move(one);

  EXPECT_EQ(one.size(), 0u);
  EXPECT_EQ(one.find(text_of(0)), nullptr);
  one.edit("new") = 1;
  EXPECT_EQ(one.size(), 1u);
  EXPECT_EQ(content_of(other), content_of(numbers(65)));
}

}  // namespace
}  // namespace lockstep
