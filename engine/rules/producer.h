// SPDX-License-Identifier: Apache-2.0
// producer.h: the interface to inference.
//
// Inference takes a context and gives back steps in storage's terms; it never calls storage. A
// `Generation` is one model at work: destroying it stops it at once and closes what it holds open.
//
// Lives on: the engine strand, all of it. Calls into `StepWriter` come from there too, never from
// within `start`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/rules/agents.h"
#include "engine/rules/event.h"
#include "engine/rules/step.h"

namespace lockstep {

// What a model is given: a path in State(context_ts), root first, and the settings of the run. All
// of it is durable, and open to every front, before a producer gets to see it.
struct Context {
  ThreadName thread;
  RunId run;
  std::vector<Message> path;
  std::string settings;  // AgentSettings::bytes
};

// The request as it goes to the model, and what in it differs from the path, and why.
struct Sent {
  std::string body;
  std::vector<std::string> repairs;
};

class StepWriter {
 public:
  virtual ~StepWriter() = default;
  // The steps' `seq` is set by the writer. False: so much is waiting to become durable that the
  // producer should stop reading until `Generation::resume`. What was handed over is taken in any
  // case.
  virtual bool write(std::vector<Step> steps) = 0;
};

class Generation {
 public:
  virtual ~Generation() = default;
  virtual void resume() = 0;
};

class Agent {
 public:
  virtual ~Agent() = default;
  [[nodiscard]] virtual AgentSettings settings(const std::optional<Json>& params) const = 0;
  // Pure: the same context gives the same bytes at any later time.
  [[nodiscard]] virtual Sent sent(const Context& context) const = 0;
  // Null for an agent whose steps come from outside (kind `push`). The writer outlives the
  // generation. A generation ends by writing an EndRun step, whatever happens to it.
  [[nodiscard]] virtual std::unique_ptr<Generation> start(Context context, StepWriter& writer) = 0;
};

}  // namespace lockstep
