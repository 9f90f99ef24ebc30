// SPDX-License-Identifier: Apache-2.0
// writing.h: a store that this process alone has open, to write to it without a server.
//
// The log, its committer and a loop that the log posts back to; waiting is running that loop. While
// it is open no server can be (the folder has a lock), and the other way round.
//
// Lives on: the main thread, which is the engine strand here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/live/engine.h"
#include "engine/live/metrics.h"
#include "engine/store/log.h"
#include "engine/store/store.h"
#include "tools/base/system.h"
#include "tools/base/terminal.h"

namespace lockstep {

class Kv;
class RocksKv;
class RocksLog;

class StoreWriter {
 public:
  // Fails with `locked`, `not_a_store`, `newer_format`, `corrupt` or `disk`; with `no_store` if
  // there is none and none is to be made. A disk that fails later ends the process.
  enum class Missing : bool { fail, make };
  // `rebuilds`: goes on with a rebuild that was cut short, which nobody else may open.
  [[nodiscard]] static Result<std::unique_ptr<StoreWriter>> open(const std::string& data,
                                                                 Missing missing,
                                                                 bool rebuilds = false);
  ~StoreWriter();
  StoreWriter(const StoreWriter&) = delete;
  StoreWriter& operator=(const StoreWriter&) = delete;

  [[nodiscard]] Log& log();
  [[nodiscard]] Store& store();
  [[nodiscard]] const Kv& kv();
  [[nodiscard]] const RocksKv& rocks_kv();
  [[nodiscard]] Executor& executor();
  [[nodiscard]] SystemClock& clock() { return clock_; }
  [[nodiscard]] SystemRandom& random() { return random_; }

  // Runs the next thing on the strand, when there is one.
  void run_one();
  // Runs what the log posts back, until `flag` is set by some of it.
  void wait_for(const bool& flag);
  // Log::write, and waits until it is durable.
  [[nodiscard]] Result<void> write(std::vector<Row> rows);

 private:
  StoreWriter();

  struct Strand;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Strand> strand_;
  std::unique_ptr<RocksLog> rocks_;
};

// The engine on such a store, without agents: what it is asked goes the road that all changes go.
// What a crash has interrupted is ended, as at a start of the server.
class OfflineEngine {
 public:
  [[nodiscard]] static Result<std::unique_ptr<OfflineEngine>> open(StoreWriter& writer);
  ~OfflineEngine();
  OfflineEngine(const OfflineEngine&) = delete;
  OfflineEngine& operator=(const OfflineEngine&) = delete;

  [[nodiscard]] Engine& engine() { return *engine_; }

 private:
  OfflineEngine();

  struct NoAgents;
  struct NoHost;
  std::unique_ptr<NoAgents> agents_;
  std::unique_ptr<NoHost> host_;
  Metrics metrics_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace lockstep
