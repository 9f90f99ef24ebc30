// SPDX-License-Identifier: Apache-2.0
// finish_reason.h: what the reason means with which a model server ends an answer.
//
// Chat Completions names five reasons; servers behind it pass on those of their own model or
// provider. Each known one has a row in the table of finish_reason.cc. An unknown one counts as an
// ordinary end, because the server says that the answer has ended, and shows in the run's usage.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/codes.h"

namespace lockstep {

struct FinishMeaning {
  bool cut_by_length = false;   // the answer is not whole, without a fault
  std::optional<Code> failure;  // of the run; nothing: it has completed
};

[[nodiscard]] FinishMeaning meaning_of(std::string_view reason);

// The reason, or an empty text if it is a word for none.
[[nodiscard]] std::string finish_reason_of(std::string_view text);

}  // namespace lockstep
