// SPDX-License-Identifier: Apache-2.0
// written.h: reads a run's steps for a test.
//
// It is stricter than the engine: a part has the next index, an append goes to a part that can
// grow, every text is valid UTF-8, opaque data is of a part that is there, and no step follows the
// run's end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/rules/event.h"
#include "engine/rules/step.h"

namespace lockstep {

struct WrittenMessage {
  MessageId id;
  std::optional<std::string> author;
  std::vector<Part> parts;
  std::optional<MessageStatus> ended;
  std::optional<Json> usage;
  Finish finish{};
  Opaque opaque{};
};

class Written {
 public:
  // Adds a failure to the running test if a step could not be.
  void take(const std::vector<Step>& steps);

  [[nodiscard]] std::string text(std::size_t message = 0) const;       // all text parts
  [[nodiscard]] std::string reasoning(std::size_t message = 0) const;  // all reasoning parts
  [[nodiscard]] std::vector<ToolCallPart> calls() const;
  // The parts of the only message as words: "reasoning text call file data".
  [[nodiscard]] std::string shape() const;
  // The opaque data of a part of the only message; empty if it has none.
  [[nodiscard]] std::string opaque(std::uint32_t part) const;

  std::vector<WrittenMessage> messages;
  std::optional<EndRun> end;

 private:
  void take_one(const Step& step);
  WrittenMessage* find(const MessageId& id);
};

}  // namespace lockstep
