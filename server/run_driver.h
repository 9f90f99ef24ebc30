// SPDX-License-Identifier: Apache-2.0
// run_driver.h: runs, driven: from a start to a model, from its steps back to the engine.
//
// When a run has started, durably, the agent that it asks for is given the context and a writer.
// What the generation writes is numbered and handed to the engine, one batch at a time: what comes
// meanwhile goes together in the next. If too much waits the generation is asked to pause. When the
// run has ended, by its own last step, by a stop, or because it was superseded, the generation is
// destroyed at once, which closes its upstream. A run keeps the agent that it began with, also if
// the configuration has another by then. A run that failed, whoever wrote it, is one line of the
// log.
//
//   RunHost::started ──> Agent::start ──steps──> waiting ──batch──> Engine::write
//                                                   ^                 │   │
//                                                   └────── ack ──────┘   └─ refused ──> the end
//
// A batch that is refused as `overloaded` is not the end: it is sent again a little later.
//
// Lives on: the engine strand. Must outlive the engine, whose host it is; what it drives is let go
// by `stop`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "engine/base/memory.h"
#include "engine/live/engine.h"
#include "engine/rules/producer.h"
#include "server/base/log_line.h"

namespace lockstep {

class RunDriver : public RunHost {
 public:
  // Null if there is no such agent.
  using FindAgent = std::function<std::shared_ptr<Agent>(const AgentName& agent)>;

  // `memory`: null, nothing is counted.
  RunDriver(FindAgent find, Executor& executor, LineLog& log, MemoryAccount* memory = nullptr);
  ~RunDriver() override;
  RunDriver(const RunDriver&) = delete;
  RunDriver& operator=(const RunDriver&) = delete;

  // As `Engine::write`.
  using Write = std::function<void(std::optional<UserId> user, ThreadName thread, StepBatch batch,
                                   Done<std::expected<StepAck, StepRefusal>> done)>;

  // Where steps go. Requires: called right after the engine was opened with this as its host.
  void connect(Write write) { write_ = std::move(write); }
  void connect(Engine& engine);
  // Destroys every generation. Nothing calls the engine after it.
  void stop();
  [[nodiscard]] std::size_t running() const { return drives_.size(); }

  void started(const AgentName& agent, Context context, std::uint32_t attempt) override;
  void ended(const ThreadName& thread, const Run& run) override;

 private:
  class Drive;

  void tell(const ThreadName& thread, const Run& run);

  FindAgent find_;
  Executor& executor_;
  LineLog& log_;
  MemoryAccount* memory_;
  Write write_;
  std::unordered_map<std::string, std::shared_ptr<Drive>> drives_;  // by owner, thread, run
};

}  // namespace lockstep
