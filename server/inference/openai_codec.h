// SPDX-License-Identifier: Apache-2.0
// openai_codec.h: turns the chunks of a Chat Completions stream into steps.
//
// Pure: the data of one server-sent event goes in, steps come out. A run writes one message
// (answer_writer.h). Its parts have the order in which they first appear: reasoning, text and calls
// may alternate.
//
// Servers differ, and the decoder takes all of this:
//   reasoning   `reasoning_content`, `reasoning`, `reasoning_details[]`, or `thinking` in an array
//               of content
//   tool calls  with or without index, id and name in each piece: chat_calls.h has the rules
//   a last chunk that says all again in `message`: only what no delta has said counts
//   think tags  reasoning in the text, if the agent's settings say so (think_tags.h)
//   images, sound, citations of a search: chat_media.h
//   signatures  `reasoning_details` and `extra_content` are opaque data, which the server gets back
//   usage       in the last chunk, in a chunk of its own after it, or in every chunk (the last one
//               counts)
//   errors      in any form of error_body.h, in mid-stream or in place of it; a finish reason that
//               means one (finish_reason.h)
//
// How it ends: a finish reason, `[DONE]` and the end of a whole JSON body say that the answer is
// complete. A closed connection says nothing: without one of them the run is `interrupted`. Content
// behind the finish reason still counts. A stream of another protocol fails the run by its name.
//
// The run's usage is the server's, with `finish_reason` if that is unusual, and with `model` if
// another model answered than was asked for; members that the server wrote stay.
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
#include "server/inference/think_tags.h"

namespace lockstep {

// The steps that end a run without a message.
[[nodiscard]] std::vector<Step> failed_run(RunError error);

// Is the data of an event the mark of the stream's end, `[DONE]`? Some servers write it as a JSON
// string, or with white space around it.
[[nodiscard]] bool is_end_mark(std::string_view data);

// The error of a refusal with this HTTP status and body: its code, and the provider's own sentence
// or else the body's beginning; without secrets.
[[nodiscard]] RunError refusal_of(unsigned status, std::string_view body, const Redactor& redactor);

class ChatDecoder final : public AnswerDecoder {
 public:
  // `redactor`: for all texts of the server that are not the model's answer. `origin`: of opaque
  // data (opaque_origin.h).
  explicit ChatDecoder(const RunId& run, Redactor redactor = {},
                       ThinkTags think_tags = ThinkTags::off, std::string origin = {});
  ~ChatDecoder() override;
  ChatDecoder(ChatDecoder&&) noexcept;
  ChatDecoder& operator=(ChatDecoder&&) noexcept;

  // `[DONE]` ends the run.
  [[nodiscard]] std::vector<Step> take(std::string_view data) override;
  [[nodiscard]] std::vector<Step> take_error(std::string_view data) override;
  // Chunks as lines of JSON too.
  [[nodiscard]] std::vector<Step> take_whole(std::string_view body) override;
  [[nodiscard]] std::vector<Step> end() override;
  [[nodiscard]] std::vector<Step> end(RunStatus status, RunError trouble) override;
  [[nodiscard]] bool ended() const override;
  [[nodiscard]] bool emitted() const override;
  [[nodiscard]] bool finished() const override;

 private:
  [[nodiscard]] bool take_lines(std::string_view body);

  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace lockstep
