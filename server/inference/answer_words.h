// SPDX-License-Identifier: Apache-2.0
// answer_words.h: what a model server says about its answer, fit for the log.
//
// Usage, finish reasons and names of models are the server's texts, and may quote a key or have any
// length. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/rules/event.h"
#include "server/inference/redactor.h"

namespace lockstep {

// A word for a field of the run, at most `limits::finish_bytes_max` bytes; nullopt: there is none.
[[nodiscard]] std::optional<std::string> word_of(std::string_view text, const Redactor& redactor);

// The usage without secrets. Nothing if it is too long, or is no JSON without them: a number may
// have become `[secret]`, or two names equal.
[[nodiscard]] std::optional<Json> clean_usage(std::optional<Json> usage, const Redactor& redactor);

// How the server ended the answer: any limit of length is `length`.
[[nodiscard]] Finish finish_of(std::string_view finish_reason, std::string_view model,
                               const Redactor& redactor);

// What an answer has so far.
struct AnswerSize {
  std::size_t bytes = 0;       // without files
  std::size_t file_bytes = 0;  // of images and sound, as they came
  std::size_t parts = 0;
  bool has_long_name = false;  // a call's id or name is above its limit
};
// The error of an answer that exceeds a limit; its code is empty if it does not.
[[nodiscard]] RunError crossed_limit(const AnswerSize& size);

}  // namespace lockstep
