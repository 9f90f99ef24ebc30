// SPDX-License-Identifier: Apache-2.0
// openai_codec.h: turns the chunks of a Chat Completions stream into steps.
//
// Pure: the data of one server-sent event goes in, steps come out. A run writes one message, which
// the first content opens: an empty stream leaves no message. Its parts have the order in which
// they first appear. Reasoning, text and calls may alternate; a change of kind begins a new part.
// Open calls grow in parallel.
//
// Servers differ, and the decoder takes all of this:
//   reasoning   `reasoning_content`, `reasoning`, `reasoning_details[]`, or `thinking` in an array
//               of content
//   tool calls  by `index`; a new id at an open index is a new call; without an index, by id;
//               without both, the last call; whole in one chunk; without an id (the decoder makes
//               one); the old `function_call`
//   usage       in the last chunk, in a chunk of its own after it, or in every chunk (the last one
//               counts)
//   errors      `{"error": ...}` in mid-stream, or a finish reason that means one
// A stream that ends without a finish reason is incomplete: the run is `interrupted`, never
// completed.
//
// Steps hold valid UTF-8 for any input (utf8_repair.h), and none ends inside a character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/step.h"
#include "server/inference/redactor.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {

// A message's id within its run: `RUN.a1`. A digest replaces a run id that is too long for that.
[[nodiscard]] MessageId message_id_of(const RunId& run, std::uint32_t number);

// The steps that end a run without a message.
[[nodiscard]] std::vector<Step> failed_run(RunError error);

// The text of a body that is not a stream: its error's message, or else its beginning; without
// secrets.
[[nodiscard]] std::string error_text(std::string_view body, const Redactor& redactor);

class ChatDecoder {
 public:
  // `redactor`: for all texts of the server that are not the model's answer.
  explicit ChatDecoder(RunId run, Redactor redactor = {});
  ~ChatDecoder();
  ChatDecoder(ChatDecoder&&) noexcept;
  ChatDecoder& operator=(ChatDecoder&&) noexcept;

  // One event's data; `[DONE]` ends the run.
  [[nodiscard]] std::vector<Step> take(std::string_view data);

  // A whole body, as `application/json`: an answer without streaming, or an error.
  [[nodiscard]] std::vector<Step> take_whole(std::string_view body);

  // The stream has ended. `trouble` is the reason if it did not end by itself, with `status` failed
  // or interrupted; the decoder ignores both if the finish reason had already come.
  [[nodiscard]] std::vector<Step> end();
  [[nodiscard]] std::vector<Step> end(RunStatus status, RunError trouble);

  // Has the decoder returned the run's end? It returns no steps after it.
  [[nodiscard]] bool ended() const;
  // Has the decoder returned any step? Then the agent must not retry the request.
  [[nodiscard]] bool emitted() const;
  // Has the finish reason come? Then only usage can follow.
  [[nodiscard]] bool finished() const;

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace lockstep
