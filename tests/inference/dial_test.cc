// SPDX-License-Identifier: Apache-2.0
#include "server/inference/dial.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/inference/full_listener.h"
#include "tests/inference/loop.h"
#include "tests/inference/model_server.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

Dial::Address address_of(const ModelServer& server) {
  const std::string url = server.url();
  const std::string port = url.substr(url.rfind(':') + 1);
  return {boost::asio::ip::address_v4::loopback(), static_cast<unsigned short>(std::stoi(port))};
}

Dial::Address nobody_listens() {
  const ModelServer gone({});
  return address_of(gone);
}

struct Dialled {
  boost::system::error_code error;
  std::optional<Dial::Address> to;
  std::chrono::steady_clock::duration took{};
};

// Nothing, if no address has answered in `most`.
std::optional<Dialled> dial(const std::vector<Dial::Address>& addresses,
                            std::chrono::milliseconds most) {
  boost::asio::io_context loop;
  std::optional<Dialled> dialled;
  const auto begin = std::chrono::steady_clock::now();
  const auto dial = std::make_shared<Dial>(loop.get_executor(), addresses, most);
  dial->start([&](const boost::system::error_code& error, tcp::socket socket) {
    dialled = Dialled{error, {}, std::chrono::steady_clock::now() - begin};
    boost::system::error_code none;
    if (!error) dialled->to = socket.remote_endpoint(none);
  });
  run_until(loop, [&dialled] { return dialled.has_value(); }, most);
  dial->close();
  return dialled;
}

TEST(Dial, AnAddressThatSwallowsPacketsLeavesTimeForTheNext) {
  const FullListener full;
  const ModelServer server({});

  const auto dialled = dial({full.address(), address_of(server)}, 900ms);

  ASSERT_TRUE(dialled);
  EXPECT_EQ(dialled->to, address_of(server)) << dialled->error.message();
}

TEST(Dial, EachOfManyAddressesHasItsTurnInTheTimeForAll) {
  const FullListener full;
  const ModelServer server({});
  std::vector<Dial::Address> addresses(9, full.address());
  addresses.push_back(address_of(server));

  const auto dialled = dial(addresses, 900ms);

  ASSERT_TRUE(dialled);
  EXPECT_EQ(dialled->to, address_of(server));
}

TEST(Dial, AnAddressThatRefusesGivesWayAtOnce) {
  const ModelServer server({});

  const auto dialled = dial({nobody_listens(), address_of(server)}, 10s);

  ASSERT_TRUE(dialled);
  EXPECT_EQ(dialled->to, address_of(server));
  EXPECT_LT(dialled->took, 200ms);
}

TEST(Dial, AnAddressThatAnswersFirstCountsThoughItStartedLast) {
  const FullListener full;
  const ModelServer server({});

  const auto dialled = dial({full.address(), nobody_listens(), address_of(server)}, 10s);

  ASSERT_TRUE(dialled);
  EXPECT_EQ(dialled->to, address_of(server));
  EXPECT_LT(dialled->took, 2s);
}

TEST(Dial, TellsTheErrorWhenEveryAddressHasFailed) {
  const auto dialled = dial({nobody_listens(), nobody_listens()}, 5s);

  ASSERT_TRUE(dialled);
  EXPECT_EQ(dialled->error, boost::asio::error::connection_refused);
}

TEST(Dial, SaysNothingMoreOnceItIsClosed) {
  for (int turns = 0; turns < 4; ++turns) {
    const FullListener full;
    const ModelServer server({});
    boost::asio::io_context loop;
    bool called = false;
    const auto dial = std::make_shared<Dial>(
        loop.get_executor(), std::vector{full.address(), address_of(server)}, 100ms);
    dial->start([&called](const boost::system::error_code&, const tcp::socket&) { called = true; });
    for (int turn = 0; turn < turns && !called; ++turn) loop.run_one_for(20ms);
    const bool before = called;

    dial->close();
    loop.restart();
    loop.run_for(50ms);

    EXPECT_EQ(called, before);
  }
}

}  // namespace
}  // namespace lockstep
