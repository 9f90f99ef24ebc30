// SPDX-License-Identifier: Apache-2.0
// producer.h: the interface to inference.
//
// Inference takes a context and returns steps (step.h); it never calls the engine. A `Generation`
// is one model at work: destroying it stops the model at once and closes its connections.
//
// Lives on: the engine strand, all of it. Generations call their `StepWriter` there too, never from
// within `start`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/rules/agents.h"
#include "engine/rules/event.h"
#include "engine/rules/state.h"
#include "engine/rules/step.h"

namespace lockstep {

// A message of a path that no assistant's message follows, because a user stopped the answer before
// its first word, or the model said nothing: the last run that was given it wrote no message.
struct Unanswered {
  MessageId message;
  RunStatus status = RunStatus::stopped;  // or completed
  friend bool operator==(const Unanswered&, const Unanswered&) = default;
};

// The content of a blob that a file of the path names.
struct Attachment {
  std::string uri;
  std::string media_type;
  std::shared_ptr<const std::string> bytes;
};

// A model's input: a path in State(context_ts), root first, and the settings of the run. All of it
// is durable, and visible to every front, before a producer sees it.
struct Context {
  ThreadName thread;
  RunId run;
  std::vector<Message> path;
  std::vector<Unanswered> unanswered{};  // in the order of the path
  // The last message of the path, if the run goes on where that answer was cut.
  std::optional<MessageId> continues{};
  std::string settings;  // AgentSettings::bytes
  std::vector<Attachment> attachments{};
};
// The context of a run that has started, from State(context_ts).
[[nodiscard]] Context context_of(const ThreadState& state, const Run& run, std::string settings);

// How and why a request differs from its path, for all messages or calls of one kind.
struct Repair {
  std::string kind{};  // snake case; empty: a run of format 1, which has only the text
  std::uint64_t count = 1;
  std::vector<std::string> ids{};  // of messages, calls or parameters: the first ones
  std::string text{};              // a sentence
  friend bool operator==(const Repair&, const Repair&) = default;
};

// The request as the model gets it, or as it would have got it.
struct Sent {
  std::string body;
  std::vector<Repair> repairs;
  // The settings forbid this request: the run ends with this error, and no byte goes to a server.
  std::optional<RunError> refusal{};
};

class StepWriter {
 public:
  virtual ~StepWriter() = default;
  // The writer sets the steps' `seq`, and takes the steps in any case. False (backpressure): many
  // steps wait to become durable, and the producer should stop reading until `Generation::resume`.
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
  // Do the steps come from another process (kind `push`)? Then nothing is started here.
  [[nodiscard]] virtual bool writes_outside() const { return false; }
  // `sent`: of this context; its repairs are durable. The writer outlives the generation. Every
  // generation ends by writing an EndRun step, also after an error.
  [[nodiscard]] virtual std::unique_ptr<Generation> start(Context context, Sent sent,
                                                          StepWriter& writer) = 0;
};

}  // namespace lockstep
