// SPDX-License-Identifier: Apache-2.0
// writing.h: opens a store for this process alone, to write to it without a server.
//
// It has the log, its committer, and an event loop that the log posts to; a caller waits by running
// that loop. The lock on the folder keeps servers out while it is open, and the other way round.
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
  // Fails with `locked`, `not_a_store`, `newer_format`, `corrupt` or `disk`; with `no_store` if the
  // store is missing and `missing` is `fail`. If the disk fails later, the process ends.
  enum class Missing : bool { fail, make };
  // `rebuilds`: also opens a store with an interrupted rebuild, which only a rebuild may open.
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

  // Waits for the next task on the strand, and runs it.
  void run_one();
  // Runs the tasks that the log posts, until one of them sets `flag`.
  void wait_for(const bool& flag);
  // Calls Log::write, and waits until the rows are durable.
  [[nodiscard]] Result<void> write(std::vector<RowWrite> rows);

 private:
  StoreWriter();

  struct Strand;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<Strand> strand_;
  std::unique_ptr<RocksLog> rocks_;
};

// The engine on such a store, without agents: an import goes through the same checks as the changes
// of a front. As at a start of the server, it ends the runs that a crash left open.
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
