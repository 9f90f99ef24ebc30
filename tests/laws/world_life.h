// SPDX-License-Identifier: Apache-2.0
// world_life.h: one start of the server.
//
// It holds all that dies with the process, in the order of construction. Its destructor sends no
// answers, like a power cut.
#pragma once

#include "tests/laws/engine_world.h"

namespace lockstep::test {

struct EngineWorld::Life {
  explicit Life(EngineWorld& world)
      : fail_stop([](const std::string&) {}),
        kv(world.disk_, world.records_),
        witness(world.disk_) {}
  ~Life() = default;
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  SteppedExecutor executor;
  FailStop fail_stop;
  SpiedKv kv;
  sim::SimWitness witness;
  Metrics metrics;
  std::unique_ptr<KvLog> log;
  std::unique_ptr<SpiedLog> spied;
  std::unique_ptr<Engine> engine;
  bool opened = false;  // and threads may still be mended
  bool ready = false;
};

}  // namespace lockstep::test
