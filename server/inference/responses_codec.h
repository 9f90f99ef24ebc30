// SPDX-License-Identifier: Apache-2.0
// responses_codec.h: turns the events of an OpenAI Responses stream into steps.
//
// Pure: the data of one server-sent event goes in, steps come out. A run writes one message
// (answer_writer.h), whose parts are the items of the answer (responses_items.h). The events are
// those of the API's reference; an unknown event is passed over, an unknown item is shown as data.
//
// How it ends: `response.completed`, `response.incomplete` and `response.failed` end the run, and
// so do `[DONE]` and the end of a whole JSON body. A closed connection says nothing: the run is
// `interrupted`. The finish reason is `stop` or `tool_calls` for a complete answer, else the reason
// of `incomplete_details` (`length` for `max_output_tokens`). A stream of another protocol fails
// the run by its name.
//
// The run's usage is the server's, number for number. Steps hold valid UTF-8 for any input.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/step.h"
#include "server/inference/answer_decoder.h"
#include "server/inference/redactor.h"

namespace lockstep {

class ResponsesDecoder final : public AnswerDecoder {
 public:
  // `origin`: of the opaque data (opaque_origin.h). `redactor`: for all texts of the server that
  // are not the model's answer.
  explicit ResponsesDecoder(const RunId& run, Redactor redactor = {}, std::string origin = {});
  ~ResponsesDecoder() override;
  ResponsesDecoder(ResponsesDecoder&&) noexcept;
  ResponsesDecoder& operator=(ResponsesDecoder&&) noexcept;

  // `[DONE]` ends the run.
  [[nodiscard]] std::vector<Step> take(std::string_view data) override;
  [[nodiscard]] std::vector<Step> take_error(std::string_view data) override;
  [[nodiscard]] std::vector<Step> take_whole(std::string_view body) override;
  [[nodiscard]] std::vector<Step> end() override;
  [[nodiscard]] std::vector<Step> end(RunStatus status, RunError trouble) override;
  [[nodiscard]] bool ended() const override;
  [[nodiscard]] bool emitted() const override;
  // Never before the run's end: one event has the finish reason and all that may follow it.
  [[nodiscard]] bool finished() const override { return false; }

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace lockstep
