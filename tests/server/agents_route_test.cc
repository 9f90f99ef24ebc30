// SPDX-License-Identifier: Apache-2.0
// The list of agents as every front reads it, and the runs that wait for one of their slots.
#include <gtest/gtest.h>

#include "tests/server/client.h"
#include "tests/server/front_fixture.h"

namespace lockstep::test {
namespace {

class AgentsRoute : public testing::Test {
 protected:
  FrontFixture server;
};

TEST_F(AgentsRoute, ListsWhatAFrontMayChooseAndNothingElse) {
  Client client(server.port());

  const Reply reply = client.request("GET", "/v1/agents", "");

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body,
            R"({"agents":[{"name":"default","kind":"openai","default":true,"model":"m",)"
            R"("models":["m","big"],"params_allowed":["seed","stop"],"images":true,)"
            R"("context_tokens":8192,"tokens_max":500,"runs_at_once":1,"running":0,"waiting":0},)"
            R"({"name":"mine","kind":"push","default":false,"models":"*","params_allowed":"*",)"
            R"("images":false,"running":0,"waiting":0}]})");
  EXPECT_EQ(client.request("GET", "/v1/agents?x=1", "").status, 422);
  EXPECT_EQ(client.request("POST", "/v1/agents", "").status, 405);
}

TEST_F(AgentsRoute, MetricsCountTheRunsOfEachAgent) {
  Client client(server.port());

  const std::string text = client.request("GET", "/metrics", "").body;

  EXPECT_NE(text.find(R"(lockstep_agent_runs{agent="default",state="running"} 0)"),
            std::string::npos);
  EXPECT_NE(text.find(R"(lockstep_agent_runs{agent="mine",state="waiting"} 0)"), std::string::npos);
}

}  // namespace
}  // namespace lockstep::test
