// SPDX-License-Identifier: Apache-2.0
#include "server/inference/answer_writer.h"

#include <utility>

#include "engine/base/must.h"
#include "engine/rules/opaque_limits.h"
#include "engine/rules/sizes.h"

namespace lockstep {
namespace {

Step step_of(auto what) { return Step{.seq = 0, .what = std::move(what)}; }

}  // namespace

void AnswerWriter::write(Kind kind, std::string_view piece) {
  if (piece.empty()) return;
  if (open_ == kind) return append(parts_ - 1, repair_.feed(piece));
  close_text();
  std::string text = repair_.feed(piece);
  open_ = kind;
  if (kind == Kind::reasoning) {
    start_part(ReasoningPart{std::move(text)});
  } else {
    start_part(TextPart{std::move(text)});
  }
}

std::uint32_t AnswerWriter::start_call(ToolCallPart call) { return start(std::move(call)); }

std::uint32_t AnswerWriter::start(Part part) {
  close_text();
  start_part(std::move(part));
  return parts_ - 1;
}

void AnswerWriter::note(std::optional<std::uint32_t> part, Json value) {
  MUST(parts_ > 0);
  NoteOpaque note{message_, {part, origin_, std::move(value)}};
  // A later note for a part replaces the former, so the sum is an upper bound.
  noted_bytes_ += size_of(note.data);
  if (noted_bytes_ > limits::opaque_bytes_max) return;
  steps_.push_back(step_of(std::move(note)));
}

void AnswerWriter::append(std::uint32_t part, std::string text) {
  if (text.empty()) return;
  steps_.push_back(
      step_of(AppendContent{.message = message_, .part = part, .text = std::move(text)}));
}

void AnswerWriter::close_text() {
  // Bytes that the repair still holds are not a character.
  if (open_) append(parts_ - 1, repair_.finish());
  open_.reset();
}

void AnswerWriter::end(EndRun end, const std::optional<Json>& message_usage) {
  close_text();
  if (has_content() && end.status != RunStatus::interrupted) {
    const MessageStatus status =
        end.status == RunStatus::completed ? MessageStatus::complete : MessageStatus::failed;
    steps_.push_back(step_of(EndMessage{
        .message = message_, .status = status, .usage = message_usage, .finish = end.finish}));
  }
  steps_.push_back(step_of(std::move(end)));
}

std::vector<Step> AnswerWriter::give() { return std::exchange(steps_, {}); }

void AnswerWriter::start_part(Part part) {
  if (parts_ == 0) {
    steps_.push_back(step_of(
        OpenMessage{.message = message_, .parent = {}, .role = Role::assistant, .author = {}}));
  }
  steps_.push_back(
      step_of(StartPart{.message = message_, .part = parts_, .value = std::move(part)}));
  ++parts_;
}

}  // namespace lockstep
