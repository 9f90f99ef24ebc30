// SPDX-License-Identifier: Apache-2.0
#include "engine/base/alive.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace lockstep {
namespace {

struct Owner {
  explicit Owner(std::string& heard) : heard_(heard) {}

  std::move_only_function<void(std::unique_ptr<std::string>)> hear() {
    return alive_.guard(
        [this](const std::unique_ptr<std::string>& word) { heard_ += *word + said_; });
  }

  std::string& heard_;
  std::string said_ = ".";
  Alive alive_;
};

TEST(Alive, AGuardedCallHappensEachTimeWhileItsOwnerLives) {
  std::string heard;
  Owner owner(heard);
  auto hear = owner.hear();

  hear(std::make_unique<std::string>("once"));
  hear(std::make_unique<std::string>("again"));

  EXPECT_EQ(heard, "once.again.");
}

TEST(Alive, AGuardedCallDoesNothingAfterItsOwnersEnd) {
  std::string heard;
  auto owner = std::make_unique<Owner>(heard);
  auto hear = owner->hear();
  owner.reset();

  hear(std::make_unique<std::string>("late"));

  EXPECT_EQ(heard, "");
}

TEST(Alive, AGuardedCallMayEndItsOwnerAndSeesThatItHas) {
  struct Mortal {
    Alive alive_;
  };
  auto mortal = std::make_unique<Mortal>();
  bool ended_before = true;
  bool ended_after = false;
  auto end = mortal->alive_.guard([&] {
    const Alive::Watch owner = mortal->alive_.watch();
    ended_before = owner.ended();
    mortal.reset();
    ended_after = owner.ended();
  });

  end();

  EXPECT_FALSE(ended_before);
  EXPECT_TRUE(ended_after);
}

TEST(Alive, ACallGuardedBeforeAResetDoesNothingAndOneGuardedAfterwardsRuns) {
  int called = 0;
  std::optional<Alive> asked(std::in_place);
  auto first = asked->guard([&called] { called += 1; });
  asked.emplace();
  auto second = asked->guard([&called] { called += 10; });

  first();
  second();

  EXPECT_EQ(called, 10);
}

TEST(Alive, AGuardedCallKeepsItsCapturesAndNotItsOwner) {
  const auto held = std::make_shared<int>(1);
  auto alive = std::make_unique<Alive>();
  auto call = std::make_unique<std::move_only_function<void()>>(alive->guard([held] {}));

  alive.reset();
  EXPECT_EQ(held.use_count(), 2);
  call.reset();

  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace lockstep
