// SPDX-License-Identifier: Apache-2.0
// answer_decoder.h: the interface of what turns a model server's answer into steps.
//
// Each protocol has a decoder: openai_codec.h has that of Chat Completions. Pure: the data of one
// server-sent event goes in, steps come out. The generation that owns it (model_generation.h) knows
// sockets, time and tries, and no protocol.
//
// Steps hold valid UTF-8 for any input, and none ends inside a character. The same bytes give the
// same content in whatever pieces they come.
#pragma once

#include <string_view>
#include <vector>

#include "engine/rules/step.h"

namespace lockstep {

class AnswerDecoder {
 public:
  virtual ~AnswerDecoder() = default;

  // One event's data.
  [[nodiscard]] virtual std::vector<Step> take(std::string_view data) = 0;

  // The data of an event that its server named an error, in any form: ends the run as failed.
  [[nodiscard]] virtual std::vector<Step> take_error(std::string_view data) = 0;

  // A whole body: an answer without streaming, or an error.
  [[nodiscard]] virtual std::vector<Step> take_whole(std::string_view body) = 0;

  // The stream has ended. `trouble` is the reason if it did not end by itself, with `status` failed
  // or interrupted; the decoder ignores both if the finish reason had already come.
  [[nodiscard]] virtual std::vector<Step> end() = 0;
  [[nodiscard]] virtual std::vector<Step> end(RunStatus status, RunError trouble) = 0;

  // Has the decoder returned the run's end? It returns no steps after it.
  [[nodiscard]] virtual bool ended() const = 0;
  // Has the decoder returned any step? Then the agent must not retry the request.
  [[nodiscard]] virtual bool emitted() const = 0;
  // Has the finish reason come? Then a silence can end the answer.
  [[nodiscard]] virtual bool finished() const = 0;

 protected:
  AnswerDecoder() = default;
  AnswerDecoder(const AnswerDecoder&) = default;
  AnswerDecoder(AnswerDecoder&&) = default;
  AnswerDecoder& operator=(const AnswerDecoder&) = default;
  AnswerDecoder& operator=(AnswerDecoder&&) = default;
};

}  // namespace lockstep
