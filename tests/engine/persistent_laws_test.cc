// SPDX-License-Identifier: Apache-2.0
// Laws of the persistent containers in any order of additions, edits, copies and moves.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/cow.h"
#include "engine/base/memory.h"
#include "tests/engine/persistent_content.h"

namespace lockstep {
namespace {

// A copy takes no memory, so its cost can't grow with the size of the shared blocks.
static_assert(std::is_nothrow_copy_constructible_v<Texts>);
static_assert(std::is_nothrow_copy_constructible_v<Numbers>);

// --- Any order -----------------------------------------------------------------------------------

// Adds to owners, edits, moves and copies them over one another, and compares each with its model,
// a plain container. `change` gets the owner, its model and a number. Returns how many values the
// largest had.
template <class Held, class Model, class Change>
std::size_t run_any_order(std::uint32_t seed, Change change) {
  std::mt19937 random(seed);
  std::array<std::pair<Held, Model>, 4> owners;
  std::size_t most = 0;
  for (int step = 0; step < 10'000; ++step) {
    auto& owner = owners[random() % owners.size()];
    auto& other = owners[random() % owners.size()];
    const auto what = random() % 1600;
    if (what < 4) {
      owner = other;
    } else if (what == 4 && &owner != &other) {
      owner = std::move(other);
      other.second = {};  // a moved container is empty
    } else {
      change(owner.first, owner.second, random());
    }
    most = std::max(most, owner.first.size());
    if (step % 100 != 0) continue;
    for (const auto& [held, model] : owners) EXPECT_EQ(content_of(held), model) << "step " << step;
    if (testing::Test::HasFailure()) break;
  }
  return most;
}

TEST(PersistentVectorLaws, OwnersInAnyOrderHoldTheSameAsVectors) {
  using Model = std::vector<std::string>;
  std::size_t most = 0;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    const std::size_t largest =
        run_any_order<Texts, Model>(seed, [](Texts& texts, Model& model, std::uint64_t number) {
          const std::string text = std::to_string(number);
          if (model.empty() || number % 8 != 0) {
            texts.add(text);
            model.push_back(text);
          } else {
            texts.edit(number % model.size()) = text;
            model[number % model.size()] = text;
          }
        });
    EXPECT_GT(largest, Texts::width);
    most = std::max(most, largest);
  }
  // So the tree had a third level.
  EXPECT_GT(most, Texts::width * Texts::width);
}

TEST(PersistentMapLaws, OwnersInAnyOrderHoldTheSameAsMaps) {
  using Model = std::unordered_map<std::string, int>;
  std::size_t most = 0;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    const std::size_t largest =
        run_any_order<Numbers, Model>(seed, [](Numbers& map, Model& model, std::uint64_t number) {
          const std::string key = std::to_string(number % 2000);
          map.edit(key) = static_cast<int>(number % 1000);
          model[key] = static_cast<int>(number % 1000);
          EXPECT_EQ(map.size(), model.size());
        });
    EXPECT_GT(largest, Numbers::width);
    most = std::max(most, largest);
  }
  // So blocks were divided more than once.
  EXPECT_GT(most, 2 * Numbers::width * Numbers::width);
}

// --- The account ---------------------------------------------------------------------------------

struct Charged {
  Charge held{};
};

// Values that are shared are charged once, those that an edit has copied a second time, and none
// that is gone.
TEST(PersistentVectorLaws, TheAccountIsTheSumOfTheValuesThatAreHeld) {
  constexpr std::size_t each = 10;
  MemoryAccount account(1 << 30);
  std::mt19937 random(1);
  {
    std::array<PersistentVector<Charged>, 3> owners;
    for (int step = 0; step < 5000; ++step) {
      auto& owner = owners[random() % owners.size()];
      const auto what = random() % 100;
      if (what == 0) {
        owner = owners[random() % owners.size()];
      } else if (what < 70 || owner.empty()) {
        owner.add({Charge(&account, MemoryKind::states, each)});
      } else {
        owner.edit(random() % owner.size()).held.set(each);
      }
      if (step % 100 != 0) continue;
      std::set<const Charged*> held;
      for (const auto& one : owners) {
        for (std::size_t at = 0; at < one.size(); ++at) held.insert(&one[at]);
      }
      ASSERT_EQ(account.bytes(), each * held.size()) << "step " << step;
    }
    EXPECT_GT(account.bytes(), each * 1024);
  }
  EXPECT_EQ(account.bytes(), 0u);
}

// --- Threads -------------------------------------------------------------------------------------

// The background thread writes an entry like this: from a copy, while the strand continues. The
// sanitizer checks the counts.
TEST(PersistentVectorLaws, ACopyIsReadAndLetGoOnAnotherThreadWhileItsOwnerGoesOn) {
  Texts texts;
  Numbers map;
  for (int at = 0; at < 1100; ++at) {
    texts.add("old");
    map.edit(std::to_string(at)) = 0;
  }
  for (int round = 0; round < 50; ++round) {
    const std::size_t size = texts.size();
    std::size_t read = 0;
    std::jthread reader([copy = texts, numbers = map, &read]() mutable {
      for (std::size_t at = 0; at < copy.size(); ++at) read += copy[at].empty() ? 0 : 1;
      numbers.each([&](const std::string&, int value) { read += value == 0 ? 1 : 0; });
      copy = {};
      numbers = {};
    });
    for (std::size_t at = 0; at < size; at += 7) texts.edit(at) = "new";
    for (int at = 0; at < 1100; at += 7) map.edit(std::to_string(at)) = 1;
    texts.add("new");
    reader.join();
    EXPECT_EQ(read, size + (round == 0 ? 1100u : 942u));
  }
}

// An owner that is alone edits in place: the reads of the former owners must have ended before.
TEST(CowLaws, AnOwnerThatIsAloneAgainMayEditInPlace) {
  Cow<std::string> value(std::string("old"));
  for (int round = 0; round < 200; ++round) {
    const std::string before = *value;
    std::atomic<bool> same = false;
    std::jthread reader([copy = value, &before, &same]() mutable {
      same = *copy == before;
      copy = {};
    });
    value.edit() = std::to_string(round);
    reader.join();
    EXPECT_TRUE(same);
  }
}

}  // namespace
}  // namespace lockstep
