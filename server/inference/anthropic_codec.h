// SPDX-License-Identifier: Apache-2.0
// anthropic_codec.h: turns the events of an Anthropic Messages stream into steps.
//
// Pure: the data of one server-sent event goes in, steps come out. A run writes one message
// (answer_writer.h), and each block of the answer becomes a part, in the blocks' order:
//
//   text               text. Its citations follow as a data part `citations`
//   thinking           reasoning; its signature is opaque data of the part
//   redacted_thinking  an empty reasoning part; the block is its opaque data
//   tool_use           a call (chat_calls.h); who called it, if not the model, is opaque data
//   all others         a data part `anthropic.TYPE` when the block is whole: what server tools were
//                      asked and found, compactions, and kinds that are not known yet. Members
//                      that only the provider can read are not in it; the whole block is its
//                      opaque data
//
// Opaque data goes back to where it came from (anthropic_messages.h). The container in which the
// provider ran code is opaque data of the message.
//
// How it ends: `message_stop`, and the end of a whole JSON body, say that the answer is complete; a
// closed connection says nothing, unless the stop reason came before it. The reasons `end_turn` and
// `tool_use` are called `stop` and `tool_calls`, as by all agents; finish_reason.h has the others.
// Usage is that of `message_start`, with the members of `message_delta` in place of the same ones.
//
// Steps hold valid UTF-8 for any input (utf8_repair.h), and none ends inside a character.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/step.h"
#include "server/inference/answer_decoder.h"
#include "server/inference/redactor.h"

namespace lockstep {

class AnthropicDecoder final : public AnswerDecoder {
 public:
  // `origin`: of opaque data (opaque_origin.h). `redactor`: for all texts of the server that are
  // not the model's answer.
  explicit AnthropicDecoder(const RunId& run, std::string origin, Redactor redactor = {});
  ~AnthropicDecoder() override;
  AnthropicDecoder(AnthropicDecoder&&) noexcept;
  AnthropicDecoder& operator=(AnthropicDecoder&&) noexcept;

  [[nodiscard]] std::vector<Step> take(std::string_view data) override;
  [[nodiscard]] std::vector<Step> take_error(std::string_view data) override;
  // One message, or an error.
  [[nodiscard]] std::vector<Step> take_whole(std::string_view body) override;
  [[nodiscard]] std::vector<Step> end() override;
  [[nodiscard]] std::vector<Step> end(RunStatus status, RunError trouble) override;
  [[nodiscard]] bool ended() const override;
  [[nodiscard]] bool emitted() const override;
  [[nodiscard]] bool finished() const override;

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace lockstep
