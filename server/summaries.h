// SPDX-License-Identifier: Apache-2.0
// summaries.h: starts a run that summarises its thread, when a run has filled its context.
//
// An agent with `when_too_long = "summarise"` needs a summary before a request is too long for it.
// So when a run has completed and its request and answer took most of the context, the server
// starts a run that summarises the path (server/inference/summary.h). It does so like a front that
// reads the thread: only if the run's answer is still the head, nothing else is open, and no tool
// call waits for its result. Its id is the run's, with `.summary`: so it starts once, whatever
// happens in between.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <functional>

#include "engine/base/executor.h"
#include "engine/live/engine.h"
#include "server/base/log_line.h"

namespace lockstep {

class Summaries {
 public:
  // Does a run of this agent, with this usage and a request of so many bytes, leave too little
  // room?
  using Due = std::function<bool(const Run& run, std::size_t request_bytes)>;

  Summaries(Due due, Executor& executor, LineLog& log)
      : due_(std::move(due)), executor_(executor), log_(log) {}
  Summaries(const Summaries&) = delete;
  Summaries& operator=(const Summaries&) = delete;

  // It outlives this. Before it nothing is started.
  void connect(Engine& engine) { engine_ = &engine; }
  void disconnect() { engine_ = nullptr; }

  // A run of a model of this process has ended.
  void ended(const ThreadName& thread, const Run& run, std::size_t request_bytes);

 private:
  void start(const ThreadName& thread, const RunId& run, const AgentName& agent);

  Due due_;
  Executor& executor_;
  LineLog& log_;
  Engine* engine_ = nullptr;
  Alive alive_;
};

}  // namespace lockstep
