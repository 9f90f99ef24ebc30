// SPDX-License-Identifier: Apache-2.0
// The committer has its own thread, so its durable entries can be read before it tells the engine.
// Reads must show only the entries that the committer has reported to the engine.
#include <gtest/gtest.h>

#include "engine/rocks/kv_log.h"
#include "tests/sim/sim_kv.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

// An engine whose committer the test steps.
struct Server {
  Server() {
    auto opened = KvLog::open({kv, witness, fail_stop, executor, random});
    MUST(opened.has_value());
    log = std::move(*opened);
    auto made = Engine::open({.log = *log,
                              .store = *log,
                              .clock = clock,
                              .random = random,
                              .executor = executor,
                              .agents = agents,
                              .is_json_object = is_json_object,
                              .metrics = metrics},
                             host, [](const Result<void>& ready) { MUST(ready.has_value()); });
    MUST(made.has_value());
    engine = std::move(*made);
    settle();
  }

  void say(PutMessage put) {
    SyncRequest request;
    request.thread = ThreadName{UserId("ann"), tid("t1")};
    request.changes.user = uid("ann");
    request.changes.changes.push_back(change_of(std::move(put)));
    engine->sync(std::move(request),
                 [](const Result<SyncReply>& reply) { MUST(reply.has_value()); });
    executor.run();
  }
  void settle() {
    do {
      executor.run();
    } while (log->committer().run_once());
  }

  sim::SimDisk disk;
  sim::SimKv kv{disk};
  sim::SimWitness witness{disk};
  FailStop fail_stop{[](const std::string&) {}};
  SteppedExecutor executor;
  SteppedClock clock;
  CountedRandom random;
  AnyAgents agents;
  Metrics metrics;
  RecordingHost host;
  std::unique_ptr<KvLog> log;
  std::unique_ptr<Engine> engine;
};

TEST(RacingReads, AnEarlierTimeIsReadWhileLaterViewsAreDurableAndNotToldOf) {
  Server server;
  server.say(put("m1", "one"));
  server.settle();
  const Timestamp first =
      server.engine->read({}, ThreadName{UserId("ann"), tid("t1")}, {})->cursor.at;
  SyncRequest rename;
  rename.thread = ThreadName{UserId("ann"), tid("t1")};
  rename.changes.user = uid("ann");
  rename.changes.changes.push_back(change_of(UpdateThread{"a title", {}, {}}));
  server.engine->sync(std::move(rename), [](const Result<SyncReply>&) {});
  server.settle();
  server.say(put("m2", "two"));
  ASSERT_TRUE(
      server.log->committer().run_once());  // its snapshot is durable, and no front knows it

  const auto then = server.engine->read({}, ThreadName{UserId("ann"), tid("t1")}, first);

  ASSERT_TRUE(then.has_value());
  EXPECT_EQ(then->cursor.at, first);
  EXPECT_EQ(then->screen.messages.size(), 1u);
  EXPECT_EQ(then->screen.thread->title, "one");
}

}  // namespace
}  // namespace lockstep::test
