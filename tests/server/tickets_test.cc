// SPDX-License-Identifier: Apache-2.0
// Which routes a ticket opens, how often and for how long.
#include "server/net/tickets.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/rules/digest.h"
#include "server/base/limits.h"

namespace lockstep::test {
namespace {

class Dice : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override { return ++next_ * 0x9E3779B97F4A7C15ULL; }

 private:
  std::uint64_t next_ = 0;
};

const UserId ada("ada");
const UserId bob("bob");
constexpr Tick noon{1'000};

class ATicket : public testing::Test {
 protected:
  std::string made(const UserId& user, Tick now) {
    return tickets.make({user, {}}, now).value_or("none was made");
  }

  Dice dice;
  Tickets tickets{dice};
};

TEST_F(ATicket, IsItsUsersOnce) {
  const std::string ticket = made(ada, noon);
  const std::string other = made(bob, noon);

  EXPECT_EQ(tickets.take(ticket, noon), (Caller{ada, {}}));
  EXPECT_EQ(tickets.take(ticket, noon), std::nullopt);
  EXPECT_EQ(tickets.take(other, noon), (Caller{bob, {}}));
  EXPECT_EQ(tickets.size(), 0U);
}

TEST_F(ATicket, IsGoodForItsMinuteAndNoLonger) {
  const std::string first = made(ada, noon);
  const std::string second = made(ada, noon);

  EXPECT_EQ(tickets.take(first, noon + limits::ticket_time_max), (Caller{ada, {}}));
  EXPECT_EQ(tickets.take(second, noon + limits::ticket_time_max + Tick(1)), std::nullopt);
}

TEST_F(ATicket, EndsWithTheTokenThatItWasMadeWith) {
  const Hash stays = sha256("stays");
  const auto one = tickets.make({ada, stays}, noon);
  const auto other = tickets.make({ada, sha256("gone")}, noon);
  const auto auth = Auth::parse(token_lines({"t", ada, stays}), "file");

  tickets.revoke(*auth);

  EXPECT_EQ(tickets.take(*other, noon), std::nullopt);
  EXPECT_EQ(tickets.take(*one, noon), (Caller{ada, stays}));
}

TEST_F(ATicket, IsForgottenWhenItIsTooOldToBeUsed) {
  const std::string first = made(ada, noon);
  const std::string second = made(ada, noon + Tick(10));

  tickets.sweep(noon + limits::ticket_time_max + Tick(1));

  EXPECT_EQ(tickets.size(), 1U);
  EXPECT_EQ(tickets.take(first, noon), std::nullopt);
  EXPECT_EQ(tickets.take(second, noon + Tick(20)), (Caller{ada, {}}));
}

TEST_F(ATicket, IsNeitherAnEmptyTextNorAnotherOnesBeginning) {
  const std::string ticket = made(ada, noon);

  EXPECT_EQ(tickets.take("", noon), std::nullopt);
  EXPECT_EQ(tickets.take(ticket.substr(0, ticket.size() - 1), noon), std::nullopt);
  EXPECT_EQ(tickets.take(ticket + " ", noon), std::nullopt);
  EXPECT_EQ(tickets.size(), 1U);
}

TEST_F(ATicket, HasAllTheChanceThatATokenHas) {
  const std::string ticket = made(ada, noon);

  EXPECT_EQ(ticket.size(), 64U);
  EXPECT_EQ(std::set<char>(ticket.begin(), ticket.end()).contains('-'), false);
  EXPECT_NE(ticket.substr(0, 16), ticket.substr(16, 16));
  EXPECT_NE(ticket.substr(0, 32), ticket.substr(32, 32));
}

TEST_F(ATicket, MakesRoomForTheNextIfItsUserHasTooMany) {
  const std::string oldest = made(ada, noon);
  const std::string second = made(ada, noon);
  const std::string of_bob = made(bob, noon);
  for (std::size_t count = 2; count < limits::tickets_per_user_max; ++count) {
    made(ada, noon);
  }

  const std::string newest = made(ada, noon);

  EXPECT_EQ(tickets.size(), limits::tickets_per_user_max + 1);
  EXPECT_EQ(tickets.take(oldest, noon), std::nullopt);
  EXPECT_EQ(tickets.take(second, noon), (Caller{ada, {}}));
  EXPECT_EQ(tickets.take(newest, noon), (Caller{ada, {}}));
  EXPECT_EQ(tickets.take(of_bob, noon), (Caller{bob, {}}));
}

TEST_F(ATicket, IsRefusedWhenAllUsersTogetherHaveTooMany) {
  for (std::size_t count = 0; count < limits::tickets_max; ++count) {
    made(UserId("user-" + std::to_string(count)), noon);
  }

  EXPECT_EQ(tickets.make({ada, {}}, noon), std::nullopt);

  tickets.sweep(noon + limits::ticket_time_max + Tick(1));
  EXPECT_TRUE(tickets.make({ada, {}}, noon + limits::ticket_time_max).has_value());
}

}  // namespace
}  // namespace lockstep::test
