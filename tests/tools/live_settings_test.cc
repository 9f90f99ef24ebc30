// SPDX-License-Identifier: Apache-2.0
// The server reads the token file again after it was written, and not while it is being written.
#include "tools/verbs/live_settings.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>

#include "engine/rules/digest.h"
#include "server/base/limits.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

std::string tokens(std::initializer_list<const char*> names) {
  std::string text;
  for (const char* name : names) text += token_lines({name, UserId(name), sha256(name)});
  return text;
}

struct LiveTokens : testing::Test {
  LiveTokens() { write(tokens({"ann", "bob"})); }
  ~LiveTokens() override { std::filesystem::remove(path); }

  void write(const std::string& text) const { std::ofstream(path, std::ios::trunc) << text; }
  void look() {
    executor.pass(limits::tokens_look);
    executor.run();
  }
  std::shared_ptr<const AgentSet> no_agents() {
    return std::move(AgentSet::open({}, context.get_executor(), random, clock).value());
  }

  const std::string path = testing::TempDir() + "live_tokens_" + std::to_string(::getpid());
  boost::asio::io_context context;
  SteppedExecutor executor;
  CountedRandom random;
  SteppedClock clock;
  LineLog lines{LineLog::Level::error, LineLog::Style::text};
  const ConfigSources sources;
  LiveAgents agents{no_agents()};
};

TEST_F(LiveTokens, AreReadOnceTheFileHasStayedAsItIsForOneLook) {
  const FileStamp stamp(path);
  Auth auth = Auth::open(path, Auth::Least::one_token).value();
  int changes = 0;
  const LiveSettings settings({.context = context,
                               .executor = executor,
                               .sources = sources,
                               .tokens = path,
                               .auth = auth,
                               .agents = agents,
                               .random = random,
                               .clock = clock,
                               .log = lines,
                               .tokens_changed = [&changes] { ++changes; }},
                              stamp);

  write(tokens({"ann"}));  // its first half
  look();
  EXPECT_EQ(auth.tokens().size(), 2u) << "bob's would be refused for a moment";
  write(tokens({"ann", "bob", "carl"}));
  look();
  EXPECT_EQ(auth.tokens().size(), 2u);
  look();

  EXPECT_EQ(auth.tokens().size(), 3u);
  EXPECT_EQ(changes, 1);
}

}  // namespace
}  // namespace lockstep::test
