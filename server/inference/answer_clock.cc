// SPDX-License-Identifier: Apache-2.0
#include "server/inference/answer_clock.h"

#include <algorithm>
#include <utility>

#include "server/inference/deadline_text.h"
#include "server/inference/limits.h"

namespace lockstep {

AnswerClock::AnswerClock(const boost::asio::any_io_executor& executor, const Deadlines& deadlines,
                         std::function<void(std::string)> late)
    : deadlines_(deadlines), late_(std::move(late)), silence_(executor), keepalive_(executor) {}

void AnswerClock::wait(AnswerStage stage) {
  const bool begun = stage == AnswerStage::answering || stage == AnswerStage::finished;
  std::chrono::milliseconds limit = begun ? deadlines_.token : deadlines_.first_token;
  if (stage == AnswerStage::finished) limit = std::min(limit, limits::usage_wait_max);
  silence_.after(limit, [this, stage] { silent(stage); });
}

void AnswerClock::chunk(AnswerStage stage) {
  without_chunk_ = false;
  keepalive_.cancel();
  wait(stage);
}

void AnswerClock::sign_of_life(AnswerStage stage) {
  if (stage == AnswerStage::finished) return;
  if (!std::exchange(without_chunk_, true)) {
    keepalive_.after(deadlines_.keepalive, [this] {
      too_late("The model server sent signs of life, but no chunk of its answer " +
               within(deadlines_.keepalive, "keepalive_timeout_seconds") + ".");
    });
  }
  wait(stage);
}

void AnswerClock::rest() {
  silence_.cancel();
  keepalive_.cancel();
  without_chunk_ = false;
}

void AnswerClock::silent(AnswerStage stage) {
  std::string sentence = "The model server did not ";
  if (stage == AnswerStage::answering || stage == AnswerStage::finished) {
    sentence += "send its next token " + within(deadlines_.token, "token_timeout_seconds");
  } else {
    sentence += stage == AnswerStage::unanswered ? "begin to answer " : "send its first token ";
    sentence += within(deadlines_.first_token, "first_token_timeout_seconds");
  }
  too_late(sentence + ".");
}

void AnswerClock::too_late(const std::string& sentence) {
  rest();
  const auto late = late_;  // a copy: the call may destroy this object
  late(sentence);
}

}  // namespace lockstep
