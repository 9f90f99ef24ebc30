// SPDX-License-Identifier: Apache-2.0
// run_driver.h: connects runs with agents: a started run to a model, its steps to the engine.
//
// When the start of a run is durable, the driver asks its agent for the request. It notes how that
// differs from the path (`NoteRepairs`), and when the note is durable, the agent gets the context,
// the request and a writer. The driver numbers the steps that the generation writes, and sends them
// to the engine one batch at a time: steps that come meanwhile go together in the next batch. If
// too many wait, it asks the generation to pause (backpressure). When the run has ended (by its own
// last step, by a stop, or because it was superseded), the driver destroys the generation at once,
// which closes its connection to the model. A run keeps the agent that it began with, even if the
// configuration changes. The driver logs a line for each failed or interrupted run, also for one
// that a writer outside the server wrote.
//
//   RunHost::started ──> Agent::sent ──NoteRepairs──> waiting ──batch──> Engine::write
//                                                      ^   ^                │     │
//                        Agent::start ──steps──────────┘   └───── ack ──────┘     └─ refused:
//                             ^                                    │                 the end
//                             └──────────── of NoteRepairs ────────┘
//
// If the agent fails before the run has shown anything, and has a fallback, the driver asks the
// engine for another attempt, with that agent (attempt.h). The engine then starts the run again,
// and only if it refuses, the run ends as the first agent ended it.
//
// If the path names uploaded files, the request is composed next to the strand
// (request_composer.h). The run can be stopped meanwhile.
//
// A file that the model made becomes a blob before the step that holds it goes to the engine
// (blob_door.h). If there is no room for it, the run ends with that error.
//
// If the agent has no free slot (run_slots.h), the driver keeps the context until it has one: the
// run goes on for its thread, and can be stopped.
//
// If the engine refuses a batch as `overloaded`, the driver retries it a little later.
//
// Lives on: the engine strand. It must outlive the engine, whose host it is; `stop` destroys the
// generations.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "engine/base/memory.h"
#include "engine/live/engine.h"
#include "engine/live/request_composer.h"
#include "engine/rules/producer.h"
#include "server/base/log_line.h"
#include "server/front/blob_door.h"
#include "server/run_slots.h"

namespace lockstep {

class RunDriver : public RunHost {
 public:
  // Null if there is no such agent.
  using FindAgent = std::function<std::shared_ptr<Agent>(const AgentName& agent)>;
  // Which agent takes a run over that has shown nothing when this one failed.
  using FallbackOf = std::function<std::optional<AgentName>(const AgentName& agent)>;

  // `memory`: null means that memory is not counted. `limit`: of an agent's runs at once.
  RunDriver(FindAgent find, Executor& executor, LineLog& log, MemoryAccount* memory = nullptr,
            RunSlots::LimitOf limit = nullptr, FallbackOf fallback = nullptr);
  ~RunDriver() override;
  RunDriver(const RunDriver&) = delete;
  RunDriver& operator=(const RunDriver&) = delete;

  // As `Engine::write`.
  using Write = std::function<void(std::optional<UserId> user, ThreadName thread, StepBatch batch,
                                   Done<std::expected<StepAck, StepRefusal>> done)>;

  // As `Engine::start_attempt`.
  using Raise = std::function<void(ThreadName thread, AttemptRequest request,
                                   Done<std::expected<StepAck, StepRefusal>> done)>;

  // Where steps go. Requires: called right after the engine was opened with this as its host.
  // Without `raise` no other agent takes a run over.
  void connect(Write write, Raise raise = nullptr) {
    write_ = std::move(write);
    raise_ = std::move(raise);
  }
  void connect(Engine& engine);
  // Reads the files of paths and composes the requests with them. Without it, a line of text names
  // each file. It outlives the driver's generations.
  void compose_with(RequestComposer& composer) { composer_ = &composer; }
  // Keeps the files that models make. Without it, they stay in the messages. What it names outlives
  // the driver's generations.
  void keep_files_in(BlobDoor door) {
    if (!door.keeper) door.keeper = door_.keeper;  // of the engine that is connected already
    door_ = door;
  }
  // Destroys every generation. The driver does not call the engine after it.
  void stop();
  [[nodiscard]] std::size_t running() const { return drives_.size(); }
  // The limits of agents may have changed: runs that wait may begin.
  void limits_changed() { let_begin(); }
  // Has the run started, and waits for a slot?
  [[nodiscard]] bool waits_for_slot(const ThreadName& thread, const RunId& run) const;
  [[nodiscard]] AgentLoad load(const AgentName& agent) const { return slots_.load(agent); }

  // Runs that a writer outside the server writes go on to this host, and the end of each run.
  // Requires: it outlives the engine.
  void hand_outside_runs_to(RunHost& host) { outside_ = &host; }

  void started(const AgentName& agent, Context context, std::uint32_t attempt) override;
  void ended(const ThreadName& thread, const Run& run) override;
  void outlived(const ThreadName& thread, const RunId& run, Outlived was) override;

 private:
  class Drive;

  // The run is over, or writes nothing any more: another one may have its slot.
  void leave(const std::string& key);
  void let_begin();

  FindAgent find_;
  FallbackOf fallback_;
  Executor& executor_;
  LineLog& log_;
  MemoryAccount* memory_;
  Write write_;
  Raise raise_;
  RequestComposer* composer_ = nullptr;
  BlobDoor door_;
  RunHost* outside_ = nullptr;
  RunSlots slots_;
  std::unordered_map<std::string, std::shared_ptr<Drive>> drives_;  // by owner, thread, run
};

}  // namespace lockstep
