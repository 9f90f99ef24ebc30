// SPDX-License-Identifier: Apache-2.0
// answer_clock.h: the deadlines of an answer that is on its way.
//
// A slow model and a dead server look alike from here: both say nothing. So silence has a limit,
// one until the first token and one behind it, and both are long: many servers send a tool call as
// one chunk, minutes after the last one. Each byte of the stream is a sign of life and starts the
// limit again, also a comment, and a piece of a long chunk.
//
// A server whose model hangs may send comments for ever. So a time without a whole chunk has a
// limit of its own, from the first byte that was no chunk. Behind the finish reason only usage can
// follow: a short silence then ends the wait, and comments do not prolong it.
//
// Lives on: the strand of its executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "server/base/timer.h"

namespace lockstep {

// How far an answer has come.
enum class AnswerStage : std::uint8_t {
  unanswered,  // without its head
  waiting,     // the head is there, and no token
  answering,   // tokens have come
  finished     // the finish reason has come
};

class AnswerClock {
 public:
  struct Deadlines {
    std::chrono::milliseconds first_token;
    std::chrono::milliseconds token;
    std::chrono::milliseconds keepalive;
  };
  // `late` gets the sentence for the run's error. It may destroy the clock.
  AnswerClock(const boost::asio::any_io_executor& executor, const Deadlines& deadlines,
              std::function<void(std::string)> late);
  AnswerClock(const AnswerClock&) = delete;
  AnswerClock& operator=(const AnswerClock&) = delete;
  ~AnswerClock() = default;

  // Silence counts from now on.
  void wait(AnswerStage stage);
  // A whole chunk has come; or bytes that are not one: a comment, or a piece of a chunk.
  void chunk(AnswerStage stage);
  void sign_of_life(AnswerStage stage);
  // Nothing is expected now.
  void rest();

 private:
  void too_late(const std::string& sentence);
  void silent(AnswerStage stage);

  Deadlines deadlines_;
  std::function<void(std::string)> late_;
  Timer silence_;
  Timer keepalive_;
  bool without_chunk_ = false;  // does `keepalive_` run?
};

}  // namespace lockstep
