// SPDX-License-Identifier: Apache-2.0
// openai_codec.h: the chunks of a Chat Completions stream to steps.
//
// Pure: the data of one server-sent event goes in, steps come out. A run writes one message, opened
// by the first content: a stream that says nothing leaves none. Its parts stand in the order in
// which they first appear; reasoning, text and calls may alternate, and what comes after another
// kind is a part of its own. Calls that are open grow side by side.
//
// Servers differ, and all of this is taken:
//   reasoning   `reasoning_content`, `reasoning`, `reasoning_details[]`, `thinking` in content
//   arrays tool calls  by `index`; a new id at an open index is a new call; without an index, by
//   id, else the
//               last one; whole in one chunk; without an id (one is made); the old `function_call`
//   usage       with the last chunk, in one of its own behind it, or on every chunk: the last
//   counts errors      `{"error": ...}` in mid-stream, or a finish reason that says so
// A stream that ends without a finish reason was cut: the run is `interrupted`, never completed.
//
// Text is valid UTF-8 whatever came (utf8_repair.h), and no step ends inside a character.
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

// A message's id within its run: `RUN.a1`. Too long a run id is shortened to its digest.
[[nodiscard]] MessageId message_id_of(const RunId& run, std::uint32_t number);

// The steps that end a run that wrote nothing.
[[nodiscard]] std::vector<Step> failed_run(RunError error);

// What a model server said in a body that is no stream: its error's message, else the body's
// beginning; without secrets.
[[nodiscard]] std::string error_text(std::string_view body, const Redactor& redactor);

class ChatDecoder {
 public:
  // `redactor`: for all that is said beside the answer.
  explicit ChatDecoder(RunId run, Redactor redactor = {});
  ~ChatDecoder();
  ChatDecoder(ChatDecoder&&) noexcept;
  ChatDecoder& operator=(ChatDecoder&&) noexcept;

  // One event's data; `[DONE]` ends the run.
  [[nodiscard]] std::vector<Step> take(std::string_view data);

  // A body that came whole, as `application/json`: an answer that was not streamed, or an error.
  [[nodiscard]] std::vector<Step> take_whole(std::string_view body);

  // The stream is over. `trouble` says what ended it if it did not end by itself; it is forgiven if
  // the finish reason had already come. `status` is then failed or interrupted.
  [[nodiscard]] std::vector<Step> end();
  [[nodiscard]] std::vector<Step> end(RunStatus status, RunError trouble);

  // Was the run's end given? After it nothing comes.
  [[nodiscard]] bool ended() const;
  // Was anything given? Then the request can't be tried again.
  [[nodiscard]] bool emitted() const;
  // Did the finish reason come? Then only usage can follow.
  [[nodiscard]] bool finished() const;

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace lockstep
