// SPDX-License-Identifier: Apache-2.0
// answer_words.h: what a model server says about its answer, fit for the log.
//
// Usage, finish reasons and names of models are the server's texts, and may quote a key or have any
// length. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "server/inference/redactor.h"

namespace lockstep {

// A word for a field of the run, at most `limits::finish_bytes_max` bytes; nullopt: there is none.
[[nodiscard]] std::optional<std::string> word_of(std::string_view text, const Redactor& redactor);

// The usage without secrets. Nothing if it is too long, or is no JSON without them: a number may
// have become `[secret]`, or two names equal.
[[nodiscard]] std::optional<Json> clean_usage(std::optional<Json> usage, const Redactor& redactor);

}  // namespace lockstep
