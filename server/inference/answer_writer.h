// SPDX-License-Identifier: Apache-2.0
// answer_writer.h: writes one message of a run as steps.
//
// It knows messages and parts, and no provider: a decoder hands it text, reasoning and calls. The
// first content opens the message, so an answer without content leaves no message. A change of kind
// begins a new part; calls grow in parallel, next to what follows them.
//
// Text and reasoning may come cut within a character (utf8_repair.h). What is given to `start_call`
// and `append` is valid UTF-8 already.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/step.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {

class AnswerWriter {
 public:
  enum class Kind { reasoning, text };

  // `origin`: of opaque data (opaque_origin.h).
  explicit AnswerWriter(MessageId message, std::string origin = {})
      : message_(std::move(message)), origin_(std::move(origin)) {}

  void write(Kind kind, std::string_view piece);

  // Begins the part of a call; returns its number, for `append`.
  [[nodiscard]] std::uint32_t start_call(ToolCallPart call);
  // Begins a part that does not grow, or that has no text yet; returns its number.
  std::uint32_t start(Part part);
  void append(std::uint32_t part, std::string text);
  // Notes opaque data of a part that was begun, or of the message. Bounded by
  // `limits::opaque_bytes_max` for all data of the message: what is more is dropped.
  // Requires: there is a part; `value` is JSON.
  void note(std::optional<std::uint32_t> part, Json value);
  // Ends the open part of text or reasoning: text that follows a call is a part of its own.
  void close_text();

  // Ends the message, unless the run's end does so (`interrupted`), and the run.
  void end(EndRun end, const std::optional<Json>& message_usage);

  // The steps since the last call.
  [[nodiscard]] std::vector<Step> give();

  // Has the message text or reasoning, or any part?
  [[nodiscard]] bool has_content() const { return parts_ > 0; }
  [[nodiscard]] std::uint32_t parts() const { return parts_; }

 private:
  void start_part(Part part);

  MessageId message_;
  std::string origin_;
  std::size_t noted_bytes_ = 0;
  std::vector<Step> steps_;
  std::optional<Kind> open_;  // the part of text that grows
  std::uint32_t parts_ = 0;
  Utf8Repair repair_;  // of the open part
};

}  // namespace lockstep
